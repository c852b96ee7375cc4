"""What is remembered of a login: how much was guessed at it, in which lane, and short tags of the last wrong passwords.

Logins that nobody has share a fixed number of slots and close like real ones (laws 7 and 11).
"""

from __future__ import annotations

from array import array
from typing import TypeAlias

from gatepost.guard.buckets import Budget
from gatepost.guard.verdicts import Tags

_TAGS = 16  # wrong passwords remembered in each lane
_LANES = 64  # lanes of one account: the strangers' one and one for each place that knows it and failed

AccountKey: TypeAlias = str | int
"""A known login's own key, or the number of the slot that an unknown one shares."""

STRANGERS = 0
"""The key of the lane that all strangers share."""


class LaneBudget(Budget):
    """`wrong` are the last different wrong passwords' tags, in memory only, and `seen` when the last one came."""

    __slots__ = ("seen", "wrong")

    def __init__(self, now: float, level: float = 0.0) -> None:
        super().__init__(now, level)
        self.wrong: array[int] | None = None
        self.seen = 0.0

    def repeated(self, tags: Tags, now: float) -> bool:
        """Whether this wrong password was seen here before. It is the youngest from now on, under today's key, so that
        a device which goes on trying it is known for as long as it does."""
        known, wrong = False, self.wrong
        if wrong is None:
            wrong = self.wrong = array("H")
        for tag in tags.same:
            if tag in wrong:
                wrong.remove(tag)
                known = True
        wrong.append(tags.same[0])
        if len(wrong) > _TAGS:
            del wrong[0]
        self.seen = now
        return known


class AccountState:
    """`total` counts all lanes together; lanes are found by STRANGERS or by the key of the place that knows the account."""

    __slots__ = ("failures", "lanes", "stored", "total")

    def __init__(self, now: float) -> None:
        self.total = Budget(now)
        self.lanes: dict[int, LaneBudget] = {}
        self.failures = 0
        self.stored = False

    def lane(self, key: int, now: float) -> LaneBudget:
        """The lane's bucket, made where it is missing."""
        bucket = self.lanes.get(key)
        if bucket is None:
            if len(self.lanes) >= _LANES:
                self._forget_one()
            bucket = self.lanes[key] = LaneBudget(now)
        return bucket

    def _forget_one(self) -> None:
        """The least charged lane that nobody is in; never the strangers'."""
        spare = [key for key, lane in self.lanes.items() if key != STRANGERS and not lane.in_flight]
        if spare:
            del self.lanes[min(spare, key=lambda key: self.lanes[key].level)]

    @property
    def idle(self) -> bool:
        """Nothing worth keeping."""
        return not (
            self.total.level
            or self.total.in_flight
            or any(lane.level or lane.in_flight or lane.wrong for lane in self.lanes.values())
        )
