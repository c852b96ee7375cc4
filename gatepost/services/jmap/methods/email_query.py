"""Email/query and Email/queryChanges (RFC 8621 §4.4, §4.5)."""

from __future__ import annotations

import msgspec

from gatepost.model.errors import Overloaded
from gatepost.model.flags import DELETED
from gatepost.model.ids import email_object_id, parse_email_id
from gatepost.model.mail import EmailId
from gatepost.model.search import And, Criterion, EmailIs, HasFlag, Not, Or, SortKey
from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.proto.jmap.filter import depends_on_threads, parse_filter, parse_sort
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.email_changes import changes_since
from gatepost.services.jmap.methods.email_reading import visible
from gatepost.services.jmap.methods.standard import (
    QueryArguments,
    QueryChangesArguments,
    page_of,
    parse_state,
    query_response,
)

HALF_DELETED = 500
"""So many emails marked \\Deleted are looked at one by one, whether another place of theirs is still alive."""


class EmailQuery(QueryArguments, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8621 §4.4."""

    collapse_threads: bool = False


class EmailQueryChanges(QueryChangesArguments, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8621 §4.5."""

    collapse_threads: bool = False


class Query(msgspec.Struct, frozen=True):
    """A query as the store is asked."""

    criterion: Criterion
    sort: tuple[SortKey, ...]
    collapse: bool
    deleted: int
    """Entries of the account that are marked \\Deleted."""

    @property
    def traceable(self) -> bool:
        """Whether its changes follow from the changes of the emails themselves."""
        return not self.collapse and not depends_on_threads(self.criterion, self.sort)

    async def run(self, call: Call, limit: int | None = None) -> list[EmailId]:
        """The first `limit` emails, those apart that are marked \\Deleted (RFC 8621 §4.1.1). Raises MethodError unsupportedFilter."""
        shown = And((self.criterion, await _not_deleted(call))) if self.deleted else self.criterion
        try:
            return await call.mail.query(shown, self.sort, self.collapse, limit)
        except Overloaded:
            raise MethodError("unsupportedFilter", "filter: too many conditions.") from None


async def query(call: Call, arguments: Object) -> Object:
    """RFC 8621 §4.4."""
    asked = call.arguments(arguments, EmailQuery)
    wanted = await _prepare(call, asked)
    state = str((await call.mail.states()).email)
    results = await wanted.run(call, _enough(call, asked))
    anchor = parse_email_id(call.real_id(asked.anchor)) if asked.anchor is not None else None
    page = page_of(call, asked, results, anchor)
    shown = msgspec.structs.replace(page, ids=[email_object_id(number) for number in page.ids])
    return query_response(call, asked, shown, len(results), state, wanted.traceable)


def _enough(call: Call, asked: EmailQuery) -> int | None:
    """How many results the answer depends on; None for all."""
    if asked.anchor is not None or asked.position < 0 or asked.calculate_total:
        return None
    most = call.options.max_results
    return asked.position + (most + 1 if asked.limit is None else min(asked.limit, most))


async def query_changes(call: Call, arguments: Object) -> Object:
    """RFC 8621 §4.5: every email that changed is taken out and, if it is (still) a result, put in where it is now. What
    depends on whole threads cannot be told from that."""
    asked = call.arguments(arguments, EmailQueryChanges)
    wanted = await _prepare(call, asked)
    since, now = parse_state(asked.since_query_state), (await call.mail.states()).email
    if since != now and not wanted.traceable:
        raise MethodError("cannotCalculateChanges")
    found = await changes_since(call, since, None)
    results = await wanted.run(call)
    changed = set(found.created) | set(found.updated)
    added = [
        {"id": email_object_id(number), "index": index} for index, number in enumerate(results) if number in changed
    ]
    removed = [email_object_id(EmailId(number)) for number in (*found.updated, *found.destroyed)]
    if asked.max_changes is not None and len(added) + len(removed) > asked.max_changes:
        raise MethodError("tooManyChanges")
    response: Object = {
        "accountId": asked.account_id,
        "oldQueryState": asked.since_query_state,
        "newQueryState": str(found.modseq),
        "removed": removed,
        "added": added,
    }
    return {**response, "total": len(results)} if asked.calculate_total else response


async def _prepare(call: Call, asked: EmailQuery | EmailQueryChanges) -> Query:
    mailboxes = await call.mail.mailboxes()
    criterion = parse_filter(resolve_mailboxes(call, asked.filter), tuple(mailbox.id for mailbox in mailboxes))
    deleted = sum(mailbox.deleted for mailbox in mailboxes)
    return Query(criterion, parse_sort(asked.sort), asked.collapse_threads, deleted)


def resolve_mailboxes(call: Call, condition: Object | None) -> Object | None:
    """The filter with `inMailbox: "#creation-id"` made real, at its top level, where clients put it."""
    mailbox = (condition or {}).get("inMailbox")
    if condition is None or not isinstance(mailbox, str) or not mailbox.startswith("#"):
        return condition
    return {**condition, "inMailbox": call.real_id(mailbox)}


async def _not_deleted(call: Call) -> Criterion:
    """Not marked \\Deleted anywhere; or, as long as there are not too many of these, not everywhere."""
    alive = Not(HasFlag(DELETED))
    marked = await call.mail.query(HasFlag(DELETED), ())
    if len(marked) > HALF_DELETED:
        return alive
    return Or((alive, *(EmailIs(placed.email.id) for placed in await visible(call, marked))))
