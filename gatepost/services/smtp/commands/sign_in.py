"""AUTH (RFC 4954): octets go to the door `auth`, verdicts come back. Nothing is counted here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.mail.auth import Challenge, Closed, Granted, TryLater, UnknownMechanism, Verdict
from gatepost.proto.sasl_response import SaslCancelled, SaslMalformed, SaslResponse
from gatepost.proto.smtp.commands import Auth, Hello
from gatepost.proto.smtp.reply import Reply
from gatepost.services.smtp import render

if TYPE_CHECKING:
    from gatepost.services.smtp.session import Session


async def auth(session: Session, command: Auth) -> Reply | None:
    """One exchange, from the command to the verdict."""
    refusal = _out_of_place(session)
    if refusal is not None:
        return refusal
    try:
        exchange = session.auth.begin(session.wire.connection, command.mechanism, _kind(session.hello))
    except UnknownMechanism:
        return render.UNKNOWN_MECHANISM
    response = command.initial
    while True:
        if isinstance(response, SaslMalformed):
            return _settle(session, await exchange.malformed(), render.SIGN_IN_MALFORMED)
        answer = await exchange.step(response.data if response is not None else None)
        if not isinstance(answer, Challenge):
            return _settle(session, answer, render.SIGN_IN_FAILED)
        session.engine.challenge(answer.data)
        event = await session.next_event()
        if isinstance(event, SaslCancelled):
            return render.SIGN_IN_CANCELLED  # RFC 4954 §4: 501
        assert isinstance(event, SaslResponse | SaslMalformed)
        response = event


def _out_of_place(session: Session) -> Reply | None:
    if not session.offers_sign_in:
        session.conduct.bad_command()  # guessing where nothing can be guessed is no client's mistake for long
        return render.NOT_OFFERED
    if session.hello is None or not session.hello.extended:
        return render.HELLO_FIRST
    if session.account is not None:
        return render.ALREADY_SIGNED_IN  # RFC 4954 §4: 503
    if session.transaction is not None:
        return render.ONE_AT_A_TIME  # RFC 4954 §4: not during a mail transaction
    return None if session.mechanisms else render.ENCRYPTION_REQUIRED


def _settle(session: Session, verdict: Verdict, failed: Reply) -> Reply | None:
    if isinstance(verdict, Granted):
        session.account = verdict.account
        session.talk.clocks = session.clocks()
        return render.SIGNED_IN
    if isinstance(verdict, Closed):
        session.wire.abort("banned")
        session.over = True
        return None
    return render.TRY_LATER if isinstance(verdict, TryLater) else failed


def _kind(hello: Hello | None) -> str:
    """The form of the client's EHLO, a coarse trait that tells one mail program from another."""
    name = hello.name if hello else ""
    if name.startswith("["):
        return "ehlo-literal"
    return "ehlo-name" if "." in name else "ehlo-word"
