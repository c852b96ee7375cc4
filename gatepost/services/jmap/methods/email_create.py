"""New emails: composed from properties (RFC 8621 §4.6) or imported as they are (§4.8)."""

from __future__ import annotations

import asyncio
import secrets

from gatepost.model.errors import MessageTooLarge
from gatepost.model.ids import email_object_id, thread_object_id
from gatepost.model.mail import Draft, MailboxId
from gatepost.proto.jmap.blobs import BlobRef
from gatepost.proto.jmap.compose import compose, keys_of
from gatepost.proto.jmap.composed import blob_ids, write_message
from gatepost.proto.jmap.dates import parse_utc, utc_date
from gatepost.proto.jmap.errors import Object, SetError, invalid
from gatepost.proto.jmap.keywords import keyword_flags
from gatepost.services.jmap.blobs import NotThere, read_blob_id
from gatepost.services.jmap.call import Call


def mailboxes_of(call: Call, mailbox_ids: object) -> frozenset[MailboxId]:
    """The mailboxes of a mailboxIds property, creation references included. Raises SetError invalidProperties."""
    numbers = [call.mailbox_id(text) for text in keys_of(mailbox_ids, "mailboxIds", least=1)]
    found = frozenset(number for number in numbers if number is not None)
    if None in numbers or not found:
        raise invalid(["mailboxIds"])
    return found


def received_of(call: Call, value: object) -> float:
    """receivedAt as seconds since the epoch, now by default. Raises SetError invalidProperties."""
    if value is None:
        return call.room.now()
    moment = parse_utc(value)
    if moment is None:
        raise invalid(["receivedAt"])
    return moment


async def create_email(call: Call, email: Object) -> Object:
    """Keeps the composed message; the server-set properties of the new Email. Raises SetError, and what the store raises."""
    mailboxes = mailboxes_of(call, email.get("mailboxIds"))
    flags = keyword_flags(keys_of(email.get("keywords") or {}, "keywords"))
    received = received_of(call, email.get("receivedAt"))
    token = secrets.token_hex(12)
    message = compose(email, utc_date(call.room.now()), f"{secrets.token_hex(16)}@{call.room.hostname}")
    blobs: dict[str, bytes] = {}
    missing: list[str] = []
    octets = 0
    for text in dict.fromkeys(blob_ids(message.body)):
        try:
            blobs[text] = await read_blob_id(call.mail, text)
        except NotThere:
            missing.append(text)
            continue
        octets += len(blobs[text])
        if octets > call.room.max_message:
            raise MessageTooLarge
    if missing:
        raise SetError("blobNotFound", notFound=missing)
    content = await asyncio.to_thread(write_message, message, blobs, token)
    return await keep(call, Draft(content, tuple(sorted(mailboxes)), flags, received))


async def keep(call: Call, draft: Draft) -> Object:
    """Stores it. Raises MessageTooLarge, and what the store raises."""
    if len(draft.content) > call.room.max_message:
        raise MessageTooLarge
    stored = await call.mail.append(draft)
    assert stored.thread is not None  # a single one is parsed at once
    return {
        "id": email_object_id(stored.email),
        "blobId": str(BlobRef(stored.blob)),
        "threadId": thread_object_id(stored.thread),
        "size": stored.size,
    }
