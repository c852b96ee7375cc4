"""SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS (RFC 4314 §3): what the lists say is decided at the door `mail.access`."""

from __future__ import annotations

from gatepost.proto.imap.commands import DeleteAcl, GetAcl, ListRights, MyRights, SetAcl
from gatepost.proto.imap.render import access as render
from gatepost.proto.imap.render.mailbox import mailbox_name
from gatepost.proto.imap.render.status import Status, ok
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State


async def set_acl(context: Context, command: SetAcl) -> Status:
    """SETACL."""
    mail, mailbox = await context.place(command.mailbox)
    await context.house.access.change(mail, mailbox.id, command.identifier, command.mode, command.rights)
    return ok("SETACL done")


async def delete_acl(context: Context, command: DeleteAcl) -> Status:
    """DELETEACL. That there was nothing to remove is no failure."""
    mail, mailbox = await context.place(command.mailbox)
    await context.house.access.remove(mail, mailbox.id, command.identifier)
    return ok("DELETEACL done")


async def get_acl(context: Context, command: GetAcl) -> Status:
    """GETACL, identifiers in their canonical form."""
    mail, mailbox = await context.place(command.mailbox)
    entries = await context.house.access.read(mail, mailbox.id)
    context.send(render.acl(mailbox_name(mailbox.path, context.utf8), entries, context.utf8))
    return ok("GETACL done")


async def list_rights(context: Context, command: ListRights) -> Status:
    """LISTRIGHTS, the identifier as the client wrote it."""
    mail, mailbox = await context.place(command.mailbox)
    always, optional = await context.house.access.grantable(mail, mailbox.id, command.identifier)
    name = mailbox_name(mailbox.path, context.utf8)
    context.send(render.list_rights(name, command.written, always, optional, context.utf8))
    return ok("LISTRIGHTS done")


async def my_rights(context: Context, command: MyRights) -> Status:
    """MYRIGHTS."""
    mail, mailbox = await context.place(command.mailbox)
    context.send(render.my_rights(mailbox_name(mailbox.path, context.utf8), await mail.rights(mailbox.id)))
    return ok("MYRIGHTS done")


HANDLERS: dict[type, Handler] = {
    SetAcl: Handler(set_acl, State.KNOWN),
    DeleteAcl: Handler(delete_acl, State.KNOWN),
    GetAcl: Handler(get_acl, State.KNOWN),
    ListRights: Handler(list_rights, State.KNOWN),
    MyRights: Handler(my_rights, State.KNOWN),
}
