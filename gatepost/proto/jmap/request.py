"""The Request and Response objects (RFC 8620 §3.3, §3.4), and JSON that must be I-JSON (RFC 7493)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gatepost.proto.jmap.errors import Object, RequestError

MAX_DEPTH = 128
"""Levels of arrays and objects within each other that a request may have."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


class Invocation(msgspec.Struct, frozen=True):
    """A method call, or a response to one (RFC 8620 §3.2)."""

    name: str
    arguments: Object
    call_id: str


class Request(msgspec.Struct, frozen=True):
    """What a client asks for; `created_ids` None where it did not send any."""

    using: tuple[str, ...]
    calls: tuple[Invocation, ...]
    created_ids: dict[str, str] | None = None


class _WireRequest(msgspec.Struct):
    # RFC 8620 §3.3: unknown properties of the Request object are ignored
    using: list[str]
    method_calls: list[tuple[str, dict[str, Any], str]] = msgspec.field(name="methodCalls")
    created_ids: dict[str, str] | None = msgspec.field(name="createdIds", default=None)


def decode_json(body: bytes) -> Any:
    """The value of an I-JSON text. Raises RequestError notJSON: not JSON, not UTF-8, a name twice in one object, too deep."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise RequestError("notJSON", "The request is not JSON.") from None
    members = _count_members(value)
    # Each member has one colon outside of strings: fewer members than colons means that a name came twice (RFC 7493 §2.3)
    if members < 0 or _STRING.sub(b"", body).count(b":") != members:
        raise RequestError("notJSON", "The request is not I-JSON: a name twice in an object, or too deep.")
    return value


def _count_members(value: Any) -> int:
    """Members of all objects in `value`; -1 where it is deeper than MAX_DEPTH."""
    level, members = [value], 0
    for _ in range(MAX_DEPTH + 1):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                members += len(item)
                deeper.extend(inner for inner in item.values() if isinstance(inner, (dict, list)))
            elif isinstance(item, list):
                deeper.extend(inner for inner in item if isinstance(inner, (dict, list)))
        if not deeper:
            return members
        level = deeper
    return -1


def decode_request(body: bytes, capabilities: Mapping[str, object], max_calls: int) -> Request:
    """Raises RequestError: notJSON, notRequest, unknownCapability, limit (maxCallsInRequest)."""
    value = decode_json(body)
    try:
        wire = msgspec.convert(value, _WireRequest)
    except (msgspec.ValidationError, RecursionError):
        raise RequestError("notRequest", "The JSON is not a Request object (RFC 8620, section 3.3).") from None
    if len(wire.method_calls) > max_calls:
        raise RequestError("limit", f"At most {max_calls} method calls in a request.", limit="maxCallsInRequest")
    if any(uri not in capabilities for uri in wire.using):
        raise RequestError("unknownCapability", "The request uses a capability that this server does not have.")
    calls = tuple(Invocation(*call) for call in wire.method_calls)
    return Request(tuple(wire.using), calls, wire.created_ids)


def encode_response(responses: list[Invocation], created_ids: dict[str, str] | None, session_state: str) -> bytes:
    """The Response object as JSON; `created_ids` only if the request had some (RFC 8620 §3.4)."""
    body: Object = {"methodResponses": [[item.name, item.arguments, item.call_id] for item in responses]}
    if created_ids is not None:
        body["createdIds"] = created_ids
    body["sessionState"] = session_state
    return msgspec.json.encode(body)
