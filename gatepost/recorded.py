"""The guard as the gate holds it: whatever it is told by hand is noted, and its seconds are whole, so that the journal of
a server can be replayed exactly (law 13).

Not here: attempts and abuse, which the gate notes itself; deciding anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from gatepost.guard.engine import Guard
from gatepost.guard.familiarity import Tagger
from gatepost.guard.options import GuardOptions
from gatepost.guard.state import UNKNOWN_SLOTS
from gatepost.model.account import Login
from gatepost.model.address import Network
from gatepost.model.events import Event, GuardTold

CATCH_UP = 60
"""Seconds that are made up for when the process stood still; past that they are left out, and noted."""


class Seconds:
    """The guard ticks once for each whole second that begins, at that second and before anything later is asked: not when
    a timer happened to fire."""

    def __init__(self, now: float) -> None:
        self._last = int(now)

    def jumped(self, now: float) -> bool:
        """Whether the clock was set, or stood still, so that seconds must be left out with `jump`."""
        return abs(int(now) - self._last) > CATCH_UP

    def jump(self, now: float) -> None:
        """The next tick is that of `now`'s second."""
        self._last = int(now) - 1

    def until(self, now: float) -> Iterator[float]:
        """The ticks that are due, in order."""
        while self._last < int(now):
            self._last += 1
            yield float(self._last)


def as_noted(options: GuardOptions) -> dict[str, Any]:
    """A policy as `GuardLoaded` holds it: plain values, durations in seconds."""
    values: dict[str, Any] = msgspec.to_builtins(options, enc_hook=float)
    return values


def from_noted(policy: dict[str, Any]) -> GuardOptions:
    """The policy again. Raises msgspec.ValidationError where its options are none of this version's."""
    return msgspec.convert(policy, GuardOptions, dec_hook=lambda kind, value: kind(value))


def slot_of(tagger: Tagger, login: Login) -> int:
    """Which counters an unknown login shares with others; -1 for one that somebody has."""
    return -1 if login.account is not None else tagger.login(login.key) % UNKNOWN_SLOTS


class RecordedGuard(Guard):
    """`moment` brings the ticks up to date and gives the time; `note` takes what was told, without its order."""

    def __init__(
        self, options: GuardOptions, hash_key: bytes, moment: Callable[[], float], note: Callable[[GuardTold], None]
    ) -> None:
        super().__init__(options, hash_key)
        self._moment, self._note = moment, note

    def ban(self, network: Network, now: float, seconds: float | None, reason: str, by: str) -> tuple[Event, ...]:
        events = super().ban(network, now, seconds, reason, by)
        self._note(GuardTold(now, "ban", str(network), reason, by, seconds))
        return events

    def lift(self, network: Network, now: float, by: str) -> tuple[Event, ...]:
        events = super().lift(network, now, by)
        self._note(GuardTold(now, "lift", str(network), "", by))
        return events

    def allow(self, network: Network, note: str = "") -> None:
        now = self._moment()
        super().allow(network, note)
        self._note(GuardTold(now, "allow", str(network), note))

    def disallow(self, network: Network) -> bool:
        now = self._moment()
        was = super().disallow(network)
        self._note(GuardTold(now, "disallow", str(network)))
        return was

    def protect(self, networks: Iterable[Network]) -> None:
        self._each("protect", super().protect, networks)

    def expose(self, networks: Iterable[Network]) -> None:
        self._each("expose", super().expose, networks)

    def unexpose(self, networks: Iterable[Network]) -> None:
        self._each("unexpose", super().unexpose, networks)

    def _each(self, what: str, tell: Callable[[Iterable[Network]], None], networks: Iterable[Network]) -> None:
        for network in networks:
            now = self._moment()
            tell((network,))
            self._note(GuardTold(now, what, str(network)))

    def forget(self, key: str) -> None:
        now = self._moment()
        super().forget(key)
        self._note(GuardTold(now, "forget", key))
