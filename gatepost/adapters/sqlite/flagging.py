"""Flags of many entries at once: a statement for each range of UIDs, whatever its length.

A mailbox has few different sets of flags. So the ones in a range are counted, each is combined with what is asked for, and one
UPDATE turns old sets into new ones. The modseqs it gives are as far apart as the UIDs: each entry's is its own.
"""

from __future__ import annotations

from typing import NamedTuple

from gatepost.adapters.sqlite.entries import GLANCED, entries, highest_modseq, ranges
from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.flags import Flags, add_flags, remove_flags
from gatepost.model.mail import Entry, FlagsChanged, MailboxId
from gatepost.model.rights import Rights, permitted_flags, replaced_flags
from gatepost.model.uidset import UidSet

_GROUPS = (
    "SELECT flags, count(*), min(uid), max(uid) FROM entry WHERE mailbox = ? AND uid BETWEEN ? AND ? {} GROUP BY flags"
)
_ENTRIES = "SELECT uid, email, flags, modseq, saved FROM entry WHERE mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid"
_MOST_SETS = 200
"""Sets of flags that one UPDATE turns into others."""


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


def set_flags(change: Change, mailbox: MailboxId, wanted: UidSet, wish: Wish, quiet: bool) -> FlagsChanged:
    """Flags that the rights say nothing of stay. Raises NoSuchMailbox, BadFlag (too many on one message; nothing changed
    then)."""
    before = highest_modseq(change.db, mailbox)
    if len(wanted) <= GLANCED:
        return _one_by_one(change, mailbox, wanted, wish, quiet, before)
    first = change.modseq + 1
    failed: list[int] = []
    count = 0
    for low, high in ranges(change.db, mailbox, wanted):
        if wish.unchanged_since is not None:  # RFC 7162 §3.1.3
            late = "SELECT uid FROM entry WHERE mailbox = ? AND uid BETWEEN ? AND ? AND +modseq > ?"
            failed += [row[0] for row in fetch_all(change.db, late, (mailbox, low, high, wish.unchanged_since))]
        count += _in_range(change, mailbox, low, high, wish)
    missed = UidSet.of(failed)
    after = () if quiet else tuple(each for each in entries(change.db, mailbox, wanted, 0) if each.uid not in missed)
    changed = change.modseq >= first
    return FlagsChanged(after, missed, change.modseq if changed else before, count, first if changed else 0, before)


def _one_by_one(
    change: Change, mailbox: MailboxId, wanted: UidSet, wish: Wish, quiet: bool, before: int
) -> FlagsChanged:
    """Of few entries each is read once."""
    first = change.modseq + 1
    after: list[Entry] = []
    failed: list[int] = []
    for low, high in wanted.ranges:
        for uid, email, old, modseq, saved in fetch_all(change.db, _ENTRIES, (mailbox, low, high)):
            if wish.unchanged_since is not None and modseq > wish.unchanged_since:
                failed.append(uid)
                continue
            new = wish.combine(old)
            if new != old:
                modseq = change.next_modseq()
                change.reflag(mailbox, uid, old, new, modseq)
            after.append(Entry(uid, email, new, modseq, saved))
    changed = change.modseq >= first
    told = change.modseq if changed else before
    shown = () if quiet else tuple(after)
    return FlagsChanged(shown, UidSet.of(failed), told, len(after), first if changed else 0, before)


def _in_range(change: Change, mailbox: MailboxId, low: int, high: int, wish: Wish) -> int:
    """How many entries were looked at."""
    condition = ""
    bindings: tuple[int, ...] = ()
    if wish.unchanged_since is not None:
        # not by the index on modseq, and not those that an earlier range has just changed: ranges are disjoint
        condition, bindings = "AND +modseq <= ?", (wish.unchanged_since,)
    groups = fetch_all(change.db, _GROUPS.format(condition), (mailbox, low, high, *bindings))
    turned: dict[Flags, Flags] = {}
    moved, lows, highs = 0, [], []
    for old, count, lowest, highest in groups:
        new = wish.combine(old)
        if new != old:
            turned[old] = new
            moved += count
            lows.append(lowest)
            highs.append(highest)
            change.tally(mailbox).turn(old, new, count)
    if turned:
        low, high = min(lows), max(highs)
        if high - low < 2 * moved + 64 and len(turned) <= _MOST_SETS:
            base = change.take_modseqs(high - low + 1) - low
            cases = " WHEN ? THEN ?" * len(turned)
            places = ", ".join("?" * len(turned))
            change.db.execute(
                f"UPDATE entry SET flags = CASE flags{cases} END, modseq = ? + uid"  # noqa: S608 - no input in it
                f" WHERE mailbox = ? AND uid BETWEEN ? AND ? AND flags IN ({places}) {condition}",
                (*(flags for pair in turned.items() for flags in pair), base, mailbox, low, high, *turned, *bindings),
            )
        else:
            rows = f"SELECT uid, flags FROM entry WHERE mailbox = ? AND uid BETWEEN ? AND ? {condition} ORDER BY uid"  # noqa: S608
            found = fetch_all(change.db, rows, (mailbox, low, high, *bindings))
            change.db.executemany(
                "UPDATE entry SET flags = ?, modseq = ? WHERE mailbox = ? AND uid = ?",
                [(turned[flags], change.next_modseq(), mailbox, uid) for uid, flags in found if flags in turned],
            )
        change.entries_touched(mailbox)
    return sum(group[1] for group in groups)
