"""Flags of many entries at once: a statement for thousands of them, and their UIDs and flags read as two texts.

A mailbox has few different sets of flags. Each that is there is combined with what is asked for, and one UPDATE turns old sets
into new ones. The modseqs it gives are as far apart as the UIDs: each entry's is its own. What was read before also tells what the
entries are afterwards, and how the sums of blocks change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import apsw
import msgspec

from gatepost.adapters.sqlite.blocks import SIZE, first_of, same_sums
from gatepost.adapters.sqlite.entries import GLANCED, highest_modseq, ranges
from gatepost.adapters.sqlite.keywords import keywords_in
from gatepost.adapters.sqlite.rows import fetch_all, fetch_one
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.flags import Flags, add_flags, remove_flags
from gatepost.model.mail import EntryFlags, FlagsChanged, MailboxId
from gatepost.model.rights import Rights, permitted_flags, replaced_flags
from gatepost.model.uidset import UidSet

_ENTRIES = "SELECT uid, flags, modseq FROM entry WHERE mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid"
_LATE = "SELECT uid FROM entry WHERE mailbox = ? AND uid BETWEEN ? AND ? AND modseq > ?"
_NEXT = "SELECT min(uid) FROM entry WHERE mailbox = ? AND uid > ?"
_AT_ONCE = 20_000
"""UIDs whose entries are read, and changed, together."""
_COUNTED = 4
"""Sets of flags that are counted one by one."""
_MOST_SETS = 200
"""Sets of flags that one UPDATE turns into others."""
_texts = msgspec.json.Decoder(list[Flags]).decode
_numbers = msgspec.json.Decoder(list[int]).decode


class Wish(NamedTuple):
    """What is asked for: see `ports.mailstore.AccountMail.set_flags`."""

    mode: str
    flags: Flags
    unchanged_since: int | None
    rights: Rights

    def combine(self, old: Flags) -> Flags:
        """The flags that an entry gets. Raises BadFlag."""
        if self.mode == "add":
            return add_flags(old, permitted_flags(self.flags, self.rights))
        if self.mode == "remove":
            return remove_flags(old, permitted_flags(self.flags, self.rights))
        if self.mode == "replace":
            return replaced_flags(old, self.flags, self.rights)
        raise ValueError(f"no way to change flags: {self.mode!r}")


class _Part(NamedTuple):
    """Entries of one range, ascending: UIDs and flags, one each."""

    uids: Sequence[int]
    flags: list[Flags]

    def blocks(self) -> Iterator[tuple[int, int, int]]:
        """Each block's first UID, and where its entries begin and end here."""
        start = 0
        while start < len(self.uids):
            first = first_of(self.uids[start])
            end = bisect_left(self.uids, first + SIZE, start)
            yield first, start, end
            start = end

    def counted(self, sets: Collection[Flags]) -> Mapping[Flags, int]:
        """How many entries have these flags."""
        return Counter(self.flags) if len(sets) > _COUNTED else {flags: self.flags.count(flags) for flags in sets}


def set_flags(change: Change, mailbox: MailboxId, wanted: UidSet, wish: Wish, quiet: bool) -> FlagsChanged:
    """Flags that the rights say nothing of stay. Raises NoSuchMailbox, BadFlag (too many on one message; nothing changed
    then)."""
    before = highest_modseq(change.db, mailbox)
    first = change.modseq + 1
    told: list[EntryFlags] = []
    work = _one_by_one if len(wanted) <= GLANCED else _in_parts
    count, failed = work(change, mailbox, wanted, wish, None if quiet else told)
    changed = change.modseq >= first
    now = EntryFlags.joined(told)
    return FlagsChanged(now, failed, change.modseq if changed else before, count, first if changed else 0, before)


def _one_by_one(
    change: Change, mailbox: MailboxId, wanted: UidSet, wish: Wish, told: list[EntryFlags] | None
) -> tuple[int, UidSet]:
    """Few entries; how many were looked at, and which had changed since. What they are then is added to `told`."""
    failed: list[int] = []
    rows: list[tuple[int, Flags, int]] = []
    for low, high in wanted.ranges:
        for uid, old, modseq in fetch_all(change.db, _ENTRIES, (mailbox, low, high)):
            if wish.unchanged_since is not None and modseq > wish.unchanged_since:
                failed.append(uid)
                continue
            new = wish.combine(old)
            if new != old:
                modseq = change.next_modseq()
                change.reflag(mailbox, uid, old, new, modseq)
            rows.append((uid, new, modseq))
    if told is not None and rows:
        uids, flags, modseqs = zip(*rows, strict=True)
        told.append(EntryFlags(uids, flags, modseqs))
    return len(rows), UidSet.of(failed)


def _in_parts(
    change: Change, mailbox: MailboxId, wanted: UidSet, wish: Wish, told: list[EntryFlags] | None
) -> tuple[int, UidSet]:
    """The same for many."""
    failed: list[int] = []
    count = 0
    for low, high in ranges(change.db, mailbox, wanted):
        if wish.unchanged_since is not None:  # RFC 7162 §3.1.3
            failed += [row[0] for row in fetch_all(change.db, _LATE, (mailbox, low, high, wish.unchanged_since))]
        for part in _parts(change.db, mailbox, low, high, wish.unchanged_since):
            count += len(part.uids)
            _turn(change, mailbox, part, wish, told)
    return count, UidSet.of(failed)


def _parts(db: apsw.Connection, mailbox: MailboxId, low: int, high: int, until: int | None) -> Iterator[_Part]:
    """The entries of a range, without those that changed after `until`."""
    while low <= high:
        last = min(high, low + _AT_ONCE - 1)
        flags = _texts(_column(db, "flags", mailbox, low, last, until))
        uids: Sequence[int] = range(low, last + 1)
        if len(flags) != len(uids):  # some are missing
            uids = _numbers(_column(db, "uid", mailbox, low, last, until))
        if flags:
            yield _Part(uids, flags)
        (following,) = fetch_one(db, _NEXT, (mailbox, last)) if last < high else (None,)
        low = high + 1 if following is None else following


def _column(db: apsw.Connection, name: str, mailbox: MailboxId, low: int, high: int, until: int | None = None) -> str:
    """A column of entries as one text, JSON, which costs a fraction of a row for each. They come in the order of the table,
    which is that of UIDs: there is no other way to them (an order asked for would be made once more)."""
    condition, bindings = ("", ()) if until is None else ("AND modseq <= ?", (until,))
    query = f"SELECT json_group_array({name}) FROM entry WHERE mailbox = ? AND uid BETWEEN ? AND ? {condition}"  # noqa: S608
    (values,) = fetch_one(db, query, (mailbox, low, high, *bindings))
    return str(values)


def _turn(change: Change, mailbox: MailboxId, part: _Part, wish: Wish, told: list[EntryFlags] | None) -> None:
    """Changes the flags of a part, and the sums. Nothing is made for each entry where nobody is told."""
    there = set(part.flags)
    turned = {old: new for old, new in ((old, wish.combine(old)) for old in there) if new != old}
    all_turned = len(turned) == len(there)
    base: int | None = None
    if turned:
        base = _update(change, mailbox, part, turned, all_turned, wish.unchanged_since)
        tally = change.tally(mailbox)
        keyworded = [old for old, new in turned.items() if keywords_in(old) != keywords_in(new)]
        for old, count in part.counted(keyworded).items():
            tally.turn_keywords(old, turned.get(old, old), count)
        alike = all_turned and all(same_sums(old, new) for old, new in turned.items())
        for first, start, end in part.blocks():
            here = {} if alike else {old: n for old, n in Counter(part.flags[start:end]).items() if old in turned}
            if here or alike:
                block = tally.block(first)
                block.modseq = change.modseq if base is None else min(base + first + SIZE - 1, change.modseq)
                for old, count in here.items():
                    block.turn(old, turned[old], count)
        change.entries_touched(mailbox)
    if told is not None:
        now = [turned.get(old, old) for old in part.flags]
        if base is not None and all_turned:
            modseqs = [base + uid for uid in part.uids]
        else:
            modseqs = _modseqs(change.db, mailbox, part.uids)
        told.append(EntryFlags(part.uids, now, modseqs))


def _update(
    change: Change, mailbox: MailboxId, part: _Part, turned: dict[Flags, Flags], all_turned: bool, until: int | None
) -> int | None:
    """Writes the rows. What, added to its UID, is each one's modseq; None where these were given out one by one."""
    uids: Sequence[int] = part.uids
    if not all_turned:
        uids = [uid for uid, flags in zip(part.uids, part.flags, strict=True) if flags in turned]
    low, high = uids[0], uids[-1]
    if high - low >= 2 * len(uids) + 64 or len(turned) > _MOST_SETS:
        flags_of = zip(part.uids, part.flags, strict=True)
        change.db.executemany(
            "UPDATE entry SET flags = ?, modseq = ? WHERE mailbox = ? AND uid = ?",
            [(turned[flags], change.next_modseq(), mailbox, uid) for uid, flags in flags_of if flags in turned],
        )
        return None
    base = change.take_modseqs(high - low + 1) - low
    condition = ""
    bindings: tuple[int | str, ...] = ()
    if not all_turned:
        condition, bindings = f" AND flags IN ({', '.join('?' * len(turned))})", tuple(turned)
    if until is not None:
        condition, bindings = f"{condition} AND modseq <= ?", (*bindings, until)
    change.db.execute(  # OR FAIL: SQLite keeps no copies to undo this statement alone; what fails undoes the whole change
        f"UPDATE OR FAIL entry SET flags = CASE flags{' WHEN ? THEN ?' * len(turned)} END, modseq = ? + uid"  # noqa: S608
        f" WHERE mailbox = ? AND uid BETWEEN ? AND ?{condition}",
        (*(flags for pair in turned.items() for flags in pair), base, mailbox, low, high, *bindings),
    )
    return base


def _modseqs(db: apsw.Connection, mailbox: MailboxId, uids: Sequence[int]) -> list[int]:
    """As they are now, of entries that are all there."""
    found, modseqs = (_numbers(_column(db, name, mailbox, uids[0], uids[-1])) for name in ("uid", "modseq"))
    known = dict(zip(found, modseqs, strict=True))
    return [known[uid] for uid in uids]
