"""What is remembered of a source besides passwords: how much of each kind of abuse was free, and whether it brings mail.

Not here: what anything weighs (rules/abuse/).
"""

from __future__ import annotations

from gatepost.guard.buckets import Bucket

MOST_ACCEPTED = 1000
"""Messages counted; more earn no more."""


class Conduct:
    """`kinds`: free ones used up, by kind. `accepted` messages for real recipients, the last of them at `accepted_at`."""

    __slots__ = ("accepted", "accepted_at", "kinds", "stored")

    def __init__(self) -> None:
        self.kinds: dict[str, Bucket] = {}
        self.accepted = 0
        self.accepted_at = 0.0
        self.stored = False

    def accept(self, now: float, memory: float) -> None:
        """One more message was delivered from here."""
        self.accepted = min(MOST_ACCEPTED, self.delivered(now, memory) + 1)
        self.accepted_at = now

    def delivered(self, now: float, memory: float) -> int:
        """Messages delivered from here; none where the last one is longer ago than `memory` seconds."""
        return self.accepted if now - self.accepted_at <= memory else 0

    def bucket(self, kind: str, now: float) -> Bucket:
        """The free ones of a kind that are used up."""
        return self.kinds.setdefault(kind, Bucket(now))

    def worth(self) -> float:
        """How much it would hurt to forget it."""
        return self.accepted + sum(bucket.level for bucket in self.kinds.values())

    def over(self, now: float, memory: float, day: float) -> bool:
        """Nothing worth keeping is left."""
        return not self.delivered(now, memory) and all(now - bucket.at > day for bucket in self.kinds.values())
