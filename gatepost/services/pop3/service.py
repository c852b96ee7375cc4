"""POP3 as a service: what the acceptor hands connections to."""

from __future__ import annotations

from gatepost.journal import Journal
from gatepost.mail.auth import AuthDoor
from gatepost.mail.conduct import Conduct
from gatepost.mail.mailbox import MailboxDoor
from gatepost.net.conversation import Budget, Clocks, conversation
from gatepost.net.wire import Wire
from gatepost.ports.clock import Clock
from gatepost.proto.engine import Engine
from gatepost.proto.pop3.engine import Pop3Engine, Pop3Event
from gatepost.services.pop3 import render
from gatepost.services.pop3.maildrop import Locks
from gatepost.services.pop3.options import Pop3Options
from gatepost.services.pop3.session import Session


class Pop3Service:
    """See `net.conversation.Service`. `hostname` is what it calls itself."""

    def __init__(
        self,
        *,
        auth: AuthDoor,
        mailboxes: MailboxDoor,
        journal: Journal,
        clock: Clock,
        budget: Budget,
        hostname: str,
        options: Pop3Options,
    ) -> None:
        self._auth, self._mailboxes = auth, mailboxes
        self._journal, self._clock, self._budget = journal, clock, budget
        self._hostname, self._options = hostname, options
        self._locks = Locks()

    async def serve(self, wire: Wire) -> None:
        """One conversation. Raises what `Conversation` raises."""
        engine = Pop3Engine()
        spoken: Engine[Pop3Event] = engine
        begin = Clocks(idle=self._options.sign_in_timeout, command=self._options.command_timeout)
        async with conversation(wire, spoken, begin, self._budget) as talk:
            await Session(
                wire=wire,
                talk=talk,
                engine=engine,
                auth=self._auth,
                mailboxes=self._mailboxes,
                locks=self._locks,
                conduct=Conduct(wire.connection, self._journal, self._clock),
                hostname=self._hostname,
                options=self._options,
            ).run()

    def farewell(self, why: str) -> bytes:
        """`-ERR` with a fixed text for `timeout`, `stopping`, `busy` or `error`."""
        return render.farewell(why).encode()
