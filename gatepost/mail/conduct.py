"""How a client behaves, told to the journal and so to the guard. Counting for bans is the guard's work, not this one's."""

from __future__ import annotations

from gatepost.journal import Journal
from gatepost.model.connection import Connection
from gatepost.model.events import Abuse
from gatepost.ports.clock import Clock

FREE_ERRORS = 2
"""Bad commands of one conversation that the guard is not told of: people type, and clients probe for extensions."""

POINTS = {
    "early-talker": 1.0,
    "tls-injection": 1.0,
    "bad-command": 0.5,
    # a server that used to be this domain's MX, and a newsletter's old addresses, must not get a mail server banned
    "relay-attempt": 0.5,
    "no-such-recipient": 0.1,
}
"""What each kind weighs, where a wrong password weighs 1. A new kind is one line."""


class Conduct:
    """One conversation's."""

    def __init__(self, connection: Connection, journal: Journal, clock: Clock) -> None:
        self._connection, self._journal, self._clock = connection, journal, clock
        self.bad = 0

    def abuse(self, kind: str) -> None:
        """`kind` is one of `POINTS`."""
        at, who = self._clock.now(), self._connection
        self._journal.note(Abuse(at, who.id, who.door.value, str(who.client), kind, POINTS[kind]))

    def bad_command(self) -> None:
        """A line that no client of good will sends."""
        self.bad += 1
        if self.bad > FREE_ERRORS:
            self.abuse("bad-command")
