"""EHLO and HELO (RFC 5321 §4.1.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.proto.smtp.commands import Hello
from gatepost.proto.smtp.reply import Reply, reply
from gatepost.services.smtp.extensions import offered

if TYPE_CHECKING:
    from gatepost.services.smtp.session import Session


async def hello(session: Session, command: Hello) -> Reply:
    """Also ends a transaction, as RSET does (RFC 5321 §4.1.4)."""
    session.forget_transaction()
    session.hello = command
    return reply(250, "", session.hostname, *(offered(session) if command.extended else ()))
