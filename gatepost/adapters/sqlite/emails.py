"""Emails and threads: JMAP's half of the model, over the same rows as `entries`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

import apsw
import msgspec

from gatepost.adapters.sqlite import searchindex, threadkeys, unparsed
from gatepost.adapters.sqlite.blobs import release
from gatepost.adapters.sqlite.indexrows import decode_index
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.errors import NoSuchEmail, NoSuchMailbox, OverQuota
from gatepost.model.flags import NO_FLAGS, Flags, add_flags
from gatepost.model.mail import (
    BlobId,
    Email,
    EmailId,
    EmailUpdate,
    MailboxId,
    Outline,
    PlacedEmail,
    Placement,
    ThreadId,
)

_OUTLINE = "m.id, m.thread, m.blob, m.size, m.header_size, m.received"
_json = msgspec.json.Encoder().encode


def emails(db: apsw.Connection, ids: Sequence[EmailId]) -> list[Email]:
    """In the order asked for; unknown ones are left out."""
    rows = fetch_all(
        db,
        f"SELECT {_OUTLINE}, i.data FROM json_each(?) w CROSS JOIN email m ON m.id = w.value"  # noqa: S608 - a constant
        " LEFT JOIN message_index i ON i.email = m.id",
        (_json(ids).decode(),),
    )
    unparsed.refuse(db, rows, at=0)
    found: dict[EmailId, Email] = {}
    for number, thread, blob, size, header, received, data in rows:
        if data is not None:
            found[number] = Email(number, thread, blob, size, header, received, decode_index(data))
    return [found[number] for number in ids if number in found]


def outlines(db: apsw.Connection, ids: Sequence[EmailId]) -> list[Outline]:
    """In the order asked for; unknown ones are left out."""
    rows = fetch_all(
        db,
        f"SELECT {_OUTLINE} FROM json_each(?) w CROSS JOIN email m ON m.id = w.value",  # noqa: S608 - a constant
        (_json(ids).decode(),),
    )
    unparsed.refuse(db, rows, at=0)
    found = {row[0]: Outline(*row) for row in rows}
    return [found[number] for number in ids if number in found]


def placed(db: apsw.Connection, ids: Sequence[EmailId]) -> list[PlacedEmail]:
    """With their places, by mailbox and UID."""
    found = emails(db, ids)
    wanted = _json([email.id for email in found]).decode()
    modseqs = dict(
        fetch_all(db, "SELECT m.id, m.modseq FROM json_each(?) w CROSS JOIN email m ON m.id = w.value", (wanted,))
    )
    places: dict[int, list[Placement]] = {}
    for email, mailbox, uid, flags, modseq in fetch_all(
        db,
        "SELECT n.email, n.mailbox, n.uid, n.flags, n.modseq FROM json_each(?) w CROSS JOIN entry n ON n.email = w.value"
        " ORDER BY n.mailbox, n.uid",
        (_json(list(modseqs)).decode(),),
    ):
        places.setdefault(email, []).append(Placement(mailbox, uid, flags))
        modseqs[email] = max(modseqs[email], modseq)
    return [PlacedEmail(email, tuple(places[email.id]), modseqs[email.id]) for email in found]


def _places(db: apsw.Connection, email: EmailId) -> list[tuple[MailboxId, int, Flags, int]]:
    """(mailbox, uid, flags, size) of an email's entries."""
    rows = fetch_all(
        db,
        "SELECT n.mailbox, n.uid, n.flags, m.size FROM entry n JOIN email m ON m.id = n.email WHERE n.email = ?"
        " ORDER BY n.mailbox, n.uid",
        (email,),
    )
    return [(MailboxId(mailbox), uid, Flags(flags), size) for mailbox, uid, flags, size in rows]


def update(change: Change, wanted: EmailUpdate) -> None:
    """New places, new flags, or both. Raises NoSuchEmail, NoSuchMailbox (also for no place at all), OverQuota, and has
    changed nothing then."""
    places = _places(change.db, wanted.email)
    if not places:
        raise NoSuchEmail(str(wanted.email))
    size = places[0][3]
    here = {mailbox for mailbox, _, _, _ in places}
    there = here if wanted.mailboxes is None else wanted.mailboxes
    leaving = [place for place in places if place[0] not in there]
    _check_update(change, there, (len(there - here) - len(leaving)) * size)
    modseq = change.next_modseq()
    for mailbox in sorted(there - here):
        change.place(mailbox, wanted.email, size, _flags_there(places, wanted.flags), modseq)
    for mailbox, uid, old, _ in places:
        if mailbox not in there:
            change.displace(mailbox, uid, size, old, modseq)
        elif wanted.flags is not None and wanted.flags != old:
            change.reflag(mailbox, uid, old, wanted.flags, modseq)
    change.touch_email(wanted.email, modseq)


def _check_update(change: Change, there: Set[MailboxId], growth: int) -> None:
    if not there:
        raise NoSuchMailbox("an email lies in one mailbox at least")
    for mailbox in there:
        change.tally(mailbox)
    if change.quota and growth > 0 and change.used + growth > change.quota:
        raise OverQuota("the mailbox is full")


def _flags_there(places: list[tuple[MailboxId, int, Flags, int]], flags: Flags | None) -> Flags:
    """What a new place gets: all that the email has anywhere, for to JMAP it has one set (RFC 8621 §4.1.1)."""
    if flags is not None:
        return flags
    union = NO_FLAGS
    for _, _, here, _ in places:
        union = add_flags(union, here)
    return union


def destroy(change: Change, ids: Sequence[EmailId]) -> list[EmailId]:
    """Removes emails from every mailbox; returns those that existed."""
    gone = []
    for email in dict.fromkeys(ids):
        places = _places(change.db, email)
        if not places:
            continue
        for mailbox, uid, flags, size in places:
            change.displace(mailbox, uid, size, flags, change.next_modseq())
        gone.append(email)
    destroy_unplaced(change, gone)
    return gone


def destroy_unplaced(change: Change, ids: Iterable[EmailId]) -> None:
    """Lets those of `ids` go that lie in no mailbox any more."""
    db = change.db
    gone: list[EmailId] = []
    for email in dict.fromkeys(ids):
        if fetch_first(db, "SELECT 1 FROM entry WHERE email = ?", (email,)):
            continue
        row = fetch_first(db, "DELETE FROM email WHERE id = ? RETURNING thread, blob, created", (email,))
        if row is None:
            continue
        thread, blob, created = row
        release(change, BlobId(blob))
        change.email_gone(email, created, change.next_modseq())
        if unparsed.forget(db, email):
            continue
        db.execute("DELETE FROM message_index WHERE email = ?", (email,))
        threadkeys.forget(db, email)
        gone.append(email)
        change.thread_left(ThreadId(thread))
    searchindex.forget(db, gone)


def threads(db: apsw.Connection, ids: Sequence[ThreadId]) -> dict[ThreadId, tuple[EmailId, ...]]:
    """The emails of each thread by received date (RFC 8621 §3); unknown threads are left out."""
    unparsed.require(db)
    found = {}
    for thread in ids:
        rows = fetch_all(db, "SELECT id FROM email WHERE thread = ? ORDER BY received, id", (thread,))
        if rows:
            found[thread] = tuple(EmailId(row[0]) for row in rows)
    return found
