"""STARTTLS (RFC 5804 §2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.net.wire import InjectedPlaintext
from gatepost.proto.managesieve.commands import StartTls
from gatepost.proto.managesieve.engine import ManageSieveEngine
from gatepost.proto.managesieve.reply import Reply
from gatepost.services.managesieve import render

if TYPE_CHECKING:
    from gatepost.services.managesieve.session import Session


async def starttls(session: Session, command: StartTls) -> Reply | None:
    """What came in the clear after the command ends the connection; afterwards the capabilities are sent anew."""
    if session.wire.connection.tls is not None:
        return render.TLS_ALREADY
    if not session.wire.offers_tls:
        return render.NOT_OFFERED
    session.engine.send(render.BEGIN_TLS)
    try:
        await session.talk.start_tls()
    except InjectedPlaintext:
        session.conduct.abuse("tls-injection")
        raise
    session.start_afresh(ManageSieveEngine())
    session.send_capabilities(render.OK)
    return None
