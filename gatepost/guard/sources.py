"""What is remembered of a source (IPv4 /32, IPv6 /64) and of the networks around it: points, breadth, evidence.

Only sources that failed at something have an entry; a right sign-in leaves none behind.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec.structs import replace

from gatepost.guard.buckets import Bucket, Budget
from gatepost.model.events import Evidence

_SHOWN = 8  # logins and doors named in evidence
_RECENT = 8  # wrong attempts that may yet be given back
_NOTHING = Evidence(reason="")


@lru_cache(maxsize=4096)
def failure(name: str, door: str) -> Evidence:
    """What is shown of one failure: thousands of sources that try one account share it."""
    return Evidence("", (door,) if door else (), (name,) if name else ())


def _with(shown: Evidence, one: Evidence) -> Evidence:
    """One more failure's login and door to show."""
    names, doors = shown.logins, shown.doors
    new_names = tuple(name for name in one.logins if name not in names)
    new_doors = tuple(door for door in one.doors if door not in doors)
    if not new_names and not new_doors:
        return shown
    return Evidence(shown.reason, (*doors, *new_doors)[-_SHOWN:], (*names, *new_names)[-_SHOWN:])


@lru_cache(maxsize=4096)
def _only(tag: int) -> tuple[int, ...]:
    """One tag: those who try one account share it."""
    return (tag,)


@lru_cache(maxsize=4096)
def _only_recent(tag: int, points: float) -> tuple[float, ...]:
    """The same of one wrong attempt."""
    return (tag, points)


class Watched(Budget):
    """What sources and networks have in common. `logins` tell how broad the failures were. Of the `failures` since
    the last ban: when the `first` and the `last` were, and what is `shown` of them (logins, doors, and a reason where it is
    not passwords). Times outlive the ban: until the next failure they are those of the ones that led to it."""

    __slots__ = ("failures", "first", "last", "logins", "shown", "stored")

    def __init__(self, now: float, level: float = 0.0) -> None:
        self.level = level
        self.at = now
        self.held = 0.0
        self.in_flight = 0
        self.logins: tuple[int, ...] = ()
        self.failures = 0
        self.first = self.last = 0.0
        self.shown = _NOTHING
        self.stored = False

    @property
    def idle(self) -> bool:
        """Nothing worth keeping."""
        return not (self.level or self.in_flight or self.logins or self.failures)

    def note(self, one: Evidence, now: float) -> None:
        """One more failure, for the evidence."""
        if not self.failures:
            self.first = now
        self.failures += 1
        self.last = now
        shown = self.shown
        if shown is not one:
            self.shown = one if shown is _NOTHING else _with(shown, one)

    def because(self, reason: str) -> None:
        """That what failed last was not a password."""
        self.shown = replace(self.shown, reason=reason)

    def evidence(self, reason: str) -> Evidence:
        """Why there is a ban."""
        shown = self.shown
        first = self.first if self.failures else 0.0
        return Evidence(reason, shown.doors, shown.logins, self.failures, first, self.last)

    def fresh_evidence(self) -> None:
        """The next ban tells its own story. Breadth, and when failures were, are not forgotten."""
        self.failures, self.shown = 0, _NOTHING


class Source(Watched):
    """`logins` are short tags of the different logins it failed on. `recent` wrong attempts may yet be given back, a row without
    a long pause up to the last failure: login's tag, points; and so on. `refunds`: what was given back lately, by login."""

    __slots__ = ("recent", "refunds")

    def __init__(self, now: float, level: float = 0.0) -> None:
        Watched.__init__(self, now, level)
        self.recent: tuple[float, ...] = ()
        self.refunds: dict[int, Bucket] | None = None

    def note_login(self, tag: int, most: int) -> int:
        """The number of different logins it failed on, `tag` among them; `most` are counted."""
        logins = self.logins
        if tag not in logins and len(logins) < most:
            logins = self.logins = (*logins, tag) if logins else _only(tag)
        return len(logins)

    def note_recent(self, tag: int, points: float, since: float) -> None:
        """Points that a right sign-in by the same login may give back. The row begins anew if nothing failed `since` then;
        to be called before the failure is noted."""
        if self.recent and self.last >= since:
            self.recent = (*self.recent[2 - 2 * _RECENT :], tag, points)
        else:
            self.recent = _only_recent(tag, points)

    def refundable(self, tag: int, since: float) -> float:
        """Takes out and returns the points of `tag`'s wrong attempts; none if nothing failed `since` then."""
        points = 0.0
        others: tuple[float, ...] = ()
        if self.last >= since:
            for at in range(0, len(self.recent), 2):
                one = self.recent[at : at + 2]
                if one[0] == tag:
                    points += one[1]
                else:
                    others += one
        self.recent = others
        return points

    def left(self, rate: float, now: float) -> float:
        """What a bucket that loses `rate` would still hold of the recent wrong passwords, at the least: as if all had come with
        the first failure."""
        since_first = self.recent[1::2][-self.failures :]  # all, where nothing failed since the last ban
        return max(0.0, sum(since_first) - rate * (now - self.first))

    def refund_allowance(self, tag: int, now: float) -> Bucket:
        """What has been given back to one login here lately. The oldest of eight is forgotten."""
        if self.refunds is None:
            self.refunds = {}
        bucket = self.refunds.get(tag)
        if bucket is None:
            if len(self.refunds) >= _RECENT:
                del self.refunds[next(iter(self.refunds))]
            bucket = self.refunds[tag] = Bucket(now)
        return bucket


class Neighbourhood(Watched):
    """A network around sources. `logins` are tags of the different parts of it that failed."""

    __slots__ = ()

    def note_part(self, child: int, most: int) -> int:
        """The number of different parts that failed, that with the key `child` among them; `most` are counted."""
        parts = self.logins
        if len(parts) < most:
            part = child >> 9 & 0xFFFFFFFF  # the last bits of its prefix, which tell it from the others
            if part not in parts:
                parts = self.logins = (*parts, part)
        return len(parts)
