"""SearchSnippet/get (RFC 8621 §5.1)."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from gatepost.model.ids import email_object_id, parse_email_id
from gatepost.model.mail import PlacedEmail
from gatepost.proto.jmap.errors import Object
from gatepost.proto.jmap.filter import parse_filter
from gatepost.proto.jmap.snippets import mark_subject, mark_text, words_of
from gatepost.proto.mime import search_text
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.email_reading import visible
from gatepost.services.jmap.methods.standard import unique_ids


class SnippetArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8621 §5.1."""

    account_id: str
    email_ids: list[str]
    filter: dict[str, Any] | None = None


async def get(call: Call, arguments: Object) -> Object:
    """RFC 8621 §5.1."""
    asked = call.arguments(arguments, SnippetArguments)
    parse_filter(asked.filter, ())
    texts = unique_ids(call, asked.email_ids)
    subject_words = list(words_of(asked.filter, ("text", "subject")))
    body_words = list(words_of(asked.filter, ("text", "body")))
    known = [number for text in texts if (number := parse_email_id(text)) is not None]
    found = [
        {
            "emailId": email_object_id(placed.email.id),
            "subject": mark_subject(placed.email.index.subject, subject_words),
            "preview": await _preview(call, placed, body_words),
        }
        for placed in await visible(call, known)
    ]
    seen = {item["emailId"] for item in found}
    missing = [text for text in texts if text not in seen]
    return {"accountId": asked.account_id, "list": found, "notFound": missing or None}


async def _preview(call: Call, placed: PlacedEmail, words: list[str]) -> str | None:
    if not words:
        return None
    content = await call.mail.read_blob(placed.email.blob)
    text = await asyncio.to_thread(search_text, content, placed.email.index.root)
    return mark_text(text, words)
