"""What lies in a mailbox: listing, flags, copying, moving, expunging. IMAP's half of the model."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import apsw

from gatepost.adapters.sqlite.emails import destroy_unplaced
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first, fetch_one
from gatepost.adapters.sqlite.unit import Change
from gatepost.adapters.sqlite.writer import Elsewhere
from gatepost.model.errors import NoSuchMailbox
from gatepost.model.flags import Flags
from gatepost.model.mail import Copied, EmailId, Entry, MailboxDelta, MailboxId
from gatepost.model.rights import ALL_RIGHTS, Rights, permitted_flags
from gatepost.model.uidset import ALL_UIDS, UidSet

_ENTRY = "SELECT uid, email, flags, modseq, saved FROM entry"
# asked for together, the two would be looked for in all of the mailbox
_ENDS = "SELECT (SELECT min(uid) FROM entry WHERE mailbox = ?1), (SELECT max(uid) FROM entry WHERE mailbox = ?1)"
UNSEEN = "instr(flags, '\\Seen') = 0"
"""What the index of unseen entries holds; SQLite takes it for a query that says it so."""
_CHANGED = 2000
"""Entries changed since a modseq that are looked at one by one, before a range of UIDs is gone through instead."""
GLANCED = 50
"""Entries that are read on the event loop."""
_SIZED = "SELECT n.uid, n.email, n.flags, m.size FROM entry n JOIN email m ON m.id = n.email WHERE"
MARKED = "instr(flags, '\\Deleted') > 0"
"""What the index of entries marked \\Deleted holds."""
_MARKED = (
    "SELECT n.uid, n.email, n.flags, m.size FROM entry n INDEXED BY entry_deleted CROSS JOIN email m ON m.id = n.email"
    " WHERE instr(n.flags, '\\Deleted') > 0 AND"
)


def uids(db: apsw.Connection, mailbox: MailboxId) -> array[int]:
    """All UIDs, ascending. Raises NoSuchMailbox."""
    highest_modseq(db, mailbox)
    rows = db.execute("SELECT uid FROM entry WHERE mailbox = ? ORDER BY uid", (mailbox,))
    return array("I", [row[0] for row in rows])


def entries(db: apsw.Connection, mailbox: MailboxId, wanted: UidSet, since: int) -> list[Entry]:
    """Those of `wanted` that changed after `since`, ascending. Raises NoSuchMailbox."""
    highest_modseq(db, mailbox)
    if since:  # by the index on modseq, if that gives few rows
        limit = -1 if wanted == ALL_UIDS else _CHANGED
        changed = fetch_all(db, f"{_ENTRY} WHERE mailbox = ? AND modseq > ? LIMIT ?", (mailbox, since, limit))
        if limit < 0 or len(changed) < limit:
            return [Entry(*row) for row in sorted(changed) if row[0] in wanted]
    found: list[Entry] = []
    for low, high in wanted.ranges if len(wanted) <= GLANCED else ranges(db, mailbox, wanted):
        rows = db.execute(
            f"{_ENTRY} WHERE mailbox = ? AND uid BETWEEN ? AND ? AND +modseq > ? ORDER BY uid",
            (mailbox, low, high, since),
        )
        found.extend([Entry(*row) for row in rows])
    return found


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
    if highest_modseq(db, mailbox) > since:
        for table in ("entry", "gone_entry"):
            query = f"SELECT 1 FROM {table} WHERE mailbox = ? AND modseq > ? LIMIT 1 OFFSET {GLANCED}"  # noqa: S608
            if fetch_first(db, query, (mailbox, since)) is not None:
                raise Elsewhere
    return delta(db, mailbox, since)


def delta(db: apsw.Connection, mailbox: MailboxId, since: int) -> MailboxDelta:
    """What changed after `since`, tombstones included. Raises NoSuchMailbox."""
    modseq = highest_modseq(db, mailbox)
    if modseq <= since:
        return MailboxDelta(UidSet(), (), modseq)
    gone = db.execute("SELECT uid FROM gone_entry WHERE mailbox = ? AND modseq > ?", (mailbox, since))
    vanished = UidSet.of(row[0] for row in gone)
    return MailboxDelta(vanished, tuple(entries(db, mailbox, ALL_UIDS, since)), modseq)


def recent(db: apsw.Connection, mailbox: MailboxId) -> UidSet:
    """The UIDs given out that nobody was told of. Raises NoSuchMailbox."""
    row = fetch_first(db, "SELECT recent, uidnext FROM mailbox WHERE id = ?", (mailbox,))
    if row is None:
        raise NoSuchMailbox(str(mailbox))
    return UidSet([(row[0], row[1] - 1)] if row[0] < row[1] else ())


def first_unseen(db: apsw.Connection, mailbox: MailboxId) -> int:
    """The lowest UID without \\Seen, 0 for none; by an index of those."""
    query = f"SELECT uid FROM entry INDEXED BY entry_unseen WHERE mailbox = ? AND {UNSEEN} ORDER BY uid LIMIT 1"  # noqa: S608
    row = fetch_first(db, query, (mailbox,))
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
        rows = fetch_all(db, f"{query} n.mailbox = ? AND n.uid BETWEEN ? AND ? ORDER BY n.uid", (mailbox, low, high))
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
