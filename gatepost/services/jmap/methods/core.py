"""Core/echo (RFC 8620 §4) and Blob/copy (§6.3)."""

from __future__ import annotations

import msgspec

from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.services.jmap.call import Call


class CopyArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8620 §6.3."""

    from_account_id: str
    account_id: str
    blob_ids: list[str]


async def echo(call: Call, arguments: Object) -> Object:
    """The arguments, as they came."""
    return arguments


async def copy_blobs(call: Call, arguments: Object) -> Object:
    """Blobs are copied between accounts, and everybody here has one only: from any other, nothing is found."""
    asked = call.arguments(arguments, CopyArguments)
    if asked.from_account_id != asked.account_id:
        raise MethodError("fromAccountNotFound")
    raise MethodError("invalidArguments", "fromAccountId and accountId are the same.")
