"""CATENATE (RFC 4469): messages put together from what the client sends and what lies in its mailboxes.

Law: nothing is read before the whole command is known to fit; what is read counts towards the memory of all conversations.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gatepost.model.errors import NoSuchMailbox
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands.append import AppendMessage, PartUrl
from gatepost.proto.imap.render.fetched import Span, cut
from gatepost.proto.imap.render.status import no
from gatepost.proto.imap.sections import locate_section, select_fields
from gatepost.proto.imap.urls import MessageUrl, parse_url, url_code
from gatepost.services.imap.content import Content
from gatepost.services.imap.context import Context, Place, Refused


class Found(msgspec.Struct, frozen=True):
    """What a URL names: octets of a message."""

    url: MessageUrl
    content: Content
    span: Span

    async def octets(self) -> bytes:
        """As FETCH BODY would give them (RFC 4469 §3); \\Seen is not set."""
        octets = await self.content.octets(self.span.start, self.span.end)
        if self.url.section.fields:
            return cut(select_fields(octets, self.url.section), self.url.partial)
        return octets


async def contents(context: Context, messages: Sequence[AppendMessage]) -> list[bytes]:
    """The octets of each message. Raises Refused, with TOOBIG where one is larger than may be, or all are together."""
    limit = context.house.max_message
    plans = [[await _found(context, part) for part in message.parts] for message in messages]
    sizes = [sum(_size(part) for part in plan) for plan in plans]
    if max(sizes) > limit or sum(sizes) > 2 * limit:
        raise Refused(no("The message is too large", "TOOBIG"))  # RFC 4469 §4.2
    budget = context.house.budget
    budget.change(sum(sizes))
    try:
        return [
            b"".join([part if isinstance(part, bytes) else await part.octets() for part in plan])
            if plan
            else message.content
            for message, plan in zip(messages, plans, strict=True)
        ]
    finally:
        budget.change(-sum(sizes))


def _size(part: bytes | Found) -> int:
    return len(part) if isinstance(part, bytes) else part.span.size


async def _found(context: Context, part: bytes | PartUrl) -> bytes | Found:
    """Raises Refused with BADURL (RFC 4469 §4.1)."""
    if isinstance(part, bytes):
        return part
    url = parse_url(part.text)
    found = None if url is None else await _locate(context, url)
    if found is None:
        raise Refused(no("That URL names nothing here", f"BADURL {url_code(part.text)}"))
    return found


async def _locate(context: Context, url: MessageUrl) -> Found | None:
    place = await _place(context, url)
    if place is None or (url.uidvalidity and url.uidvalidity != place.mailbox.uidvalidity):
        return None
    entries = await place.mail.entries(place.mailbox.id, UidSet([(url.uid, url.uid)]))
    for email in await place.mail.emails([entry.email for entry in entries]):
        span = locate_section(email.index.root, url.section)
        if span is not None:
            return Found(url, Content(place.mail, email), span if url.section.fields else span.cut(url.partial))
    return None


async def _place(context: Context, url: MessageUrl) -> Place | None:
    try:
        if url.mailbox:
            mail = await context.mail_at(url.mailbox)
            return Place(mail, await mail.mailbox(url.mailbox))
        view = context.view
        return None if view is None else Place(view.mail, await view.mail.mailbox_by_id(view.mailbox))
    except NoSuchMailbox:
        return None
