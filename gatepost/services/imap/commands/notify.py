"""NOTIFY (RFC 5465): what is told at any time, not only when the client asks."""

from __future__ import annotations

from gatepost.proto.imap.commands import Notify
from gatepost.proto.imap.commands.notify import EventGroup
from gatepost.proto.imap.render.status import Status, ok
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.notices import Group, Notices
from gatepost.services.imap.notifying import listen, tell_first_status, tell_no_access
from gatepost.services.imap.updates import report


async def notify(context: Context, command: Notify) -> Status:
    """NOTIFY SET and NOTIFY NONE. What has happened in the selected mailbox is told first (§3.1)."""
    groups = tuple(_group(context, group) for group in command.groups)
    if command.groups:
        await report(context, expunges=True, everything=True)
    notices = context.notices
    if notices is None:
        notices = context.notices = Notices(context.user)
    notices.groups = groups
    notices.forget()
    notices.overrun = False
    if notices.metadata or any(not group.of_selected for group in groups):
        await listen(context)
    else:
        notices.deafen()
    if command.status:
        await tell_first_status(context, notices)
    await tell_no_access(context, notices)
    return ok("NOTIFY done")


def _group(context: Context, group: EventGroup) -> Group:
    """Raises Refused for what can be no mailbox's name."""
    paths = frozenset(context.name(name) for name in group.mailboxes)
    return Group(group.specifier, paths, group.events, group.items)


HANDLERS: dict[type, Handler] = {Notify: Handler(notify, State.KNOWN)}
