"""What lies in a mailbox: listing, flags, copying, moving, expunging. IMAP's half of the model."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

import apsw

from gatepost.adapters.sqlite.blocks import CHANGED, ENTRIES, MARKED, SIZE, UNSEEN
from gatepost.adapters.sqlite.emails import destroy_unplaced
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first, fetch_one
from gatepost.adapters.sqlite.unit import Change
from gatepost.adapters.sqlite.writer import Elsewhere
from gatepost.model.errors import NoSuchMailbox
from gatepost.model.flags import Flags
from gatepost.model.mail import Copied, EmailId, Entry, MailboxDelta, MailboxId
from gatepost.model.rights import ALL_RIGHTS, Rights, permitted_flags
from gatepost.model.uidset import ALL_UIDS, NO_UIDS, UidSet

_ENTRY = "SELECT uid, email, flags, modseq, saved FROM entry"
# asked for together, the two would be looked for in all of the mailbox
_ENDS = "SELECT (SELECT min(uid) FROM entry WHERE mailbox = ?1), (SELECT max(uid) FROM entry WHERE mailbox = ?1)"
_SINCE = f"SELECT n.uid, n.email, n.flags, n.modseq, n.saved FROM {ENTRIES} WHERE k.mailbox = ?2 AND {CHANGED}"  # noqa: S608
_GONE = "SELECT uid FROM gone_entry WHERE mailbox = ?2 AND modseq > ?1"
_CHANGED = 2000
"""Entries changed since a modseq that are looked at one by one, before a range of UIDs is gone through instead."""
GLANCED = 50
"""Entries that are read on the event loop."""
_SIZED = (
    "SELECT n.uid, n.email, n.flags, m.size FROM entry n JOIN email m ON m.id = n.email"
    " WHERE n.mailbox = ?1 AND n.uid BETWEEN ?2 AND ?3 ORDER BY n.uid"
)
_MARKED = (
    f"SELECT n.uid, n.email, n.flags, m.size FROM {ENTRIES} CROSS JOIN email m ON m.id = n.email WHERE k.mailbox = ?1"  # noqa: S608
    f" AND k.first BETWEEN ?2 & -{SIZE} AND ?3 AND n.uid BETWEEN ?2 AND ?3 AND {MARKED} ORDER BY k.first, n.uid"
)
_FIRST_UNSEEN = f"SELECT n.uid FROM {ENTRIES} WHERE k.mailbox = ? AND {UNSEEN} ORDER BY k.first, n.uid LIMIT 1"  # noqa: S608


def uids(db: apsw.Connection, mailbox: MailboxId) -> array[int]:
    """All UIDs, ascending. Raises NoSuchMailbox."""
    highest_modseq(db, mailbox)
    rows = db.execute("SELECT uid FROM entry WHERE mailbox = ? ORDER BY uid", (mailbox,))
    return array("I", [row[0] for row in rows])


def entries(db: apsw.Connection, mailbox: MailboxId, wanted: UidSet, since: int) -> list[Entry]:
    """Those of `wanted` that changed after `since`, ascending. Raises NoSuchMailbox."""
    if since and len(wanted) > GLANCED:  # by the blocks that changed, if that gives few rows
        changed = fetch_all(db, f"{_SINCE} LIMIT ?3", (since, mailbox, _CHANGED))
        if len(changed) < _CHANGED:
            return [Entry(*row) for row in sorted(changed) if row[0] in wanted] or _none(db, mailbox)
    found: list[Entry] = []
    for low, high in wanted.ranges if len(wanted) <= GLANCED else ranges(db, mailbox, wanted):
        rows = db.execute(
            f"{_ENTRY} WHERE mailbox = ? AND uid BETWEEN ? AND ? AND modseq > ? ORDER BY uid",
            (mailbox, low, high, since),
        )
        found.extend([Entry(*row) for row in rows])
    return found or _none(db, mailbox)


def _none(db: apsw.Connection, mailbox: MailboxId) -> list[Entry]:
    """Nothing, of a mailbox that there is. Raises NoSuchMailbox."""
    highest_modseq(db, mailbox)
    return []


def ranges(db: apsw.Connection, mailbox: MailboxId, wanted: UidSet) -> Iterator[tuple[int, int]]:
    """The ranges of `wanted` that can hold entries: `1:*` and long lists of nothing cost nothing."""
    low, high = fetch_one(db, _ENDS, (mailbox,))
    if low is None:
        return
    for first, last in wanted.ranges:
        if last >= low and first <= high:
            yield max(first, low), min(last, high)


def highest_modseq(db: apsw.Connection, mailbox: MailboxId) -> int:
    """RFC 7162 HIGHESTMODSEQ. Raises NoSuchMailbox."""
    row = fetch_first(db, "SELECT modseq FROM mailbox WHERE id = ?", (mailbox,))
    if row is None:
        raise NoSuchMailbox(str(mailbox))
    return int(row[0])


def glance_entries(db: apsw.Connection, mailbox: MailboxId, wanted: UidSet, since: int) -> list[Entry]:
    """As `entries`. Raises Elsewhere where many may be wanted."""
    if len(wanted.ranges) > GLANCED or len(wanted) > GLANCED:
        raise Elsewhere
    return entries(db, mailbox, wanted, since)


def glance_delta(db: apsw.Connection, mailbox: MailboxId, since: int) -> MailboxDelta:
    """As `delta`. Raises Elsewhere where much changed."""
    return delta(db, mailbox, since, GLANCED)


def delta(db: apsw.Connection, mailbox: MailboxId, since: int, most: int = -1) -> MailboxDelta:
    """What changed after `since`, tombstones included. Raises NoSuchMailbox, Elsewhere for more than `most` of either."""
    modseq = highest_modseq(db, mailbox)
    if modseq <= since:
        return MailboxDelta(UidSet(), (), modseq)
    # tombstones first: where they are few, so are blocks that changed and hold nothing that did
    gone, changed = _some(db, _GONE, mailbox, since, most), _some(db, _SINCE, mailbox, since, most)
    return MailboxDelta(UidSet.of(row[0] for row in gone), tuple([Entry(*row) for row in sorted(changed)]), modseq)


def _some(db: apsw.Connection, query: str, mailbox: MailboxId, since: int, most: int) -> list[tuple[Any, ...]]:
    """Rows of a query. Raises Elsewhere where there are more than `most`, unless that is -1."""
    found = fetch_all(db, f"{query} LIMIT ?3", (since, mailbox, most if most < 0 else most + 1))
    if 0 <= most < len(found):
        raise Elsewhere
    return found


def recent(db: apsw.Connection, mailbox: MailboxId) -> UidSet:
    """The UIDs given out that nobody was told of. Raises NoSuchMailbox."""
    row = fetch_first(db, "SELECT recent, uidnext FROM mailbox WHERE id = ?", (mailbox,))
    if row is None:
        raise NoSuchMailbox(str(mailbox))
    return untold(*row)


def untold(first: int, uidnext: int) -> UidSet:
    """As the mailbox's row has it: UIDs from the first that nobody was told of to the last one given out."""
    return UidSet([(first, uidnext - 1)]) if first < uidnext else NO_UIDS


def first_unseen(db: apsw.Connection, mailbox: MailboxId) -> int:
    """The lowest UID without \\Seen, 0 for none."""
    row = fetch_first(db, _FIRST_UNSEEN, (mailbox,))
    return 0 if row is None else int(row[0])


def claim_recent(change: Change, mailbox: MailboxId) -> UidSet:
    """As `recent`, and from now on nobody else is told of these (RFC 3501 §2.3.2). Raises NoSuchMailbox."""
    claimed = recent(change.db, mailbox)
    if claimed:
        change.db.execute("UPDATE mailbox SET recent = uidnext WHERE id = ?", (mailbox,))
    return claimed


def _modseq(change: Change, mailbox: MailboxId) -> int:
    return change.tally(mailbox).modseq or highest_modseq(change.db, mailbox)


def _sized(
    db: apsw.Connection, mailbox: MailboxId, wanted: UidSet, query: str = _SIZED
) -> list[tuple[int, EmailId, Flags, int]]:
    """(uid, email, flags, size) of the entries in `wanted`, ascending. Raises NoSuchMailbox."""
    highest_modseq(db, mailbox)
    found: list[tuple[int, EmailId, Flags, int]] = []
    for low, high in ranges(db, mailbox, wanted):
        rows = fetch_all(db, query, (mailbox, low, high))
        found.extend((uid, EmailId(email), Flags(flags), size) for uid, email, flags, size in rows)
    return found


def copy(change: Change, mailbox: MailboxId, wanted: UidSet, target: MailboxId, rights: Rights = ALL_RIGHTS) -> Copied:
    """All or none; flags as far as `rights` go. Raises NoSuchMailbox, OverQuota."""
    pairs: list[tuple[int, int]] = []
    change.tally(target)
    for uid, email, flags, size in _sized(change.db, mailbox, wanted):
        modseq = change.next_modseq()
        pairs.append((uid, change.place(target, email, size, permitted_flags(flags, rights), modseq)))
    change.check_quota()
    return _copied(change, target, pairs)


def move(change: Change, mailbox: MailboxId, wanted: UidSet, target: MailboxId, rights: Rights = ALL_RIGHTS) -> Copied:
    """All or none (RFC 6851), flags as far as `rights` go; the emails stay the same. Raises NoSuchMailbox."""
    pairs: list[tuple[int, int]] = []
    change.tally(target)
    for uid, email, flags, size in _sized(change.db, mailbox, wanted):
        modseq = change.next_modseq()
        change.displace(mailbox, uid, size, flags, modseq)
        pairs.append((uid, change.place(target, email, size, permitted_flags(flags, rights), modseq)))
    return _copied(change, target, pairs)


def move_all(change: Change, mailbox: MailboxId, target: MailboxId) -> None:
    """Everything in `mailbox`."""
    move(change, mailbox, ALL_UIDS, target)


def _copied(change: Change, target: MailboxId, pairs: list[tuple[int, int]]) -> Copied:
    row = fetch_first(change.db, "SELECT uidvalidity FROM mailbox WHERE id = ?", (target,))
    assert row is not None
    return Copied(row[0], tuple(pairs), _modseq(change, target))


def expunge(change: Change, mailbox: MailboxId, wanted: UidSet, only_deleted: bool) -> MailboxDelta:
    """Raises NoSuchMailbox."""
    vanished: list[int] = []
    touched: list[EmailId] = []
    for uid, email, flags, size in _sized(change.db, mailbox, wanted, _MARKED if only_deleted else _SIZED):
        modseq = change.next_modseq()
        change.displace(mailbox, uid, size, flags, modseq)
        change.touch_email(email, modseq)
        vanished.append(uid)
        touched.append(email)
    destroy_unplaced(change, touched)
    return MailboxDelta(UidSet.of(vanished), (), _modseq(change, mailbox))
