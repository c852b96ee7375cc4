"""Networks from which one part alone has failed so far: which part. They have no entry of their own yet.

A network in which fewer parts failed than `network_children` (4) can refuse nobody, and what one part did stands in that
part's own entry. So the network's is made when a second part fails (charging.py). It has both parts from then on, and the
points of the second one's failure; and where the first is a source, the points of its last wrong passwords too, less what
would have come back since it began to fail (`Source.left`).

That is never more than if the network had been counted from the first failure on, and less at most by what the first part
alone was charged: its own limit bounds it, and it happens once, as the entry stays. Not carried over: what was charged
before a restart, for guesses at logins that nobody has, for attempts cut off half-way, or to a first part that is a network
itself (the network around it has room for four of it or more).

A part is remembered here even when its own entry is gone. After a restart it is found by that entry (records.py).
"""

from __future__ import annotations


class LoneParts:
    """Networks and parts are known by their keys (prefixes.py). There are two generations of bounded size: what did not fail
    in a whole one is forgotten with it, and nothing has to be looked for to be forgotten (law 11)."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity  # of one generation
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._aged = 0.0

    def other(self, network: int, part: int) -> int | None:
        """The part of `network` that failed before `part`; None where that is the first, which is remembered."""
        first = self._young.get(network)
        if first is None:
            first = self._old.pop(network, part)
            if len(self._young) >= self._capacity:
                self._age()
            self._young[network] = first
        return first if first != part else None

    def drop(self, network: int) -> None:
        """It has an entry now, or is to begin anew."""
        self._young.pop(network, None)
        self._old.pop(network, None)

    def prune(self, now: float, within: float) -> None:
        """Forgets where nothing failed `within` so many seconds, or half as many. For once a second."""
        if now - self._aged > within / 2:
            self._aged = now
            self._age()

    def _age(self) -> None:
        """The young become old, the old are forgotten."""
        self._old, self._young = self._young, {}

    def networks(self) -> list[int]:
        """All of them, by key."""
        return [*self._young, *self._old]
