"""One SMTP conversation, MX or submission: greet, then answer each command until it is over.

It counts no failed sign-ins and knows no addresses: doors are asked, the journal is told. 250 for a message is said only
after a door returned, which means on disk.
"""

from __future__ import annotations

import asyncio

from gatepost.mail.auth import AuthDoor
from gatepost.model.account import Account
from gatepost.net.conversation import FLUSH_AT, Budget, Clocks, Conversation
from gatepost.net.wire import Wire, Woken
from gatepost.proto.smtp.commands import Fault, Hello, Rcpt
from gatepost.proto.smtp.engine import SmtpEngine, SmtpEvent
from gatepost.proto.smtp.reply import Reply, reply
from gatepost.services.smtp import render
from gatepost.services.smtp.commands import FRUITLESS, HANDLERS
from gatepost.services.smtp.conduct import SmtpConduct
from gatepost.services.smtp.doors import Doors
from gatepost.services.smtp.options import SmtpOptions
from gatepost.services.smtp.transaction import Transaction


class Session:
    """What one conversation knows; the commands (`commands/`) read and change it."""

    def __init__(
        self,
        *,
        wire: Wire,
        talk: Conversation[SmtpEvent],
        engine: SmtpEngine,
        auth: AuthDoor,
        doors: Doors,
        conduct: SmtpConduct,
        budget: Budget,
        hostname: str,
        options: SmtpOptions,
    ) -> None:
        self.wire, self.talk, self.engine = wire, talk, engine
        self.auth, self.doors, self.conduct = auth, doors, conduct
        self.budget, self.hostname, self.options = budget, hostname, options
        self.hello: Hello | None = None
        self.account: Account | None = None
        self.transaction: Transaction | None = None
        self.over = False
        self.why = "quit"

    async def run(self) -> None:
        """The whole conversation. Raises what `Conversation` raises."""
        try:
            await self._greet()
            while not self.over:
                event = await self.talk.next()
                if event is not None:
                    await self._answer(event)
                    if self.engine.queued > FLUSH_AT:  # pipelined questions must not pile up answers
                        await self.talk.flush()
            if not self.wire.lost:
                await self.talk.flush()
                self.wire.close(self.why)
        finally:
            self.forget_transaction()

    async def _greet(self) -> None:
        if await self._talks_first():
            self.conduct.abuse("early-talker")
            if self.options.early_talkers == "refuse":
                self.engine.send(render.NOT_YOUR_TURN)
                self.over, self.why = True, "limits"
                return
        self.engine.send(reply(220, "", f"{self.hostname} ESMTP Gatepost"))

    async def _talks_first(self) -> bool:
        """Whether octets came before the greeting (RFC 5321 §3.1 has the client wait), within the delay if there is one."""
        if self.wire.unread or not self.options.greeting_delay:
            return self.wire.unread > 0
        try:
            async with asyncio.timeout(self.options.greeting_delay):
                data = await self.wire.read()
        except TimeoutError:
            return False
        if isinstance(data, Woken) or not data:
            return False
        self.engine.receive_data(data)
        return True

    async def _answer(self, event: SmtpEvent) -> None:
        if isinstance(event, Fault):
            self.conduct.bad_command(self.account is not None)
            answer: Reply | None = render.fault_reply(event)
            if event.verb == "BDAT":  # how many octets of content follow nobody knows
                self.over, self.why = True, "error"
        else:
            answer = await HANDLERS[type(event)](self, event)
            if type(event) in FRUITLESS:
                self.conduct.fruitless()
        if answer is None:
            return
        self.engine.send(answer)
        if answer.code >= 500:
            self.conduct.refused(recipient=isinstance(event, Rcpt))
        enough = self.conduct.verdict
        if enough is not None and not self.over:
            self.engine.send(enough)
            self.over, self.why = True, "limits"

    # -- for the commands -------------------------------------------------------------------------------------------
    @property
    def mechanisms(self) -> tuple[str, ...]:
        """SASL mechanisms to be had now; () where sign-in is not offered or the path is not private enough."""
        return self.auth.mechanisms(self.wire.connection) if self.offers_sign_in else ()

    @property
    def offers_sign_in(self) -> bool:
        """Whether there is an AUTH at this door at all."""
        wanted = self.options.sign_in
        return self.doors.requires_sign_in if wanted is None else wanted

    async def next_event(self, finishing: bool = False) -> SmtpEvent:
        """The next event within a command. `finishing`: a stopping server waits for it too."""
        while True:
            event = await self.talk.next(finishing)
            if event is not None:
                return event

    def forget_transaction(self) -> None:
        """RSET, a new EHLO, the message's end: all lead here (RFC 5321 §4.1.1.5)."""
        if self.transaction is not None:
            self.transaction.collector.release()
            self.transaction = None

    def start_afresh(self, engine: SmtpEngine) -> None:
        """After the TLS handshake nothing of before is known (RFC 3207 §4.2)."""
        self.engine = self.talk.engine = engine
        self.hello = self.account = None
        self.forget_transaction()

    def clocks(self) -> Clocks:
        """How long this client may take, by whether it must sign in and has."""
        options = self.options
        if self.doors.requires_sign_in and self.account is None:
            limit = float(options.sign_in_timeout)
            return Clocks(idle=limit, command=min(limit, options.command_timeout), connection=limit)
        return Clocks(idle=options.idle_timeout, command=options.command_timeout, connection=options.connection_timeout)
