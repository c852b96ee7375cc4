"""How many accounts have proven a source or a network: the good accounts behind an address earn it room (law 10).

Durable like familiarity, and as anonymous: places and accounts are keyed tags.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatepost.guard.familiarity import DAY, Tagger

_PER_PLACE = 256
_SIZES = 16384  # places whose sizes are at hand


def _find(members: tuple[int, ...], account: int) -> int:
    """Where the account stands in a flat tuple, or -1. Slices and `index` run in C: a crowd of 256 costs microseconds."""
    at = -1
    try:
        while (at := members.index(account, at + 1)) % 2:
            pass  # a day that happens to be the number
    except ValueError:
        return -1
    return at


class Crowds:
    """Members are kept as a flat tuple (account, day, account, day, ...): most places have one."""

    def __init__(self, tagger: Tagger, days: int, capacity: int) -> None:
        self._tagger = tagger
        self._days = days
        self._capacity = capacity
        self._places: dict[int, tuple[int, ...]] = {}
        self.dirty: set[tuple[int, int]] = set()
        self._sizes: dict[int, int] = {}  # of places asked about on this day: looking one up again costs a keyed hash
        self._day = -1

    def _place(self, place: int) -> int:
        return self._tagger.tag(b"p%d" % place)

    def size(self, place: int, now: float) -> int:
        """How many accounts are proven at `place` (a network's key)."""
        if not self._places:
            return 0
        day = int(now // DAY)
        if day != self._day or len(self._sizes) >= _SIZES:
            self._forget_sizes(day)
        size = self._sizes.get(place)
        if size is None:
            oldest = day - self._days
            size = sum(seen >= oldest for seen in self._places.get(self._place(place), ())[1::2])
            self._sizes[place] = size
        return size

    def _forget_sizes(self, day: int = -1) -> None:
        self._sizes.clear()
        self._day = day

    def has(self, place: int, account: int, now: float) -> bool:
        """Whether `account` is proven at `place`."""
        members = self._places.get(self._place(place), ())
        at = _find(members, account)
        return at >= 0 and members[at + 1] >= now // DAY - self._days

    def join(self, place: int, account: int, now: float) -> None:
        """`account` is proven at `place`. The member unseen longest goes where there are too many."""
        tag, day = self._place(place), int(now // DAY)
        self._sizes.pop(place, None)
        members = self._places.get(tag, ())
        at = _find(members, account)
        if at >= 0:
            if members[at + 1] == day:
                return
            members = members[:at] + members[at + 2 :]
        elif len(members) >= 2 * _PER_PLACE:
            self.dirty.add((tag, members[0]))
            members = members[2:]
        elif not members and len(self._places) >= self._capacity:
            self._drop(next(iter(self._places)))
            self._forget_sizes()
        self._places[tag] = (*members, account, day)
        self.dirty.add((tag, account))

    def _put(self, tag: int, pairs: list[tuple[int, int]]) -> None:
        if pairs:
            self._places[tag] = tuple(number for pair in pairs for number in pair)
        else:
            self._places.pop(tag, None)

    def _drop(self, tag: int) -> None:
        self.dirty.update((tag, account) for account in self._places.pop(tag)[::2])

    def _keep(self, tag: int, good: Iterator[bool]) -> None:
        members = self._places[tag]
        pairs = list(zip(members[::2], members[1::2], strict=True))
        kept = [pair for pair, fine in zip(pairs, good, strict=True) if fine]
        if len(kept) != len(pairs):
            self.dirty.update((tag, pair[0]) for pair in pairs if pair not in kept)
            self._put(tag, kept)

    def forget(self, account: int) -> None:
        """The account is erased."""
        self._forget_sizes()
        for tag in list(self._places):
            self._keep(tag, (member != account for member in self._places[tag][::2]))

    def prune(self, now: float) -> None:
        """Forgets what is too old. Walks everything: once a day is enough."""
        self._forget_sizes()
        oldest = now // DAY - self._days
        for tag in list(self._places):
            self._keep(tag, (day >= oldest for day in self._places[tag][1::2]))

    def changes(self) -> Iterator[tuple[int, int, int | None]]:
        """(place's tag, account, day or None) of what changed since the last call."""
        dirty, self.dirty = self.dirty, set()
        for tag, account in dirty:
            members = self._places.get(tag, ())
            yield tag, account, dict(zip(members[::2], members[1::2], strict=True)).get(account)

    def restore(self, tag: int, account: int, day: int) -> None:
        """Puts back what `changes` gave."""
        self._places[tag] = (*self._places.get(tag, ()), account, day)
