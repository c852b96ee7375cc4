"""What is remembered of a source (IPv4 /32, IPv6 /64) and of the networks around it: points, breadth, evidence.

Only sources that failed at something have an entry; a right sign-in leaves none behind.
"""

from __future__ import annotations

from functools import lru_cache

from gatepost.guard.buckets import Bucket, Limit
from gatepost.model.events import Evidence

_SHOWN = 8  # logins and doors named in evidence
_RECENT = 8  # wrong attempts that may yet be given back


@lru_cache(maxsize=1024)
def _with(shown: tuple[str, ...], name: str) -> tuple[str, ...]:
    """One more door or login to show. Thousands of sources share a handful of tuples of doors; a source and the networks
    around it share those of logins."""
    return (*shown[1 - _SHOWN :], name)


@lru_cache(maxsize=1024)
def _and(tags: tuple[int, ...], tag: int) -> tuple[int, ...]:
    """One more tag: those who try one account share the tuple."""
    return (*tags, tag)


class Source(Bucket):
    """`logins` are short tags of the different logins it failed on; `held` points reserved by attempts in flight."""

    __slots__ = (
        "doors", "failures", "first", "held", "in_flight", "last", "logins", "names", "proven", "proven_day",
        "reason", "recent", "refunds", "stored",
    )  # fmt: skip

    def __init__(self, now: float, level: float = 0.0) -> None:
        self.level = level
        self.at = now
        self.in_flight = 0
        self.held = 0.0
        self.logins: tuple[int, ...] = ()
        self.recent: tuple[float, ...] = ()  # login's tag, points, when; and so on
        self.refunds: dict[int, Bucket] | None = None
        self.proven = 0
        self.proven_day = -1
        self.stored = False
        self.last = 0.0
        self.failures = 0
        self.first = 0.0
        self.names: tuple[str, ...] = ()
        self.doors: tuple[str, ...] = ()
        self.reason = ""

    def fresh_evidence(self) -> None:
        """The next ban tells its own story. Breadth is not forgotten."""
        self.failures, self.first = 0, 0.0
        self.names = self.doors = ()
        self.reason = ""

    @property
    def idle(self) -> bool:
        """Nothing worth keeping."""
        return not (self.level or self.in_flight or self.logins or self.failures)

    def settled(self, limit: Limit, now: float) -> bool:
        """Whether it is full without what is in flight, which may yet be right."""
        return self.full(limit, now, self.held)

    def note(self, name: str, door: str, now: float) -> None:
        """One more failure, for the evidence."""
        self.failures += 1
        self.first = self.first or now
        self.last = now
        if name and name not in self.names:
            self.names = _with(self.names, name)
        if door and door not in self.doors:
            self.doors = _with(self.doors, door)

    def note_login(self, tag: int, most: int) -> int:
        """The number of different logins it failed on, `tag` among them."""
        if tag not in self.logins and len(self.logins) < most:
            self.logins = _and(self.logins, tag)
        return max(1, len(self.logins))

    def note_recent(self, tag: int, points: float, now: float) -> None:
        """Points that a right sign-in by the same login may give back."""
        self.recent = (*self.recent[3 - 3 * _RECENT :], tag, points, now)

    def refundable(self, tag: int, since: float) -> float:
        """Takes out and returns the points of `tag`'s wrong attempts after `since`."""
        points = 0.0
        others: tuple[float, ...] = ()
        for at in range(0, len(self.recent), 3):
            one = self.recent[at : at + 3]
            if one[2] >= since and one[0] == tag:
                points += one[1]
            elif one[2] >= since:
                others += one
        self.recent = others
        return points

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

    def evidence(self, reason: str) -> Evidence:
        """Why there is a ban."""
        return Evidence(
            reason=reason, doors=self.doors, logins=self.names, failures=self.failures, first=self.first, last=self.last
        )


class Neighbourhood(Source):
    """A network around sources. `logins` are tags of the different parts of it that failed."""

    __slots__ = ()
