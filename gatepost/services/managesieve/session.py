"""One ManageSieve conversation (RFC 5804 §2): capabilities first, then command by command.

It counts no failed sign-ins: the door `auth` is asked. Scripts pass the door `scripts`, whose compiler also runs them.
"""

from __future__ import annotations

from gatepost.mail.auth import AuthDoor
from gatepost.mail.conduct import Conduct
from gatepost.mail.mailbox import MailboxDoor
from gatepost.mail.scripts import ScriptDoor
from gatepost.model.account import Account
from gatepost.model.errors import GatepostError
from gatepost.net.conversation import FLUSH_AT, Clocks, Conversation
from gatepost.net.wire import Wire
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.managesieve.commands import Authenticate, Fault, FaultKind
from gatepost.proto.managesieve.engine import BEFORE_SIGN_IN, ManageSieveEngine, SieveEvent
from gatepost.proto.managesieve.reply import Kind, Reply, ok
from gatepost.services.managesieve import render
from gatepost.services.managesieve.capabilities import offered
from gatepost.services.managesieve.commands import ANY_STATE, BEFORE_SIGN_IN_ONLY, HANDLERS
from gatepost.services.managesieve.options import ManageSieveOptions


class Session:
    """What one conversation knows; the commands (`commands/`) read and change it."""

    def __init__(
        self,
        *,
        wire: Wire,
        talk: Conversation[SieveEvent],
        engine: ManageSieveEngine,
        auth: AuthDoor,
        mailboxes: MailboxDoor,
        scripts: ScriptDoor,
        conduct: Conduct,
        hostname: str,
        options: ManageSieveOptions,
    ) -> None:
        self.wire, self.talk, self.engine = wire, talk, engine
        self.auth, self._mailboxes = auth, mailboxes
        self.scripts: ScriptDoor = scripts
        self.conduct, self.options = conduct, options
        self._ready = ok(f"{hostname} ready")
        self.account: Account | None = None
        self.over = False
        self.why = "quit"
        self._once_signed_in = self._tried = False

    async def run(self) -> None:
        """The whole conversation. Raises what `Conversation` raises."""
        self.settle(None)
        self.send_capabilities(self._ready)
        while not self.over:
            event = await self.talk.next()
            if event is not None:
                await self._answer(event)
                if self.engine.queued > FLUSH_AT:  # pipelined questions must not pile up answers
                    await self.talk.flush()
        if not self.wire.lost:
            await self.talk.flush()
            self.wire.close(self.why)

    async def _answer(self, event: SieveEvent) -> None:
        if isinstance(event, Fault):
            if event.kind is not FaultKind.TOO_LARGE and event.kind is not FaultKind.NAME:
                self.conduct.bad_command(self.account is not None)
            answer: Reply | None = render.fault_reply(event)
            self.why = "error" if event.kind is FaultKind.LOST else self.why
        else:
            self._tried = self._tried or isinstance(event, Authenticate)
            answer = self._out_of_state(type(event))
            if answer is None:
                try:
                    answer = await HANDLERS[type(event)](self, event)
                except GatepostError as error:
                    answer = render.error_reply(error)
            elif self.account is None and not self._tried:
                self.conduct.out_of_turn()  # what comes with a sign-in that failed is no fault of its own
        if self.conduct.faults >= self.options.max_errors:
            answer, self.why = render.TOO_MANY_ERRORS, "limits"
        if answer is not None:
            self.engine.send(answer)
            self.over = self.over or answer.kind is Kind.BYE

    def _out_of_state(self, command: type) -> Reply | None:
        if command in ANY_STATE or (command in BEFORE_SIGN_IN_ONLY) == (self.account is None):
            return None
        return render.SIGN_IN_FIRST if self.account is None else render.SIGNED_IN_ALREADY

    # -- for the commands -------------------------------------------------------------------------------------------
    @property
    def mail(self) -> AccountMail:
        """The signed-in account's scripts are kept with its mail."""
        return self._mailboxes.open(self.owner)

    @property
    def owner(self) -> Account:
        """Who is signed in; asked only by commands that need it."""
        assert self.account is not None
        return self.account

    def send_capabilities(self, reply: Reply) -> None:
        """The greeting, CAPABILITY's answer, and what follows STARTTLS (RFC 5804 §1.7)."""
        for line in offered(self):
            self.engine.send_strings(line)
        self.engine.send(reply)

    def settle(self, account: Account | None) -> None:
        """Signed in or out: sets how long and how much this client may talk."""
        self.account = account
        options = self.options
        if account is None:
            limit = float(options.sign_in_timeout)
            whole = float(options.connection_timeout) if self._once_signed_in else limit
            self.talk.clocks = Clocks(idle=limit, command=min(limit, options.command_timeout), connection=whole)
            self.engine.room = BEFORE_SIGN_IN
            return
        self._once_signed_in = True
        self.talk.clocks = Clocks(
            idle=options.idle_timeout, command=options.command_timeout, connection=options.connection_timeout
        )
        self.engine.room = options.max_script + BEFORE_SIGN_IN

    def start_afresh(self, engine: ManageSieveEngine) -> None:
        """After the TLS handshake nothing of before is known."""
        self.engine = self.talk.engine = engine
