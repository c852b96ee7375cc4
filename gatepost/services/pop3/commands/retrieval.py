"""RETR and TOP (RFC 1939 §5 and §7), streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.model.errors import GatepostError
from gatepost.proto.pop3.commands import Retr, Top
from gatepost.proto.pop3.reply import Reply, ok
from gatepost.proto.pop3.stuffing import BodyLines
from gatepost.services.pop3 import render
from gatepost.services.pop3.commands.listing import opened
from gatepost.services.pop3.content import PIECE, pieces
from gatepost.services.pop3.maildrop import Message

if TYPE_CHECKING:
    from gatepost.services.pop3.session import Session


async def retr(session: Session, command: Retr) -> Reply | None:
    """A whole message."""
    message = opened(session).message(command.number)
    if message is None:
        return render.NO_SUCH_MESSAGE
    return await _send(session, message, ok(f"{message.size} octets"), None)


async def top(session: Session, command: Top) -> Reply | None:
    """Its header, the empty line, and some lines of its body."""
    message = opened(session).message(command.number)
    if message is None:
        return render.NO_SUCH_MESSAGE
    return await _send(session, message, ok("The top follows"), BodyLines(command.lines))


async def _send(session: Session, message: Message, first: Reply, lines: BodyLines | None) -> Reply | None:
    """+OK is said once the first octets are there: another session may have removed the message."""
    begun = False
    try:
        maildrop = opened(session)
        email = await maildrop.outline(message)
        async for piece, body in pieces(maildrop.mail, email, session.as_stored):
            if not begun:
                session.engine.send(first)
                session.engine.begin_content()
                begun = True
            session.engine.send_content(lines.take(piece) if lines is not None and body else piece)
            if lines is not None and lines.full and body:
                break
            if session.engine.queued >= PIECE:
                await session.talk.flush()
    except GatepostError as error:
        if not begun:
            return render.error_reply(error)
        session.wire.abort("error")  # in mid-message any word would be taken for the message's own
        session.over = True
        return None
    session.engine.end_content()
    return None
