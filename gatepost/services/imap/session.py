"""One IMAP conversation: greeting, commands, goodbye. What each command does is in `commands/`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from gatepost.mail.conduct import Conduct
from gatepost.net.conversation import Clocks, Conversation, conversation
from gatepost.net.wire import InjectedPlaintext, Wire
from gatepost.proto.imap.commands import Authenticate, Command, Login, Unauthenticate
from gatepost.proto.imap.engine import ImapEngine
from gatepost.proto.imap.events import Event, GaveUp, Malformed, Received
from gatepost.proto.imap.limits import BEFORE_LOGIN
from gatepost.proto.imap.render.status import Status, bad, bye, no, ok
from gatepost.services.imap.capability import capability_code
from gatepost.services.imap.context import Context, House
from gatepost.services.imap.handler import State
from gatepost.services.imap.notifying import notify
from gatepost.services.imap.render import EXPECTED, answer
from gatepost.services.imap.table import HANDLERS
from gatepost.services.imap.updates import report, report_at_once

_ENOUGH = bye("Enough of this")
_SIGN_INS = (Login, Authenticate)


class ImapSession:
    """From the greeting, or from a finished TLS handshake, to the end."""

    def __init__(self, house: House, wire: Wire) -> None:
        self._house, self._wire = house, wire
        self._conduct = Conduct(wire.connection, house.journal, house.clock)
        self._commands = self._refusals = 0
        self._tried = False
        self._why = "quit"

    async def converse(self, greeted: bool) -> bool:
        """True where TLS was begun and the conversation starts anew. Raises what `Conversation` raises."""
        engine = ImapEngine(BEFORE_LOGIN)
        patience = self._house.options.login_timeout
        clocks = Clocks(idle=patience, command=patience, connection=patience)
        talking: AbstractAsyncContextManager[Conversation[Event]] = conversation(
            self._wire, engine, clocks, self._house.budget
        )
        async with talking as talk:
            context = Context(self._house, self._wire, engine, talk)
            try:
                if not greeted:
                    greeting = ok(f"{self._house.hostname} Gatepost ready", capability_code(context))
                    context.send(greeting.render())
                while not context.over:
                    event = await talk.next()
                    if event is not None:
                        await self._handle(context, event)
                    elif context.listening and not engine.pending:  # else once the command that is coming is done
                        await report_at_once(context)
                    if context.upgrade and not context.over:
                        await self._start_tls(talk)
                        return True
                await talk.flush()
            finally:
                context.unselect()
                context.deafen()
        self._wire.close(self._why)
        return False

    async def _start_tls(self, talk: Conversation[Event]) -> None:
        try:
            await talk.start_tls()
        except InjectedPlaintext:
            self._conduct.abuse("tls-injection")
            raise

    async def _handle(self, context: Context, event: Event) -> None:
        match event:
            case Received(tag, command):
                context.tag = tag
                await self._obey(context, tag, command)
            case Malformed(tag, text, code, refused):
                context.send((no if refused else bad)(text, code).render(tag))
                self._count_fault(context)
            case GaveUp(text, code):
                self._end(context, bye(text, code))
                self._count_fault(context)

    async def _obey(self, context: Context, tag: str, command: Command) -> None:
        handler = HANDLERS[type(command)]
        self._tried = self._tried or isinstance(command, _SIGN_INS)
        if not _allowed(context, handler.state):
            context.send(bad("Not now", "CLIENTBUG").render(tag))
            self._count_out_of_turn(context)
            return
        try:
            status = await handler.run(context, command)
        except EXPECTED as error:
            status = answer(error)
        if not context.over:
            await report(context, handler.may_expunge(command))
            if context.notices is not None:
                await notify(context)
        context.send(status.render(tag))
        if status.code == "PRIVACYREQUIRED":
            self._count_refusal(context)
        if context.compressed and not context.engine.compressed:
            context.engine.compress()
        if isinstance(command, Unauthenticate) and context.account is None:
            context.engine.decompress()
            self._commands = self._refusals = 0
            self._tried = False
        self._count_command(context)

    # -- patience with strangers -----------------------------------------------------------------------------------------
    def _count_command(self, context: Context) -> None:
        self._commands += 1
        if context.account is None and self._commands >= self._house.options.commands_before_login:
            self._end(context, _ENOUGH)

    def _count_refusal(self, context: Context) -> None:
        """Guessing where nothing can be guessed ends soon. The guard is not told: sign-ins are no abuse (law 6)."""
        self._refusals += 1
        if self._refusals >= self._house.options.bad_commands:
            self._end(context, _ENOUGH)

    def _count_fault(self, context: Context) -> None:
        """The faults of strangers are told to the guard; somebody who is known may have a poor client."""
        if context.account is None:
            self._conduct.bad_command()
            self._check_patience(context)

    def _count_out_of_turn(self, context: Context) -> None:
        """What was sent along with a sign-in that failed is no fault of its own."""
        if context.account is None and not self._tried:
            self._conduct.out_of_turn()
            self._check_patience(context)

    def _check_patience(self, context: Context) -> None:
        if self._conduct.faults >= self._house.options.bad_commands:
            self._end(context, _ENOUGH)

    def _end(self, context: Context, farewell: Status) -> None:
        """A budget is overrun."""
        if not context.over:
            context.send(farewell.render())
            context.over, self._why = True, "limits"


def _allowed(context: Context, state: State) -> bool:
    """RFC 9051 §3: which commands may come when."""
    if state is State.STRANGER:
        return context.account is None
    if state is State.KNOWN:
        return context.account is not None
    if state is State.SELECTED:
        return context.view is not None
    return True
