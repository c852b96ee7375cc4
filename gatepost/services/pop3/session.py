"""One POP3 conversation: AUTHORIZATION, TRANSACTION, UPDATE (RFC 1939 §3).

It counts no failed sign-ins: the door `auth` is asked. A conversation that ends without QUIT removes nothing.
"""

from __future__ import annotations

from gatepost.mail.auth import AuthDoor
from gatepost.mail.conduct import Conduct
from gatepost.mail.mailbox import MailboxDoor
from gatepost.model.account import Account
from gatepost.net.conversation import FLUSH_AT, Clocks, Conversation
from gatepost.net.wire import Wire
from gatepost.proto.pop3.commands import Fault
from gatepost.proto.pop3.engine import Pop3Engine, Pop3Event
from gatepost.proto.pop3.reply import Reply, ok
from gatepost.services.pop3 import render
from gatepost.services.pop3.commands import ANY_STATE, BEFORE_SIGN_IN, HANDLERS, SIGN_IN
from gatepost.services.pop3.maildrop import Locks, Maildrop, open_maildrop
from gatepost.services.pop3.options import Pop3Options


class Session:
    """What one conversation knows; the commands (`commands/`) read and change it."""

    def __init__(
        self,
        *,
        wire: Wire,
        talk: Conversation[Pop3Event],
        engine: Pop3Engine,
        auth: AuthDoor,
        mailboxes: MailboxDoor,
        locks: Locks,
        conduct: Conduct,
        hostname: str,
        options: Pop3Options,
    ) -> None:
        self.wire, self.talk, self.engine, self.auth = wire, talk, engine, auth
        self._mailboxes, self._locks = mailboxes, locks
        self.conduct, self.hostname, self.options = conduct, hostname, options
        self.user: str | None = None
        self.account: Account | None = None
        self.maildrop: Maildrop | None = None
        self.over = self._tried = False
        self.as_stored = not options.ascii_headers
        self.why = "quit"

    async def run(self) -> None:
        """The whole conversation. Raises what `Conversation` raises."""
        self.talk.clocks = self._clocks()
        self.engine.send(ok(f"{self.hostname} POP3 ready"))
        try:
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
            if self.account is not None:
                self._locks.release(self.account.id)

    async def _answer(self, event: Pop3Event) -> None:
        if isinstance(event, Fault):
            self.conduct.bad_command(self.maildrop is not None)
            self.engine.send(render.fault_reply(event))
            self._check_patience()
            return
        self._tried = self._tried or type(event) in SIGN_IN
        answer = self._out_of_state(type(event))
        if answer is None:
            answer = await HANDLERS[type(event)](self, event)
        elif self.maildrop is None and not self._tried:  # what comes with a sign-in that failed is no fault of its own
            self.conduct.out_of_turn()
        if answer is not None:
            self.engine.send(answer)
        self._check_patience()

    def _check_patience(self) -> None:
        if self.conduct.faults >= self.options.max_errors:
            self.engine.send(render.TOO_MANY_ERRORS)
            self.over, self.why = True, "limits"

    def _out_of_state(self, command: type) -> Reply | None:
        if command in ANY_STATE or (command in BEFORE_SIGN_IN) == (self.maildrop is None):
            return None
        return render.SIGN_IN_FIRST if self.maildrop is None else render.SIGNED_IN_ALREADY

    # -- for the commands -------------------------------------------------------------------------------------------
    async def open(self, account: Account) -> Reply:
        """After a right password: locks the maildrop and looks at it. The session stays signed out where that fails."""
        if not self._locks.take(account.id):
            return render.IN_USE  # RFC 2449 §8.1.2
        try:
            self.maildrop = await open_maildrop(self._mailboxes.open(account))
        except BaseException:
            self._locks.release(account.id)
            raise
        self.account = account
        self.talk.clocks = self._clocks()
        count = self.maildrop.count
        return ok(f"{count} messages")

    def start_afresh(self, engine: Pop3Engine) -> None:
        """After the TLS handshake nothing of before is known (RFC 2595 §4)."""
        self.engine = self.talk.engine = engine
        self.user = None
        self.as_stored = not self.options.ascii_headers

    def _clocks(self) -> Clocks:
        options = self.options
        if self.maildrop is None:
            limit = float(options.sign_in_timeout)
            return Clocks(idle=limit, command=min(limit, options.command_timeout), connection=limit)
        return Clocks(idle=options.idle_timeout, command=options.command_timeout, connection=options.connection_timeout)
