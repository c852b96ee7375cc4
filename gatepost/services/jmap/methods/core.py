"""Core/echo (RFC 8620 §4)."""

from __future__ import annotations

from gatepost.proto.jmap.errors import Object
from gatepost.services.jmap.call import Call


async def echo(call: Call, arguments: Object) -> Object:
    """The arguments, as they came."""
    return arguments
