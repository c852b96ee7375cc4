"""Commands of one line: RSET, NOOP, HELP, VRFY, QUIT (RFC 5321 §4.1.1.5 to §4.1.1.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.proto.smtp.commands import Help, Noop, Quit, Reset, Verify
from gatepost.proto.smtp.reply import Reply
from gatepost.services.smtp import render

if TYPE_CHECKING:
    from gatepost.services.smtp.session import Session


async def reset(session: Session, command: Reset) -> Reply:
    """RSET."""
    session.forget_transaction()
    return render.OK


async def noop(session: Session, command: Noop) -> Reply:
    """NOOP."""
    return render.OK


async def help_(session: Session, command: Help) -> Reply:
    """HELP."""
    return render.HELP


async def verify(session: Session, command: Verify) -> Reply:
    """VRFY says the same of every name (RFC 5321 §7.3)."""
    return render.CANNOT_VERIFY


async def quit_(session: Session, command: Quit) -> Reply:
    """QUIT."""
    session.over = True
    return render.BYE
