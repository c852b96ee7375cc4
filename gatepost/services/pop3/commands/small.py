"""CAPA, UTF8, LANG, NOOP, DELE, RSET, QUIT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.model.errors import GatepostError
from gatepost.proto.pop3.commands import Capa, Dele, Lang, Noop, Quit, Rset, Utf8
from gatepost.proto.pop3.reply import Reply, ok
from gatepost.services.pop3 import render
from gatepost.services.pop3.capabilities import offered
from gatepost.services.pop3.commands.listing import opened

if TYPE_CHECKING:
    from gatepost.services.pop3.session import Session


async def capa(session: Session, command: Capa) -> Reply | None:
    """CAPA (RFC 2449 §5)."""
    session.engine.send(render.CAPABILITIES)
    session.engine.send_lines(offered(session))
    return None


async def utf8(session: Session, command: Utf8) -> Reply:
    """UTF8 (RFC 6856 §2.1): from now on headers are sent as they are stored."""
    session.as_stored = True
    return render.UTF8_ON


async def lang(session: Session, command: Lang) -> Reply | None:
    """LANG (RFC 6856 §3): there is one language, and it is used already."""
    if command.tag is None:
        session.engine.send(render.LANGUAGES)
        session.engine.send_lines([b"en English"])
        return None
    known = command.tag == "*" or command.tag.lower().partition("-")[0] == "en"
    return render.LANGUAGE if known else render.NO_SUCH_LANGUAGE


async def noop(session: Session, command: Noop) -> Reply:
    """NOOP."""
    return render.OK


async def dele(session: Session, command: Dele) -> Reply:
    """DELE only marks (RFC 1939 §5)."""
    maildrop = opened(session)
    if maildrop.message(command.number) is None:
        return render.NO_SUCH_MESSAGE
    maildrop.mark(command.number)
    return ok("Marked")


async def rset(session: Session, command: Rset) -> Reply:
    """RSET takes the marks off."""
    opened(session).unmark_all()
    return render.OK


async def quit_(session: Session, command: Quit) -> Reply:
    """QUIT: in the TRANSACTION state what is marked goes now (RFC 1939 §6)."""
    session.over = True
    if session.maildrop is None:
        return render.BYE
    try:
        removed = await session.maildrop.remove_marked()
    except GatepostError:
        return render.not_removed(session.maildrop.marked)
    return ok(f"{removed} removed, bye")
