"""Mailbox/query and Mailbox/queryChanges (RFC 8621 §2.3, §2.4)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gatepost.model.ids import mailbox_object_id, parse_mailbox_id
from gatepost.model.mail import MailboxId
from gatepost.proto.jmap.errors import Object
from gatepost.proto.jmap.filter import Comparator
from gatepost.proto.jmap.mailboxes import query_mailboxes
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.standard import (
    QueryArguments,
    QueryChangesArguments,
    no_query_changes,
    page_of,
    query_response,
)


class MailboxQuery(QueryArguments, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8621 §2.3."""

    sort_as_tree: bool = False
    filter_as_tree: bool = False


class MailboxQueryChanges(QueryChangesArguments, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8621 §2.4: the same query as before is meant."""

    sort_as_tree: bool = False
    filter_as_tree: bool = False


async def query(call: Call, arguments: Object) -> Object:
    """RFC 8621 §2.3. Changes are not calculated: there are few mailboxes."""
    asked = call.arguments(arguments, MailboxQuery)
    state = str((await call.mail.states()).mailbox)
    results = await _run(call, asked.filter, asked.sort, asked.sort_as_tree, asked.filter_as_tree)
    anchor = parse_mailbox_id(asked.anchor) if asked.anchor is not None else None
    page = page_of(call, asked, results, anchor)
    shown = msgspec.structs.replace(page, ids=[mailbox_object_id(number) for number in page.ids])
    return query_response(call, asked, shown, len(results), state, can_calculate=False)


async def query_changes(call: Call, arguments: Object) -> Object:
    """RFC 8621 §2.4: nothing changed, or cannotCalculateChanges."""
    asked = call.arguments(arguments, MailboxQueryChanges)
    results = await _run(call, asked.filter, asked.sort, asked.sort_as_tree, asked.filter_as_tree)
    return no_query_changes(asked, str((await call.mail.states()).mailbox), len(results))


async def _run(
    call: Call, condition: Object | None, sort: Sequence[Comparator] | None, as_tree: bool, filter_tree: bool
) -> list[MailboxId]:
    return query_mailboxes(await call.mail.mailboxes(), condition, sort or (), as_tree, filter_tree)
