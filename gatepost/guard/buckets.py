"""Leaky buckets: one number and one time each, so that there is no edge of a window to exploit.

A bucket fills by points and drains evenly. It never holds more than its limit: what bans an address is that it is full,
and how long is the ban's business, not the bucket's.
"""

from __future__ import annotations

import msgspec

from gatepost.model.units import Rate

_CRUMB = 1e-6  # rounding, not points
_ONE = 1.0 - _CRUMB  # room for one more


class Limit(msgspec.Struct, frozen=True):
    """`burst` points at once, `rate` points a second back."""

    burst: float
    rate: float

    @classmethod
    def of(cls, rate: Rate) -> Limit:
        """A burst of `count` that comes back evenly over `seconds`."""
        return cls(float(rate.count), rate.count / rate.seconds)

    def raised(self, points: float, most: float) -> Limit:
        """The same with more room, up to a burst of `most` (never less than before)."""
        return Limit(max(self.burst, min(self.burst + points, most)), self.rate)


class Bucket:
    """Points and when they were right."""

    __slots__ = ("at", "level")

    def __init__(self, now: float, level: float = 0.0) -> None:
        self.level = level
        self.at = now

    def drain(self, rate: float, now: float) -> float:
        """The points at `now`. A clock that went back drains nothing and fills nothing."""
        level, elapsed = self.level, now - self.at
        self.at = now
        if level and elapsed > 0.0:
            level -= elapsed * rate
            level = self.level = level if level > _CRUMB else 0.0
        return level

    def room(self, limit: Limit, now: float) -> float:
        """Points that still fit; negative where the limit has shrunk since."""
        return limit.burst - self.drain(limit.rate, now)

    def full(self, limit: Limit, now: float) -> bool:
        """Whether not even one more wrong password fits."""
        if limit.burst - self.level >= _ONE:  # it only ever drains: what fits now will fit then
            return False
        return limit.burst - self.drain(limit.rate, now) < _ONE

    def take(self, points: float, limit: Limit, now: float, overfill: float = 1.0) -> float:
        """Adds `points`, up to `overfill` times the limit; returns what was added."""
        level = self.level
        if level:
            level = self.drain(limit.rate, now)
        else:
            self.at = now
        room = limit.burst * overfill - level
        if points > room:
            points = room if room > 0.0 else 0.0
        self.level = level + points if level else points  # no number of its own for each new source
        return points

    def give(self, points: float) -> None:
        """Takes points out again."""
        left = self.level - points
        self.level = left if left > _CRUMB else 0.0

    def wait(self, limit: Limit, now: float) -> float:
        """Seconds until one more fits."""
        return max(0.0, (self.drain(limit.rate, now) + 1.0 - limit.burst) / limit.rate)


class Budget(Bucket):
    """A bucket with points set aside for attempts in flight: `held` points, for `in_flight` attempts. They are no part of
    its level, which only outcomes change."""

    __slots__ = ("held", "in_flight")

    def __init__(self, now: float, level: float = 0.0) -> None:
        self.level = level
        self.at = now
        self.held = 0.0
        self.in_flight = 0

    def busy(self, limit: Limit, now: float) -> bool:
        """Whether not even one more fits beside what is in flight, all of which may yet be wrong."""
        held = self.held
        if limit.burst - (self.level + held) >= _ONE:
            return False
        return limit.burst - (self.drain(limit.rate, now) + held) < _ONE
