"""STAT, LIST and UIDL (RFC 1939 §5 and §7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gatepost.proto.pop3.commands import List, Stat, Uidl
from gatepost.proto.pop3.reply import Reply, ok
from gatepost.services.pop3 import render
from gatepost.services.pop3.maildrop import Maildrop, Message

if TYPE_CHECKING:
    from gatepost.services.pop3.session import Session


def opened(session: Session) -> Maildrop:
    """The maildrop of a session in the TRANSACTION state."""
    assert session.maildrop is not None
    return session.maildrop


async def stat(session: Session, command: Stat) -> Reply:
    """How many messages, how many octets."""
    maildrop = opened(session)
    return ok(f"{maildrop.count} {maildrop.octets}")


async def list_(session: Session, command: List) -> Reply | None:
    """Numbers and sizes."""
    return _scan(session, command.number, lambda message: f"{message.number} {message.size}")


async def uidl(session: Session, command: Uidl) -> Reply | None:
    """Numbers and unique ids."""
    return _scan(session, command.number, lambda message: f"{message.number} {message.unique}")


def _scan(session: Session, number: int | None, line: Callable[[Message], str]) -> Reply | None:
    maildrop = opened(session)
    if number is not None:
        message = maildrop.message(number)
        return render.NO_SUCH_MESSAGE if message is None else ok(line(message))
    session.engine.send(ok(f"{maildrop.count} messages"))
    session.engine.send_lines(line(message).encode("ascii") for message in maildrop.messages())
    return None
