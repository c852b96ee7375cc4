"""A table of bounded size: whom it gives up for a new entry, and what it tells the store (law 11)."""

from __future__ import annotations

from gatepost.guard.table import Table


class Kept:
    def __init__(self, points: float, busy: bool = False) -> None:
        self.points, self.busy, self.stored = points, busy, False


def table(capacity: int) -> Table[int, Kept]:
    return Table(capacity, lambda entries, now: [entry.points for entry in entries], lambda key, entry, now: entry.busy)


def filled(*entries: Kept) -> Table[int, Kept]:
    found = table(len(entries))
    for key, entry in enumerate(entries):
        found.put(key, entry, 0.0)
    return found


def test_the_four_of_least_worth_of_sixteen_old_ones_go() -> None:
    kept = filled(*(Kept(float(100 - key)) for key in range(16)), *(Kept(0.0) for _ in range(4)))
    kept.put(99, Kept(0.0), 0.0)
    assert set(kept.entries) == {*range(12), *range(16, 20), 99}


def test_what_is_busy_goes_only_where_nothing_else_is_left() -> None:
    kept = filled(*(Kept(1.0, busy=key < 14) for key in range(16)))
    kept.put(99, Kept(0.0), 0.0)
    assert set(kept.entries) == {*range(2, 14), 99}  # the two that were not, and the two oldest of those that were


def test_those_that_stayed_are_looked_at_last() -> None:
    kept = filled(*(Kept(5.0) for _ in range(16)), *(Kept(9.0) for _ in range(16)))
    for key in range(100, 105):
        kept.put(key, Kept(0.0), 0.0)
    gone = set(range(32)) - set(kept.entries)
    assert gone == {0, 1, 2, 3, 16, 17, 18, 19}


def test_the_store_is_told_of_what_it_knows_only() -> None:
    kept = filled(Kept(1.0), *(Kept(2.0) for _ in range(15)))
    assert len(list(kept.changes())) == 16
    kept.put(99, Kept(0.0), 0.0)
    assert [(key, entry is None) for key, entry in kept.changes()] == [
        (0, True),
        (1, True),
        (2, True),
        (3, True),
        (99, False),
    ]
    kept.put(100, Kept(0.0), 0.0)
    kept.drop(100)
    assert list(kept.changes()) == []
