"""Sets of positive integers as sorted, disjoint ranges: UID sets and sequence sets (RFC 9051 §9 sequence-set).

`*` is resolved before a set is made. Memory follows the number of ranges, not of members.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise

MAX_UID = 0xFFFFFFFF


class UidSet:
    """Immutable. `UidSet([(1, 3), (7, 7)])` holds 1, 2, 3 and 7."""

    __slots__ = ("_lows", "ranges")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        merged: list[tuple[int, int]] = []
        given = [(a, b) if a <= b else (b, a) for a, b in ranges]
        for low, high in sorted(given) if len(given) > 1 else given:
            if merged and low <= merged[-1][1] + 1:
                if high > merged[-1][1]:
                    merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        self.ranges: tuple[tuple[int, int], ...] = tuple(merged)
        self._lows = [low for low, _ in merged]

    @classmethod
    def of(cls, members: Iterable[int]) -> UidSet:
        """The set of these members, in any order."""
        ordered = sorted(members)
        made = cls()
        if ordered:
            gaps = [(one, other) for one, other in pairwise(ordered) if other - one > 1]
            made._lows = [ordered[0], *(other for _, other in gaps)]
            made.ranges = tuple(zip(made._lows, (*(one for one, _ in gaps), ordered[-1]), strict=True))
        return made

    def upto(self, highest: int) -> UidSet:
        """The members up to `highest`."""
        if not self.ranges or self.ranges[-1][1] <= highest:
            return self
        return UidSet((low, min(high, highest)) for low, high in self.ranges if low <= highest)

    def __contains__(self, n: int) -> bool:
        i = bisect_right(self._lows, n) - 1
        return i >= 0 and n <= self.ranges[i][1]

    def __iter__(self) -> Iterator[int]:
        for low, high in self.ranges:
            yield from range(low, high + 1)

    def __len__(self) -> int:
        return sum([high - low + 1 for low, high in self.ranges])

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UidSet) and self.ranges == other.ranges

    def __hash__(self) -> int:
        return hash(self.ranges)

    def __str__(self) -> str:
        """As IMAP writes it: `1:3,7`; the empty set is the empty text."""
        return ",".join(f"{low}:{high}" if high > low else str(low) for low, high in self.ranges)

    def __repr__(self) -> str:
        return f"UidSet({str(self)!r})"


ALL_UIDS, NO_UIDS = UidSet([(1, MAX_UID)]), UidSet()
