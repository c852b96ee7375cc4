"""AUTH (RFC 4954): octets go to the door `auth`, verdicts come back. Nothing is counted here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.mail.auth import Closed, Granted, TryLater, UnknownMechanism, Verdict
from gatepost.mail.exchange import Response, run_exchange
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
        if command.initial is None:
            return render.UNKNOWN_MECHANISM
        # a payload counts, whatever it is for (law 1)
        verdict = await session.auth.malformed(session.wire.connection, "unknown", _kind(session.hello))
        return _settle(session, verdict, render.UNKNOWN_MECHANISM)
    ended = await run_exchange(exchange, command.initial, lambda challenge: _ask(session, challenge))
    if ended.verdict is None:
        return render.SIGN_IN_CANCELLED  # RFC 4954 §4: 501
    return _settle(session, ended.verdict, render.SIGN_IN_MALFORMED if ended.malformed else render.SIGN_IN_FAILED)


async def _ask(session: Session, challenge: bytes) -> Response:
    session.engine.challenge(challenge)
    event = await session.next_event()
    assert isinstance(event, Response)
    return event


def _out_of_place(session: Session) -> Reply | None:
    if not session.offers_sign_in:
        return (
            render.NOT_OFFERED
        )  # the conversation ends soon, as after any error; the guard counts no sign-in as abuse
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
