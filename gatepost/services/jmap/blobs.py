"""Reading blobs by the ids that clients know (proto/jmap/blobs.py)."""

from __future__ import annotations

import asyncio

from gatepost.model.errors import NoSuchBlob
from gatepost.model.message import Part
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.jmap.blobs import BlobRef, Slice, parse_blob_id
from gatepost.proto.mime import decoded_body

IN_A_THREAD = 64 * 1024


class NotThere(Exception):
    """No octets have this id."""


async def read_blob_id(mail: AccountMail, text: object) -> bytes:
    """The octets. Raises NotThere."""
    reference = parse_blob_id(text)
    if reference is None:
        raise NotThere
    return await read_blob(mail, reference)


async def read_blob(mail: AccountMail, reference: BlobRef) -> bytes:
    """The octets, every step's encoding undone. Raises NotThere; so does a step that leads outside."""
    try:
        size = await mail.find_blob(reference.blob)
        if not reference.steps:
            return await mail.read_blob(reference.blob)
        first, *rest = reference.steps
        if first.end > size:
            raise NotThere
        octets = await mail.read_blob(reference.blob, first.start, first.end)
    except NoSuchBlob:
        raise NotThere from None
    octets = await _decode(octets, first)
    for step in rest:
        if step.end > len(octets):
            raise NotThere
        octets = await _decode(octets[step.start : step.end], step)
    return octets


async def _decode(octets: bytes, step: Slice) -> bytes:
    if step.verbatim:
        return octets
    part = Part(0, 0, len(octets), encoding=step.encoding)
    if len(octets) > IN_A_THREAD:
        return await asyncio.to_thread(decoded_body, octets, part)
    return decoded_body(octets, part)
