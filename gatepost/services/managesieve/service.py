"""ManageSieve as a service: what the acceptor hands connections to."""

from __future__ import annotations

from gatepost.journal import Journal
from gatepost.mail.auth import AuthDoor
from gatepost.mail.conduct import Conduct
from gatepost.mail.mailbox import MailboxDoor
from gatepost.mail.scripts import ScriptDoor
from gatepost.net.conversation import Budget, Clocks, conversation
from gatepost.net.wire import Wire
from gatepost.ports.clock import Clock
from gatepost.proto.engine import Engine
from gatepost.proto.managesieve.engine import ManageSieveEngine, SieveEvent
from gatepost.services.managesieve import render
from gatepost.services.managesieve.options import ManageSieveOptions
from gatepost.services.managesieve.session import Session


class ManageSieveService:
    """See `net.conversation.Service`."""

    def __init__(
        self,
        *,
        auth: AuthDoor,
        mailboxes: MailboxDoor,
        scripts: ScriptDoor,
        journal: Journal,
        clock: Clock,
        budget: Budget,
        hostname: str,
        options: ManageSieveOptions,
    ) -> None:
        self._auth, self._mailboxes, self._scripts = auth, mailboxes, scripts
        self._journal, self._clock, self._budget = journal, clock, budget
        self._hostname, self._options = hostname, options

    async def serve(self, wire: Wire) -> None:
        """One conversation. Raises what `Conversation` raises."""
        engine = ManageSieveEngine()
        spoken: Engine[SieveEvent] = engine
        begin = Clocks(idle=self._options.sign_in_timeout, command=self._options.command_timeout)
        async with conversation(wire, spoken, begin, self._budget) as talk:
            await Session(
                wire=wire,
                talk=talk,
                engine=engine,
                auth=self._auth,
                mailboxes=self._mailboxes,
                scripts=self._scripts,
                conduct=Conduct(wire.connection, self._journal, self._clock),
                hostname=self._hostname,
                options=self._options,
            ).run()

    def farewell(self, why: str) -> bytes:
        """BYE with a fixed text for `timeout`, `stopping`, `busy` or `error`."""
        return render.farewell(why).encode()
