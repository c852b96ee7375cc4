"""SMTP as a service: what the acceptor hands connections to. One session, two roles: MX and submission (RFC 6409)."""

from __future__ import annotations

from gatepost.journal import Journal
from gatepost.mail.auth import AuthDoor
from gatepost.mail.intake import Intake
from gatepost.mail.submission import SubmissionDoor
from gatepost.net.conversation import Budget, Clocks, conversation
from gatepost.net.wire import Wire
from gatepost.ports.clock import Clock
from gatepost.proto.engine import Engine
from gatepost.proto.smtp.engine import SmtpEngine, SmtpEvent
from gatepost.services.smtp import render
from gatepost.services.smtp.conduct import SmtpConduct
from gatepost.services.smtp.doors import Doors, Role
from gatepost.services.smtp.options import SmtpOptions
from gatepost.services.smtp.session import Session


class SmtpService:
    """See `net.conversation.Service`. `hostname` is what it calls itself."""

    def __init__(
        self,
        *,
        role: Role,
        auth: AuthDoor,
        intake: Intake,
        submission: SubmissionDoor,
        journal: Journal,
        clock: Clock,
        budget: Budget,
        hostname: str,
        options: SmtpOptions,
    ) -> None:
        self._auth, self._doors = auth, Doors(role, intake, submission)
        self._journal, self._clock, self._budget = journal, clock, budget
        self._hostname, self._options = hostname, options

    async def serve(self, wire: Wire) -> None:
        """One conversation. Raises what `Conversation` raises."""
        engine = SmtpEngine()
        begin = Clocks(idle=self._options.idle_timeout, command=self._options.command_timeout)
        spoken: Engine[SmtpEvent] = engine
        async with conversation(wire, spoken, begin, self._budget) as talk:
            session = Session(
                wire=wire,
                talk=talk,
                engine=engine,
                auth=self._auth,
                doors=self._doors,
                conduct=SmtpConduct(wire.connection, self._journal, self._clock, self._options),
                budget=self._budget,
                hostname=self._hostname,
                options=self._options,
            )
            talk.clocks = session.clocks()
            await session.run()

    def farewell(self, why: str) -> bytes:
        """421 with a fixed text for `timeout`, `stopping`, `busy` or `error`."""
        return render.farewell(why, self._hostname).encode()
