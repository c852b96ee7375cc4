"""How a client behaves, as the guard is told of it; and when this conversation has had enough.

Counting for bans is the guard's work (rules), not this one's: here ends one conversation, nothing else.
"""

from __future__ import annotations

from gatepost.journal import Journal
from gatepost.model.connection import Connection
from gatepost.model.events import Abuse
from gatepost.ports.clock import Clock
from gatepost.proto.smtp.reply import Reply
from gatepost.services.smtp.options import SmtpOptions
from gatepost.services.smtp.render import TOO_MANY_ERRORS, TOO_MUCH_CHATTER

FREE_ERRORS = 2
"""Bad commands of one conversation that the guard is not told of: people type, and clients probe for extensions."""


class Conduct:
    """One conversation's."""

    def __init__(self, connection: Connection, journal: Journal, clock: Clock, options: SmtpOptions) -> None:
        self._connection, self._journal, self._clock, self._options = connection, journal, clock, options
        self._errors = self._bad = self._fruitless = 0

    def abuse(self, kind: str, points: float = 1.0) -> None:
        """Tells the journal, and so the guard."""
        at, who = self._clock.now(), self._connection
        self._journal.note(Abuse(at, who.id, who.door.value, str(who.client), kind, points))

    def bad_command(self) -> None:
        """A line that no client of good will sends."""
        self._bad += 1
        if self._bad > FREE_ERRORS:
            self.abuse("bad-command")

    def refused(self) -> None:
        """A command was answered with 5xx."""
        self._errors += 1

    def fruitless(self) -> None:
        """A command brought no mail forward."""
        self._fruitless += 1

    def delivered(self) -> None:
        """A message was taken: the chatter is forgiven."""
        self._fruitless = 0

    @property
    def verdict(self) -> Reply | None:
        """The reply to end with, once it is enough."""
        if self._errors >= self._options.max_errors:
            return TOO_MANY_ERRORS
        return TOO_MUCH_CHATTER if self._fruitless >= self._options.max_fruitless else None
