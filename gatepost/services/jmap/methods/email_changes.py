"""Email/changes (RFC 8621 §4.3)."""

from __future__ import annotations

import msgspec

from gatepost.model.errors import CannotCalculateChanges
from gatepost.model.ids import email_object_id
from gatepost.model.mail import EmailId, ObjectChanges
from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.email_reading import visible
from gatepost.services.jmap.methods.standard import ChangesArguments, changes_response, parse_state


async def changes(call: Call, arguments: Object) -> Object:
    """RFC 8620 §5.2; at most as many ids at once as one /get may ask for."""
    asked = call.arguments(arguments, ChangesArguments)
    limit = min(asked.max_changes or call.options.max_get, call.options.max_get)
    found = await changes_since(call, parse_state(asked.since_state), limit)
    return changes_response(asked, found, email_object_id)


async def changes_since(call: Call, since: int, limit: int | None) -> ObjectChanges:
    """As the store tells it, but an email that got marked \\Deleted everywhere is gone for JMAP (RFC 8621 §4.1.1).
    Raises MethodError cannotCalculateChanges."""
    try:
        found = await call.mail.email_changes(since, limit)
    except CannotCalculateChanges:
        raise MethodError("cannotCalculateChanges") from None
    alive = [EmailId(number) for number in (*found.created, *found.updated)]
    shown = {placed.email.id for placed in await visible(call, alive)}
    return msgspec.structs.replace(
        found,
        created=tuple(number for number in found.created if number in shown),
        updated=tuple(number for number in found.updated if number in shown),
        destroyed=(*found.destroyed, *(number for number in found.updated if number not in shown)),
    )
