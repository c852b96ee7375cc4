"""How a client behaves, told to the journal and so to the guard. Counting for bans is the guard's work, not this one's."""

from __future__ import annotations

from gatepost.journal import Journal
from gatepost.model.connection import Connection
from gatepost.model.events import Abuse
from gatepost.ports.clock import Clock

FREE_ERRORS = 2
"""Bad commands of one conversation that the guard is not told of: people type, and clients probe for extensions."""


class Conduct:
    """One conversation's."""

    def __init__(self, connection: Connection, journal: Journal, clock: Clock) -> None:
        self._connection, self._journal, self._clock = connection, journal, clock
        self.bad = self.early = 0

    @property
    def faults(self) -> int:
        """Lines that a client of good will would not have sent."""
        return self.bad + self.early

    def abuse(self, kind: str) -> None:
        """`kind` names a rule of guard/rules/abuse/."""
        at, who = self._clock.now(), self._connection
        self._journal.note(Abuse(at, who.id, who.door.value, str(who.client), kind))

    def bad_command(self, known: bool = False) -> None:
        """A line that no client of good will sends. `known`: from somebody signed in, who may have a poor client."""
        self.bad += 1
        if self.bad > FREE_ERRORS and not known:
            self.abuse("bad-command")

    def out_of_turn(self) -> None:
        """A command for those signed in, from somebody who has not even tried."""
        self.early += 1
        if self.early > FREE_ERRORS:
            self.abuse("out-of-turn")
