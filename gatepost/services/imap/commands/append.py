"""APPEND (RFC 9051 §6.3.12; RFC 3502, 4315, 6855 §4)."""

from __future__ import annotations

from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft
from gatepost.proto.imap.commands import Append
from gatepost.proto.imap.render.status import Status, bad, no, ok
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.selected import uid_list


async def append(context: Context, command: Append) -> Status:
    """All of the messages or none."""
    if command.utf8 and not context.utf8:
        return bad("UTF8=ACCEPT was not enabled")  # RFC 6855 §4
    if any(not message.content for message in command.messages):
        return no("An empty message is not kept")  # RFC 3502 §6.3.11: a client's way to give up
    if any(len(message.content) > context.house.max_message for message in command.messages):
        return no("The message is too large", "TOOBIG")  # RFC 7889 §4
    mailbox = await context.target(command.mailbox)
    now = context.house.clock.now()
    drafts = [
        Draft(
            message.content,
            (mailbox.id,),
            make_flags(flag for flag in message.flags if flag.lower() != "\\recent"),
            now if message.received is None else message.received,
        )
        for message in command.messages
    ]
    stored = await context.mail.append_all(drafts)
    uids = uid_list(one.uids[0] for one in stored)
    if context.view is not None and context.view.mailbox == mailbox.id:
        context.view.dirty = True
    return ok("APPEND done", f"APPENDUID {mailbox.uidvalidity} {uids}")


HANDLERS: dict[type, Handler] = {Append: Handler(append, State.KNOWN)}
