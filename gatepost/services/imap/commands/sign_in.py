"""LOGIN, AUTHENTICATE, UNAUTHENTICATE (RFC 9051 §6.2.2, §6.2.3; RFC 4959, 8437): all is decided at the door `mail.auth`."""

from __future__ import annotations

from gatepost.mail.auth import Challenge, Closed, Exchange, Granted, TryLater, UnknownMechanism, Verdict
from gatepost.net.conversation import Clocks
from gatepost.net.wire import PeerGone
from gatepost.proto.imap.commands import Authenticate, Login, Unauthenticate
from gatepost.proto.imap.engine import decode_base64
from gatepost.proto.imap.events import SaslResponse
from gatepost.proto.imap.limits import BEFORE_LOGIN, after_login
from gatepost.proto.imap.render.status import Status, bad, no, ok
from gatepost.services.imap.capability import capability_code
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State

_NOT_PRIVATE = no("Passwords are not taken without TLS", "PRIVACYREQUIRED")


async def login(context: Context, command: Login) -> Status:
    """LOGIN (§6.2.3)."""
    auth, peer = context.house.auth, context.wire.connection
    if not auth.allows_passwords(peer):
        return _NOT_PRIVATE
    return _admit(context, await auth.password(peer, command.login, command.password, context.kind))


async def authenticate(context: Context, command: Authenticate) -> Status:
    """AUTHENTICATE (§6.2.2), with an initial response or without."""
    auth, peer = context.house.auth, context.wire.connection
    if not auth.mechanisms(peer):
        return _NOT_PRIVATE
    try:
        exchange = auth.begin(peer, command.mechanism, context.kind)
    except UnknownMechanism:
        if command.initial is not None:  # a payload for a mechanism that is not here counts like any bad guess
            verdict = await auth.malformed(peer, "unknown", context.kind)
            if not isinstance(verdict, Granted):
                return _admit(context, verdict)
        return no("That mechanism is not offered", "CANNOT")
    return await _exchange(context, exchange, command.initial)


async def unauthenticate(context: Context, command: Unauthenticate) -> Status:
    """Back to before the sign-in: nothing of it is left but TLS and what ID said (RFC 8437 §3, §4.1). Never NO."""
    house = context.house
    if not house.options.unauthenticate:
        return bad("UNAUTHENTICATE is not offered")
    context.unselect()
    context.deafen()
    context.account = context.mail_of = None
    context.enabled.clear()
    context.compressed = False  # the session ends it once the answer is queued
    context.engine.limits = BEFORE_LOGIN
    patience = house.options.login_timeout
    context.talk.begin_again(Clocks(idle=patience, command=patience, connection=patience))
    house.auth.sign_out(context.wire.connection)
    return ok("Signed out")


async def _exchange(context: Context, exchange: Exchange, initial: bytes | None) -> Status:
    answer: Challenge | Verdict
    if initial is None:
        answer = await exchange.step(None)
    else:
        answer = await _step(exchange, b"" if initial == b"=" else decode_base64(initial))
    while isinstance(answer, Challenge):
        context.engine.challenge(answer.data)
        event = None
        while event is None:  # None: somebody woke us; nothing is selected yet, so there is nothing to tell
            event = await context.talk.next()
        assert isinstance(event, SaslResponse)
        if event.cancelled:
            return bad("AUTHENTICATE cancelled")
        answer = await _step(exchange, event.data)
    return _admit(context, answer)


async def _step(exchange: Exchange, response: bytes | None) -> Challenge | Verdict:
    return await exchange.malformed() if response is None else await exchange.step(response)


def _admit(context: Context, verdict: Verdict) -> Status:
    """What a verdict means. Raises PeerGone where the client is to get no answer at all."""
    if isinstance(verdict, Closed):
        context.wire.abort("banned")
        raise PeerGone
    if isinstance(verdict, TryLater):
        # temporary, so that the owner's client keeps its password (GUARD.md, What a refused client is told)
        return no("Signing in is not possible now, try again later", "UNAVAILABLE")
    if not isinstance(verdict, Granted):
        return no("Authentication failed", "AUTHENTICATIONFAILED")
    house = context.house
    context.account = verdict.account
    context.mail_of = house.mailboxes.open(verdict.account)
    context.engine.limits = after_login(house.max_message)
    context.talk.clocks = Clocks(idle=house.options.idle_timeout, command=house.options.command_timeout)
    return ok("Signed in", capability_code(context))


HANDLERS: dict[type, Handler] = {
    Login: Handler(login, State.STRANGER),
    Authenticate: Handler(authenticate, State.STRANGER),
    Unauthenticate: Handler(unauthenticate, State.KNOWN),
}
