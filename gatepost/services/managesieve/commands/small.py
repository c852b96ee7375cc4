"""CAPABILITY, NOOP, LOGOUT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.proto.managesieve.commands import Capability, Logout, Noop
from gatepost.proto.managesieve.reply import Kind, Reply
from gatepost.services.managesieve import render

if TYPE_CHECKING:
    from gatepost.services.managesieve.session import Session


async def capability(session: Session, command: Capability) -> None:
    """CAPABILITY (RFC 5804 §2.4)."""
    session.send_capabilities(render.OK)


async def noop(session: Session, command: Noop) -> Reply:
    """NOOP echoes its tag (§2.13)."""
    return Reply(Kind.OK, "Done", "TAG" if command.tag is not None else "", command.tag)


async def logout(session: Session, command: Logout) -> Reply:
    """LOGOUT (§2.3): what follows it is not looked at."""
    session.over = True
    return render.BYE
