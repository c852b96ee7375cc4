"""Email/import (RFC 8621 §4.8); Email/copy (§4.7), which one account alone cannot do."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gatepost.model.errors import GatepostError
from gatepost.model.mail import Draft
from gatepost.proto.jmap.compose import keys_of
from gatepost.proto.jmap.errors import MethodError, Object, SetError, invalid
from gatepost.proto.jmap.keywords import keyword_flags
from gatepost.proto.mime import header_fields, index_message, parse_date
from gatepost.services.jmap.blobs import NotThere, read_blob_id
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.email_create import keep, mailboxes_of, received_of
from gatepost.services.jmap.methods.standard import SetResult
from gatepost.services.jmap.render import set_error

_PROPERTIES = frozenset({"blobId", "mailboxIds", "keywords", "receivedAt"})
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class ImportArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8621 §4.8."""

    account_id: str
    emails: dict[str, dict[str, Any]]
    if_in_state: str | None = None


async def import_emails(call: Call, arguments: Object) -> Object:
    """RFC 8621 §4.8."""
    asked = call.arguments(arguments, ImportArguments)
    if len(asked.emails) > call.options.max_set:
        raise MethodError("requestTooLarge")
    state = str((await call.mail.states()).email)
    if asked.if_in_state is not None and asked.if_in_state != state:
        raise MethodError("stateMismatch")
    result = SetResult(asked.account_id, state)
    for creation, wanted in asked.emails.items():
        try:
            result.created[creation] = await _import(call, wanted)
            call.created_ids[creation] = result.created[creation]["id"]
        except (SetError, GatepostError) as error:
            result.not_created[creation] = set_error(error, call.room.max_message)
    response = result.response(str((await call.mail.states()).email))
    return {name: response[name] for name in ("accountId", "oldState", "newState", "created", "notCreated")}


async def _import(call: Call, wanted: Object) -> Object:
    unknown = [name for name in wanted if name not in _PROPERTIES]
    if unknown:
        raise invalid(unknown)
    mailboxes = mailboxes_of(call, wanted.get("mailboxIds"))
    flags = keyword_flags(keys_of(wanted.get("keywords") or {}, "keywords"))
    try:
        content = await read_blob_id(call.mail, wanted.get("blobId"))
    except NotThere:
        raise invalid(["blobId"]) from None
    # RFC 5322 §2.1: lines end in CRLF. The message may be mended; then it is another blob (RFC 8621 §4.8)
    content = _BARE.sub(b"\r\n", content.replace(b"\0", b""))
    if b":" not in content.partition(b"\r\n\r\n")[0]:
        raise SetError("invalidEmail", "There is no header field in it.")
    given = wanted.get("receivedAt")
    received = received_of(call, given) if given is not None else _last_received(content)
    return await keep(call, Draft(content, tuple(sorted(mailboxes)), flags, received or call.room.now()))


def _last_received(content: bytes) -> float | None:
    """RFC 8621 §4.8: the date of the most recent Received field, which is the first one."""
    for name, raw in header_fields(content, index_message(content).root):
        if name.lower() == "received":
            return parse_date(raw.rpartition(b";")[2])
    return None


class CopyArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8620 §5.4."""

    from_account_id: str
    account_id: str
    create: dict[str, dict[str, Any]]
    if_from_in_state: str | None = None
    if_in_state: str | None = None
    on_success_destroy_original: bool = False
    destroy_from_if_in_state: str | None = None


async def copy(call: Call, arguments: Object) -> Object:
    """RFC 8620 §5.4: the accounts must differ, and everybody here has one only."""
    asked = call.arguments(arguments, CopyArguments)
    if asked.from_account_id == asked.account_id:
        raise MethodError("invalidArguments", "fromAccountId and accountId are the same.")
    raise MethodError("fromAccountNotFound")
