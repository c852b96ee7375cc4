"""When an SMTP conversation has had enough. What the guard makes of it is not decided here."""

from __future__ import annotations

from gatepost.journal import Journal
from gatepost.mail.conduct import Conduct
from gatepost.model.connection import Connection
from gatepost.ports.clock import Clock
from gatepost.proto.smtp.reply import Reply
from gatepost.services.smtp.options import SmtpOptions
from gatepost.services.smtp.render import TOO_MANY_ERRORS, TOO_MUCH_CHATTER

RECIPIENT_WEIGHT = 0.2
"""Of a refused recipient among the errors; the guard counts unknown recipients on its own."""


class SmtpConduct(Conduct):
    """One conversation's."""

    def __init__(self, connection: Connection, journal: Journal, clock: Clock, options: SmtpOptions) -> None:
        super().__init__(connection, journal, clock)
        self._options = options
        self._errors, self._fruitless = 0.0, 0

    def refused(self, recipient: bool) -> None:
        """A command was answered with 5xx. A recipient weighs less: a message to a hundred, some of whom have left, must not
        be cut off before those who haven't got it."""
        self._errors += RECIPIENT_WEIGHT if recipient else 1.0

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
