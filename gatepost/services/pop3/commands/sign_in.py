"""USER, PASS (RFC 1939 §7) and AUTH (RFC 5034): octets go to the door `auth`, verdicts come back. Nothing is counted here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.mail.auth import Closed, Granted, TryLater, UnknownMechanism, Verdict, Wrong
from gatepost.mail.exchange import Response, run_exchange
from gatepost.model.errors import GatepostError
from gatepost.model.secret import Secret
from gatepost.proto.pop3.commands import Auth, Pass, User
from gatepost.proto.pop3.reply import Reply
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
    mechanisms = session.auth.mechanisms(connection)
    if not mechanisms:
        return render.ENCRYPTION_REQUIRED
    if not command.mechanism:
        session.engine.send(render.MECHANISMS)
        session.engine.send_lines(name.encode("ascii") for name in mechanisms)
        return None
    try:
        exchange = session.auth.begin(connection, command.mechanism)
    except UnknownMechanism:
        if command.initial is None:
            return render.UNKNOWN_MECHANISM
        verdict = await session.auth.malformed(
            connection, "unknown", ""
        )  # a payload counts, whatever it is for (law 1)
        return render.UNKNOWN_MECHANISM if isinstance(verdict, Wrong) else await _settle(session, verdict)
    ended = await run_exchange(exchange, command.initial, lambda challenge: _ask(session, challenge))
    if ended.verdict is None:
        return render.SIGN_IN_CANCELLED  # RFC 5034 §4: -ERR
    return await _settle(session, ended.verdict)


async def _ask(session: Session, challenge: bytes) -> Response:
    session.engine.challenge(challenge)
    event = None
    while event is None:
        event = await session.talk.next()
    assert isinstance(event, Response)
    return event


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
