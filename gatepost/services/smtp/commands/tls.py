"""STARTTLS (RFC 3207)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.net.wire import InjectedPlaintext
from gatepost.proto.smtp.commands import StartTls
from gatepost.proto.smtp.engine import SmtpEngine
from gatepost.proto.smtp.reply import Reply
from gatepost.services.smtp import render

if TYPE_CHECKING:
    from gatepost.services.smtp.session import Session


async def starttls(session: Session, command: StartTls) -> Reply | None:
    """What was said in the clear is forgotten (§4.2); what came in the clear after the command ends the connection."""
    if session.wire.connection.tls is not None:
        return render.TLS_ALREADY
    if session.account is not None:
        return render.ALREADY_SIGNED_IN  # nobody signed in is forgotten in mid-conversation
    if not session.wire.offers_tls:
        return render.NOT_OFFERED
    session.engine.send(render.READY_FOR_TLS)
    try:
        await session.talk.start_tls()
    except InjectedPlaintext:
        session.conduct.abuse("tls-injection")
        raise
    session.start_afresh(SmtpEngine())
    return None
