"""Scripts (RFC 5804 §2.5 to §2.12): list, get, put, check, activate, rename, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.model.errors import NoSuchScript
from gatepost.proto.managesieve.commands import (
    CheckScript,
    DeleteScript,
    GetScript,
    HaveSpace,
    ListScripts,
    PutScript,
    RenameScript,
    SetActive,
)
from gatepost.proto.managesieve.reply import Reply
from gatepost.services.managesieve import render

if TYPE_CHECKING:
    from gatepost.services.managesieve.session import Session


async def have_space(session: Session, command: HaveSpace) -> Reply:
    """HAVESPACE (§2.5)."""
    if command.size > session.options.max_script:
        return render.TOO_LARGE
    await session.scripts.has_space(session.owner, command.name, command.size)
    return render.OK


async def put_script(session: Session, command: PutScript) -> Reply:
    """PUTSCRIPT (§2.6): a script that does not compile changes nothing."""
    refusal = _unfit(session, command.content)
    if refusal is not None:
        return refusal
    client = session.wire.connection.client
    return render.warned(await session.scripts.put(session.owner, command.name, command.content, client))


async def check_script(session: Session, command: CheckScript) -> Reply:
    """CHECKSCRIPT (§2.12): the quota is of no concern here, the size that can be compiled is."""
    return _unfit(session, command.content) or render.warned(session.scripts.check(command.content))


async def list_scripts(session: Session, command: ListScripts) -> Reply:
    """LISTSCRIPTS (§2.7)."""
    for script in await session.mail.scripts():
        session.engine.send_strings((script.name,), "ACTIVE" if script.active else "")
    return render.OK


async def get_script(session: Session, command: GetScript) -> Reply:
    """GETSCRIPT (§2.9)."""
    for script in await session.mail.scripts():
        if script.name == command.name:
            session.engine.send_script(script.content)
            return render.OK
    raise NoSuchScript(command.name)


async def set_active(session: Session, command: SetActive) -> Reply:
    """SETACTIVE (§2.8); the empty name switches filtering off."""
    await session.scripts.activate(session.owner, command.name, session.wire.connection.client)
    return render.OK


async def delete_script(session: Session, command: DeleteScript) -> Reply:
    """DELETESCRIPT (§2.10)."""
    await session.mail.delete_script(command.name)
    return render.OK


async def rename_script(session: Session, command: RenameScript) -> Reply:
    """RENAMESCRIPT (§2.11)."""
    await session.mail.rename_script(command.name, command.new)
    return render.OK


def _unfit(session: Session, content: bytes) -> Reply | None:
    if not content:
        return render.EMPTY_SCRIPT  # §2.6: SHOULD be disallowed
    return render.TOO_LARGE if len(content) > session.options.max_script else None
