"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 §6.3.4-6.3.8; RFC 6154 §3; RFC 8474 §4.1)."""

from __future__ import annotations

import contextlib

from gatepost.model.errors import MailboxExists, NoSuchMailbox
from gatepost.model.ids import mailbox_object_id
from gatepost.model.mail import SEPARATOR, MailboxId, MailboxUpdate
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.imap.commands import Create, Delete, Rename, Subscribe, Unsubscribe
from gatepost.proto.imap.render.status import Status, no, ok
from gatepost.services.imap.attributes import role_of
from gatepost.services.imap.context import Context, Refused
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.oldname import tell_old_name, tell_renamed


async def create(context: Context, command: Create) -> Status:
    """Levels above the new mailbox are made too (§6.3.4)."""
    path = context.name(command.mailbox)
    if path.endswith(SEPARATOR):  # RFC 9051 §6.3.4: a hint that names will be made under it
        path = path[: -len(SEPARATOR)]
    try:
        mail = await context.mail_at(path)
    except NoSuchMailbox:
        raise Refused(no("Nothing can be made there", "NOPERM")) from None
    mailbox = await mail.create_mailbox(path, role_of(command.uses))
    tell_old_name(context, command.mailbox, mailbox.path)
    return ok("CREATE done", f"MAILBOXID ({mailbox_object_id(mailbox.id, context.owner_of(mail))})")


async def delete(context: Context, command: Delete) -> Status:
    """A mailbox with others under it stays (§6.3.5); the selected one may go."""
    mail, mailbox = await context.place(command.mailbox)
    await mail.delete_mailbox(mailbox.id)
    tell_old_name(context, command.mailbox, mailbox.path, "\\NonExistent")
    if context.view is not None and context.view.shows(mail, mailbox.id):
        context.unselect()
        context.send(ok("The selected mailbox was deleted", "CLOSED").render())
    return ok("DELETE done")


async def rename(context: Context, command: Rename) -> Status:
    """Mailboxes under it follow; INBOX gives away its messages only."""
    old, new = context.name(command.mailbox), context.name(command.new)
    mail = await context.mail_at(old)
    if (await context.mail_at(new)).account != mail.account:
        return no("A mailbox stays with its owner", "CANNOT")
    if old == "INBOX":
        await mail.rename_inbox(new)  # RFC 9051 §6.3.6: its messages move, INBOX stays
        return ok("RENAME done")
    mailbox = await mail.mailbox(old)
    await _must_be_free(mail, new)
    parent, _, name = new.rpartition(SEPARATOR)
    home = await _parent(mail, parent) if parent else None
    await mail.update_mailbox(mailbox.id, MailboxUpdate(name=name, parent=home))
    if context.rev2:
        renamed = await mail.mailbox(new)
        tell_renamed(context, (command.mailbox, mailbox.path), (command.new, renamed.path))
    return ok("RENAME done")


async def _must_be_free(mail: AccountMail, path: str) -> None:
    try:
        await mail.mailbox(path)
    except NoSuchMailbox:
        return
    raise MailboxExists(path)


async def _parent(mail: AccountMail, path: str) -> MailboxId:
    """RFC 9051 §6.3.6: missing levels above the new name are made."""
    try:
        return (await mail.mailbox(path)).id
    except NoSuchMailbox:
        return (await mail.create_mailbox(path)).id


async def subscribe(context: Context, command: Subscribe) -> Status:
    """Only mailboxes that exist can be subscribed to here (§6.3.7 allows that)."""
    await _set_subscribed(context, command.mailbox, True)
    return ok("SUBSCRIBE done")


async def unsubscribe(context: Context, command: Unsubscribe) -> Status:
    """Also of a name whose mailbox is gone, and OK where nothing was subscribed to (§6.3.8)."""
    if not await context.mail.drop_subscription(context.name(command.mailbox)):
        with contextlib.suppress(NoSuchMailbox):
            await _set_subscribed(context, command.mailbox, False)
    return ok("UNSUBSCRIBE done")


async def _set_subscribed(context: Context, octets: bytes, subscribed: bool) -> None:
    mail, mailbox = await context.place(octets)
    if mailbox.subscribed is not subscribed:
        await mail.update_mailbox(mailbox.id, MailboxUpdate(subscribed=subscribed))


HANDLERS: dict[type, Handler] = {
    Create: Handler(create, State.KNOWN),
    Delete: Handler(delete, State.KNOWN),
    Rename: Handler(rename, State.KNOWN),
    Subscribe: Handler(subscribe, State.KNOWN),
    Unsubscribe: Handler(unsubscribe, State.KNOWN),
}
