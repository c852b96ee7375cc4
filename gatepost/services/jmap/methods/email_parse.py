"""Email/parse (RFC 8621 §4.9): a blob read as a message, without keeping it."""

from __future__ import annotations

import asyncio

from gatepost.proto.jmap.blobs import parse_blob_id
from gatepost.proto.jmap.email import METADATA, PARSED_DEFAULTS, Wanted
from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.proto.mime import index_message
from gatepost.services.jmap.blobs import NotThere, read_blob
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.email_get import ReadArguments
from gatepost.services.jmap.methods.email_reading import describe_message
from gatepost.services.jmap.methods.standard import unique_ids


class EmailParse(ReadArguments, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """RFC 8621 §4.9."""

    blob_ids: list[str]


async def parse(call: Call, arguments: Object) -> Object:
    """RFC 8621 §4.9. Any octets are a message to the lenient reader; those without a header field are not parsable."""
    asked = call.arguments(arguments, EmailParse)
    wanted = asked.wanted(PARSED_DEFAULTS)
    parsed: dict[str, Object] = {}
    not_found: list[str] = []
    not_parsable: list[str] = []
    for text in unique_ids(call, asked.blob_ids):
        try:
            parsed[text] = await _parse(call, text, wanted)
        except NotThere:
            not_found.append(text)
        except ValueError:
            not_parsable.append(text)
    return {
        "accountId": asked.account_id,
        "parsed": parsed or None,
        "notParsable": not_parsable or None,
        "notFound": not_found or None,
    }


async def _parse(call: Call, text: str, wanted: Wanted) -> Object:
    """Raises NotThere, ValueError where it is no message."""
    reference = parse_blob_id(text)
    if reference is None:
        raise NotThere
    content = await read_blob(call.mail, reference)
    if len(content) > call.room.max_message:
        raise MethodError("requestTooLarge")
    index = await asyncio.to_thread(index_message, content)
    if not index.root.body or b":" not in content[: index.root.body]:
        raise ValueError("no header")
    found = await describe_message(call, index, reference, content, wanted)
    known: Object = {"blobId": text, "size": len(content)}
    return {name: known.get(name) if name in METADATA else found[name] for name in wanted.properties}
