"""Emails as objects: reads no more of a message than the properties asked for need."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from gatepost.model.mail import EmailId, PlacedEmail
from gatepost.model.message import MessageIndex
from gatepost.proto.jmap.blobs import BlobRef
from gatepost.proto.jmap.email import METADATA, Wanted, message_properties, metadata, visible_places
from gatepost.proto.jmap.errors import Object
from gatepost.services.jmap.call import Call

IN_A_THREAD = 64 * 1024
"""Messages of more octets are taken apart in a thread, so that other conversations go on."""


async def visible(call: Call, ids: Sequence[EmailId]) -> list[PlacedEmail]:
    """Those of the emails that JMAP shows (RFC 8621 §4.1.1)."""
    return [placed for placed in await call.mail.placed(ids) if visible_places(placed.placements)]


async def email_object(call: Call, placed: PlacedEmail, wanted: Wanted) -> Object:
    """The Email with the properties wanted, and its id. Raises MethodError requestTooLarge."""
    email, blob = placed.email, BlobRef(placed.email.blob)
    content = b""
    if wanted.reads_content:
        content = await call.mail.read_blob(email.blob)
    elif wanted.reads_header:
        content = await call.mail.read_blob(email.blob, 0, email.index.root.body)
    known = metadata(placed)
    from_message = await describe_message(call, email.index, blob, content, wanted)
    found: Object = {"id": known["id"]}
    for name in wanted.properties:
        found[name] = known[name] if name in METADATA else from_message[name]
    return found


async def describe_message(call: Call, index: MessageIndex, blob: BlobRef, content: bytes, wanted: Wanted) -> Object:
    """What comes from the message itself; its size is charged to the request's budget."""
    if len(content) > IN_A_THREAD:
        found, octets = await asyncio.to_thread(_described, index, blob, content, wanted)
    else:
        found, octets = _described(index, blob, content, wanted)
        await asyncio.sleep(0)
    call.spend(octets)
    return found


def _described(index: MessageIndex, blob: BlobRef, content: bytes, wanted: Wanted) -> tuple[Object, int]:
    found = message_properties(index, blob, content, wanted)
    return found, len(msgspec.json.encode(found))
