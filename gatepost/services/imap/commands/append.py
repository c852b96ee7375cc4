"""APPEND (RFC 9051 §6.3.12; RFC 3502, 4315, 4469, 6855 §4) and REPLACE (RFC 8508)."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.model.flags import NO_FLAGS, make_flags
from gatepost.model.mail import Draft
from gatepost.proto.imap.commands import Append, Replace
from gatepost.proto.imap.commands.append import AppendMessage
from gatepost.proto.imap.render.status import Status, bad, no, ok
from gatepost.services.imap.bounds import must_be_few
from gatepost.services.imap.catenate import contents
from gatepost.services.imap.context import Context, Place, Refused
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.oldname import tell_old_name
from gatepost.services.imap.selected import uid_list
from gatepost.services.imap.updates import report

UPLOAD = 16
"""Messages in one APPEND from which on it is an upload: the client has more to send, and nobody reads them meanwhile."""


async def append(context: Context, command: Append) -> Status:
    """All of the messages or none."""
    (mail, mailbox), drafts = await _drafts(context, command.mailbox, command.messages, command.utf8)
    stored = await mail.append_all(drafts, later=len(drafts) >= UPLOAD)
    uids = uid_list(one.uids[0] for one in stored)
    if context.view is not None and context.view.shows(mail, mailbox.id):
        context.view.dirty = True
        context.view.mine.update(one.uids[0] for one in stored)
    tell_old_name(context, command.mailbox, mailbox.path)
    return ok("APPEND done", f"APPENDUID {mailbox.uidvalidity} {uids}")


async def replace(context: Context, command: Replace) -> Status:
    """One message in the place of another, both or neither (RFC 8508 §3.4)."""
    view = context.writable
    old = view.resolve(command.message, command.uid)
    if not view.count(old):
        return no("There is no such message", "NONEXISTENT")
    (mail, mailbox), [draft] = await _drafts(context, command.mailbox, (command.new,), command.utf8)
    stored = await context.house.mailboxes.replace(view.mail, view.mailbox, next(iter(old)), mail, draft)
    view.dirty = True
    if view.shows(mail, mailbox.id):
        view.mine.update(stored.uids)
    # RFC 8508 §4.3: before the EXPUNGE; EXISTS comes before it too, as in the examples of §3.2
    context.send(ok("Replacement ready", f"APPENDUID {mailbox.uidvalidity} {stored.uids[0]}").render())
    await report(context, expunges=False, everything=True)
    await report(context, expunges=True, everything=True)
    if context.qresync and context.view is not None:
        return ok("REPLACE done", f"HIGHESTMODSEQ {view.modseq}")  # RFC 8508 §4.5, RFC 7162 §3.2.7
    return ok("REPLACE done")


async def _drafts(
    context: Context, name: bytes, messages: Sequence[AppendMessage], utf8: bool
) -> tuple[Place, list[Draft]]:
    """Where the messages are to go, and what is to be kept. Raises Refused."""
    if utf8 and not context.utf8:
        raise Refused(bad("UTF8=ACCEPT was not enabled", "CLIENTBUG"))  # RFC 6855 §4
    place = await context.target(name)  # first: a client that is told TRYCREATE needs to know nothing else
    must_be_few(context, len(messages), saving=True)
    octets = await contents(context, messages)
    if not all(octets):
        raise Refused(no("An empty message is not kept"))  # RFC 3502 §6.3.11: a client's way to give up
    if any(len(one) > context.house.max_message for one in octets):
        raise Refused(no("The message is too large", "TOOBIG"))  # RFC 7889 §4
    now = context.house.clock.now()
    return place, [
        Draft(
            content,
            (place.mailbox.id,),
            make_flags(flag for flag in message.flags if flag.lower() != "\\recent") if message.flags else NO_FLAGS,
            now if message.received is None else message.received,
        )
        for message, content in zip(messages, octets, strict=True)
    ]


HANDLERS: dict[type, Handler] = {
    Append: Handler(append, State.KNOWN),
    Replace: Handler(replace, State.SELECTED),
}
