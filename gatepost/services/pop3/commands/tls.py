"""STLS (RFC 2595 §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.net.wire import InjectedPlaintext
from gatepost.proto.pop3.commands import Stls
from gatepost.proto.pop3.engine import Pop3Engine
from gatepost.proto.pop3.reply import Reply
from gatepost.services.pop3 import render

if TYPE_CHECKING:
    from gatepost.services.pop3.session import Session


async def stls(session: Session, command: Stls) -> Reply | None:
    """What was said in the clear is forgotten; what came in the clear after the command ends the connection."""
    if session.wire.connection.tls is not None:
        return render.TLS_ALREADY
    if not session.wire.offers_tls:
        return render.NOT_OFFERED
    session.engine.send(render.READY_FOR_TLS)
    try:
        await session.talk.start_tls()
    except InjectedPlaintext:
        session.conduct.abuse("tls-injection")
        raise
    session.start_afresh(Pop3Engine())
    return None
