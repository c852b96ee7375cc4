"""Quota/get, /changes, /query, /queryChanges (RFC 9425): one object, the account's octets, where it has a quota."""

from __future__ import annotations

from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.standard import (
    ChangesArguments,
    GetArguments,
    QueryArguments,
    QueryChangesArguments,
    check_properties,
    no_query_changes,
    page_of,
    query_response,
    select,
    unchanging,
    unique_ids,
)

PROPERTIES = (
    "id", "resourceType", "used", "hardLimit", "scope", "name", "types", "warnLimit", "softLimit", "description",
)  # fmt: skip
_ID = "Qoctets"
_MAIL = "urn:ietf:params:jmap:mail"


async def get(call: Call, arguments: Object) -> Object:
    """RFC 9425 §4.2."""
    asked = call.arguments(arguments, GetArguments)
    properties = check_properties(asked.properties, PROPERTIES)
    state, every = await _state(call), await _quotas(call)
    ids = [quota["id"] for quota in every] if asked.ids is None else unique_ids(call, asked.ids)
    found = [select(quota, properties) for quota in every if quota["id"] in ids]
    missing = [key for key in ids if key not in {quota["id"] for quota in every}]
    return {"accountId": asked.account_id, "state": state, "list": found, "notFound": missing}


async def changes(call: Call, arguments: Object) -> Object:
    """RFC 9425 §4.3: `used` may have changed with every change of the mail; another limit is another history."""
    asked = call.arguments(arguments, ChangesArguments)
    state = await _state(call)
    old_limit, dash, old = asked.since_state.partition("-")
    if asked.since_state == state:
        return {**unchanging(asked, state), "updatedProperties": None}
    if not dash or old_limit != state.partition("-")[0] or not (old.isascii() and old.isdigit() and len(old) < 19):
        raise MethodError("cannotCalculateChanges")
    return {
        **unchanging(ChangesArguments(asked.account_id, state), state),
        "oldState": asked.since_state,
        "updated": [quota["id"] for quota in await _quotas(call)],
        "updatedProperties": ["used"],
    }


async def query(call: Call, arguments: Object) -> Object:
    """RFC 9425 §4.4. With one object at most, any order is sorted."""
    asked = call.arguments(arguments, QueryArguments)
    if any(item.property not in ("name", "used") for item in asked.sort or ()):
        raise MethodError("unsupportedSort")
    ids = await _matching(call, asked.filter)
    page = page_of(call, asked, ids, asked.anchor)
    return query_response(call, asked, page, len(ids), await _state(call), can_calculate=False)


async def query_changes(call: Call, arguments: Object) -> Object:
    """RFC 9425 §4.5."""
    asked = call.arguments(arguments, QueryChangesArguments)
    return no_query_changes(asked, await _state(call), len(await _matching(call, asked.filter)))


async def _matching(call: Call, condition: Object | None) -> list[str]:
    tests = condition or {}
    if not set(tests) <= {"name", "scope", "resourceType", "type"}:
        raise MethodError("unsupportedFilter")
    if not all(isinstance(value, str) for value in tests.values()):
        raise MethodError("invalidArguments", "filter: not text.")
    return [quota["id"] for quota in await _quotas(call) if _matches(quota, tests)]


def _matches(quota: Object, tests: Object) -> bool:
    return (
        tests.get("name", "").casefold() in quota["name"].casefold()
        and tests.get("scope", "account") == quota["scope"]
        and tests.get("resourceType", "octets") == quota["resourceType"]
        and tests.get("type", "Email") in quota["types"]
    )


async def _state(call: Call) -> str:
    return f"{call.account.quota}-{(await call.mail.states()).email}"


async def _quotas(call: Call) -> list[Object]:
    """RFC 9425 §4.1: only types of capabilities that the request uses; without any, no object."""
    if not call.account.quota or _MAIL not in call.using:
        return []
    return [
        {
            "id": _ID,
            "resourceType": "octets",
            "used": await call.mail.usage(),
            "hardLimit": call.account.quota,
            "scope": "account",
            "name": call.account.email,
            "types": ["Email"],
            "warnLimit": None,
            "softLimit": None,
            "description": None,
        }
    ]
