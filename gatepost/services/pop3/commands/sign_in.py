"""USER, PASS (RFC 1939 §7) and AUTH (RFC 5034): octets go to the door `auth`, verdicts come back. Nothing is counted here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.mail.auth import Challenge, Closed, Granted, TryLater, UnknownMechanism, Verdict
from gatepost.model.errors import GatepostError
from gatepost.model.secret import Secret
from gatepost.proto.pop3.commands import Auth, Pass, User
from gatepost.proto.pop3.reply import Reply
from gatepost.proto.sasl_response import SaslCancelled, SaslMalformed, SaslResponse
from gatepost.services.pop3 import render

if TYPE_CHECKING:
    from gatepost.services.pop3.session import Session


async def user(session: Session, command: User) -> Reply:
    """Says yes to every name."""
    if not session.auth.allows_passwords(session.wire.connection):
        return render.ENCRYPTION_REQUIRED
    session.user = command.name
    return render.NEXT_PASSWORD


async def pass_(session: Session, command: Pass) -> Reply | None:
    """One name, one password: after it USER must come again (RFC 1939 §7)."""
    if not session.auth.allows_passwords(session.wire.connection):
        return render.ENCRYPTION_REQUIRED
    if session.user is None:
        return render.USER_FIRST
    login, session.user = session.user, None
    verdict = await session.auth.password(session.wire.connection, login, Secret(command.password), mechanism="USER")
    return await _settle(session, verdict)


async def auth(session: Session, command: Auth) -> Reply | None:
    """One exchange, from the command to the verdict."""
    connection = session.wire.connection
    if not session.auth.mechanisms(connection):
        return render.ENCRYPTION_REQUIRED
    try:
        exchange = session.auth.begin(connection, command.mechanism)
    except UnknownMechanism:
        return render.UNKNOWN_MECHANISM
    response = command.initial
    while True:
        if isinstance(response, SaslMalformed):
            return await _settle(session, await exchange.malformed())
        answer = await exchange.step(response.data if response is not None else None)
        if not isinstance(answer, Challenge):
            return await _settle(session, answer)
        session.engine.challenge(answer.data)
        event = None
        while event is None:
            event = await session.talk.next()
        if isinstance(event, SaslCancelled):
            return render.SIGN_IN_CANCELLED  # RFC 5034 §4: -ERR
        assert isinstance(event, SaslResponse | SaslMalformed)
        response = event


async def _settle(session: Session, verdict: Verdict) -> Reply | None:
    if isinstance(verdict, Granted):
        try:
            return await session.open(verdict.account)
        except GatepostError as error:
            return render.error_reply(error)
    if isinstance(verdict, Closed):
        session.wire.abort("banned")
        session.over = True
        return None
    return render.TRY_LATER if isinstance(verdict, TryLater) else render.SIGN_IN_FAILED
