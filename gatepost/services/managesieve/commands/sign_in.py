"""AUTHENTICATE and UNAUTHENTICATE (RFC 5804 §2.1, §2.14.1): octets go to the door `auth`, verdicts come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.mail.auth import Challenge, Closed, Granted, TryLater, UnknownMechanism, Verdict
from gatepost.proto.managesieve.commands import Authenticate, Fault, Unauthenticate
from gatepost.proto.managesieve.reply import Reply
from gatepost.proto.sasl_response import SaslCancelled, SaslMalformed, SaslResponse
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
        return render.UNKNOWN_MECHANISM
    response = command.initial
    while True:
        if isinstance(response, SaslMalformed):
            return _settle(session, await exchange.malformed())
        answer = await exchange.step(response.data if response is not None else None)
        if not isinstance(answer, Challenge):
            return _settle(session, answer)
        session.engine.challenge(answer.data)
        event = None
        while event is None:
            event = await session.talk.next()
        if isinstance(event, SaslCancelled):
            return render.SIGN_IN_CANCELLED
        if isinstance(event, Fault):  # the response was too long to be read; nobody knows what follows it
            settled = _settle(session, await exchange.malformed())
            return None if settled is None else render.fault_reply(event)
        assert isinstance(event, SaslResponse | SaslMalformed)
        response = event


async def unauthenticate(session: Session, command: Unauthenticate) -> Reply:
    """Back to the non-authenticated state; TLS stays."""
    session.settle(None)
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
