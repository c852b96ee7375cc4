"""Mailbox/get and Mailbox/changes (RFC 8621 §2.1, §2.2)."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.model.errors import CannotCalculateChanges
from gatepost.model.ids import mailbox_object_id, parse_mailbox_id
from gatepost.model.mail import Mailbox, MailboxCounts
from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.proto.jmap.mailboxes import COUNTS, PROPERTIES, mailbox_object
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.standard import (
    ChangesArguments,
    GetArguments,
    changes_response,
    check_properties,
    parse_state,
    unique_ids,
)


async def get(call: Call, arguments: Object) -> Object:
    """RFC 8621 §2.1."""
    asked = call.arguments(arguments, GetArguments)
    properties = check_properties(asked.properties, PROPERTIES)
    state = str((await call.mail.states()).mailbox)
    every = await call.mail.mailboxes()
    not_found: list[str] = []
    chosen: list[Mailbox] = list(every)
    if asked.ids is not None:
        by_id = {mailbox.id: mailbox for mailbox in every}
        chosen = []
        for text in unique_ids(call, asked.ids):
            number = parse_mailbox_id(text)
            if number in by_id:
                chosen.append(by_id[number])
            else:
                not_found.append(text)
    found = [await describe(call, mailbox, properties) for mailbox in chosen]
    return {"accountId": asked.account_id, "state": state, "list": found, "notFound": not_found}


async def describe(call: Call, mailbox: Mailbox, properties: Sequence[str]) -> Object:
    """The Mailbox object; counts are taken only if asked for, and not where there is nothing to count."""
    counts = MailboxCounts()
    if mailbox.messages and any(name in COUNTS for name in properties):
        counts = await call.mail.mailbox_counts(mailbox.id)
    return mailbox_object(mailbox, counts, properties)


async def changes(call: Call, arguments: Object) -> Object:
    """RFC 8621 §2.2."""
    asked = call.arguments(arguments, ChangesArguments)
    since = parse_state(asked.since_state)
    try:
        found = await call.mail.mailbox_changes(since, asked.max_changes)
    except CannotCalculateChanges:
        raise MethodError("cannotCalculateChanges") from None
    counts = list(COUNTS) if found.counts_only else None
    return changes_response(asked, found, mailbox_object_id, updatedProperties=counts)
