"""Leaky buckets: one number and one time each, so that there is no edge of a window to exploit.

A bucket fills by points and drains evenly. It never holds more than its limit: what bans an address is that it is full,
and how long is the ban's business, not the bucket's.
"""

from __future__ import annotations

import msgspec

from gatepost.model.units import Rate

_CRUMB = 1e-6  # rounding, not points


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
        if self.level:
            left = self.level - (now - self.at) * rate if now > self.at else self.level
            self.level = left if left > _CRUMB else 0.0
        self.at = now
        return self.level

    def room(self, limit: Limit, now: float) -> float:
        """Points that still fit; negative where the limit has shrunk since."""
        return limit.burst - self.drain(limit.rate, now)

    def full(self, limit: Limit, now: float, held: float = 0.0) -> bool:
        """Whether not even one more wrong password fits, without `held`, the points of attempts in flight."""
        room = 1.0 - _CRUMB
        if limit.burst - (self.level - held) >= room:  # it only ever drains: what fits now will fit then
            return False
        return limit.burst - (self.drain(limit.rate, now) - held) < room

    def take(self, points: float, limit: Limit, now: float) -> float:
        """Adds `points`, up to the limit; returns what was added."""
        room = limit.burst - self.drain(limit.rate, now)
        taken = points if points < room else room
        if taken <= 0.0:
            return 0.0
        self.level += taken
        return taken

    def give(self, points: float) -> None:
        """Takes points out again."""
        left = self.level - points
        self.level = left if left > _CRUMB else 0.0

    def wait(self, limit: Limit, now: float) -> float:
        """Seconds until one more fits."""
        return max(0.0, (self.drain(limit.rate, now) + 1.0 - limit.burst) / limit.rate)

    def empty_at(self, limit: Limit, now: float) -> float:
        """When nothing will be left of it."""
        return now + self.drain(limit.rate, now) / limit.rate
