"""A table of bounded size that gives up the least harmful of its oldest entries, and knows what changed.

Attackers choose addresses and logins, so that whatever is kept for each must have a budget (law 11). Entries that
are in use (an attempt in flight) or that stand for a ban go last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, Protocol, TypeVar


class Entry(Protocol):
    """`stored`: whether the store holds a record of it, which must be removed with it."""

    stored: bool


K = TypeVar("K", bound=Hashable)
E = TypeVar("E", bound=Entry)
_LOOK = 16  # old entries weighed at a time
_GO = 4  # and how many of them go, so that the next few additions cost nothing


class Table(Generic[K, E]):
    """`worth` says how much it would hurt to forget each of some entries at a time, `busy` which go only where all are so:
    the smallest of 16 old ones go."""

    def __init__(
        self, capacity: int, worth: Callable[[list[E], float], list[float]], busy: Callable[[K, E, float], bool]
    ) -> None:
        self.entries: dict[K, E] = {}
        self.dirty: dict[K, None] = {}  # in the order of change: the same calls give the same records
        # keys, the oldest or those looked at longest ago first, some of them gone since: a dict that loses its first entries
        # again and again takes ever longer to tell which is first
        self._order: deque[K] = deque()
        self._capacity = capacity
        self._worth = worth
        self._busy = busy

    def get(self, key: K) -> E | None:
        """The entry, if there is one."""
        return self.entries.get(key)

    def put(self, key: K, entry: E, now: float) -> None:
        """Adds an entry where there is none, at the cost of another one's if the table is full."""
        if len(self.entries) >= self._capacity:
            self._evict(now)
        self._order.append(key)
        self.entries[key] = entry
        self.dirty[key] = None

    def _forget_order(self) -> None:
        """Leaves out what is gone, and what came back meanwhile but once."""
        self._order = deque(dict.fromkeys(key for key in self._order if key in self.entries))

    def drop(self, key: K) -> E | None:
        """Forgets an entry; None if there was none."""
        entry = self.entries.pop(key, None)
        if entry is not None:
            if entry.stored:
                self.dirty[key] = None
            else:
                self.dirty.pop(key, None)
            if len(self._order) > 2 * len(self.entries) + _LOOK:
                self._forget_order()
        return entry

    def drop_if(self, key: K, entry: E) -> None:
        """Forgets `entry`, unless another has taken its place meanwhile."""
        if self.entries.get(key) is entry:
            self.drop(key)

    def _oldest(self, most: int) -> list[K]:
        """Takes out of the order; each once, and only what is there."""
        found: dict[K, None] = {}
        order, entries = self._order, self.entries
        while order and len(found) < most:
            key = order.popleft()
            if key in entries:
                found[key] = None
        return list(found)

    def _evict(self, now: float) -> None:
        """Those of least worth go, busy ones only where there are not enough others. The rest that was looked at is young again,
        so that the next look sees other ones."""
        keys, entries = self._oldest(_LOOK), self.entries
        worth = self._worth([entries[key] for key in keys], now)
        gone: list[K] = []
        kept: list[K] = []
        for place in sorted(range(len(keys)), key=worth.__getitem__):
            key = keys[place]
            if len(gone) == _GO or self._busy(key, entries[key], now):
                kept.append(key)
            else:
                gone.append(key)
        missing = _GO - len(gone)
        gone += kept[:missing]
        self._order.extend(kept[missing:])
        for key in gone:
            self.drop(key)

    def prune(self, now: float, budget: int, idle: Callable[[E], bool]) -> None:
        """Forgets what is idle among the `budget` oldest; call it again and again to get round."""
        for key in self._oldest(budget):
            if idle(self.entries[key]):
                self.drop(key)
            else:
                self._order.append(key)

    def changes(self) -> Iterator[tuple[K, E | None]]:
        """What changed since the last call; None for what is gone."""
        dirty, self.dirty = self.dirty, {}
        for key in dirty:
            entry = self.entries.get(key)
            if entry is not None:
                entry.stored = True
            yield key, entry
