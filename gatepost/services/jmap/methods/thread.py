"""Thread/get and Thread/changes (RFC 8621 §3)."""

from __future__ import annotations

from gatepost.model.errors import CannotCalculateChanges
from gatepost.model.ids import email_object_id, parse_thread_id, thread_object_id
from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.email_reading import visible
from gatepost.services.jmap.methods.standard import (
    ChangesArguments,
    GetArguments,
    changes_response,
    check_properties,
    parse_state,
    select,
    unique_ids,
)


async def get(call: Call, arguments: Object) -> Object:
    """RFC 8621 §3.1."""
    asked = call.arguments(arguments, GetArguments)
    properties = check_properties(asked.properties, ("id", "emailIds"))
    if asked.ids is None:  # RFC 8620 §5.1: all, if this is supported for the type
        raise MethodError("requestTooLarge", "ids: name the threads.")
    texts = unique_ids(call, asked.ids)
    state = str((await call.mail.states()).thread)
    known = [number for text in texts if (number := parse_thread_id(text)) is not None]
    threads = await call.mail.threads(known)
    shown = {placed.email.id for placed in await visible(call, [key for ids in threads.values() for key in ids])}
    found = []
    for number, emails in threads.items():
        alive = [email_object_id(key) for key in emails if key in shown]
        if alive:
            found.append(select({"id": thread_object_id(number), "emailIds": alive}, properties))
    seen = {item["id"] for item in found}
    missing = [text for text in texts if text not in seen]
    return {"accountId": asked.account_id, "state": state, "list": found, "notFound": missing}


async def changes(call: Call, arguments: Object) -> Object:
    """RFC 8621 §3.2."""
    asked = call.arguments(arguments, ChangesArguments)
    try:
        found = await call.mail.thread_changes(parse_state(asked.since_state), asked.max_changes)
    except CannotCalculateChanges:
        raise MethodError("cannotCalculateChanges") from None
    return changes_response(asked, found, thread_object_id)
