"""AUTHENTICATE and UNAUTHENTICATE (RFC 5804 §2.1, §2.14.1): octets go to the door `auth`, verdicts come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.mail.auth import Closed, Granted, TryLater, UnknownMechanism, Verdict, Wrong
from gatepost.mail.exchange import Response, run_exchange
from gatepost.proto.managesieve.commands import Authenticate, Fault, Unauthenticate
from gatepost.proto.managesieve.reply import Reply
from gatepost.proto.sasl_response import SaslMalformed
from gatepost.services.managesieve import render

if TYPE_CHECKING:
    from gatepost.services.managesieve.session import Session


async def authenticate(session: Session, command: Authenticate) -> Reply | None:
    """One exchange, from the command to the verdict."""
    connection = session.wire.connection
    if not session.auth.mechanisms(connection):
        return render.ENCRYPTION_REQUIRED
    try:
        exchange = session.auth.begin(connection, command.mechanism)
    except UnknownMechanism:
        if command.initial is None:
            return render.UNKNOWN_MECHANISM
        verdict = await session.auth.malformed(
            connection, "unknown", ""
        )  # a payload counts, whatever it is for (law 1)
        return render.UNKNOWN_MECHANISM if isinstance(verdict, Wrong) else _settle(session, verdict)
    lost: Fault | None = None

    async def ask(challenge: bytes) -> Response:
        nonlocal lost
        session.engine.challenge(challenge)
        event = None
        while event is None:
            event = await session.talk.next()
        if isinstance(event, Fault):  # too long to be read, and nobody knows what follows it
            lost = event
            return SaslMalformed()
        assert isinstance(event, Response)
        return event

    ended = await run_exchange(exchange, command.initial, ask)
    if ended.verdict is None:
        return render.SIGN_IN_CANCELLED
    answer = _settle(session, ended.verdict)
    return answer if lost is None or answer is None else render.fault_reply(lost)


async def unauthenticate(session: Session, command: Unauthenticate) -> Reply:
    """Back to the non-authenticated state; TLS stays."""
    session.settle(None)
    session.auth.sign_out(session.wire.connection)
    return render.SIGNED_OUT


def _settle(session: Session, verdict: Verdict) -> Reply | None:
    if isinstance(verdict, Granted):
        session.settle(verdict.account)
        return render.SIGNED_IN
    if isinstance(verdict, Closed):
        session.wire.abort("banned")
        session.over = True
        return None
    return render.TRY_LATER if isinstance(verdict, TryLater) else render.SIGN_IN_FAILED
