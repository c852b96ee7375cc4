"""Mailbox objects, and Mailbox/query over them (RFC 8621 §2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gatepost.model.ids import mailbox_object_id, parse_mailbox_id
from gatepost.model.mail import Mailbox, MailboxCounts, MailboxId
from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.proto.jmap.filter import Comparator

COUNTS = ("totalEmails", "unreadEmails", "totalThreads", "unreadThreads")
PROPERTIES = ("id", "name", "parentId", "role", "sortOrder", *COUNTS, "myRights", "isSubscribed")
MAX_DEPTH = 16
_RIGHTS = (
    "mayReadItems", "mayAddItems", "mayRemoveItems", "maySetSeen", "maySetKeywords", "mayCreateChild", "mayRename",
    "mayDelete", "maySubmit",
)  # fmt: skip


def mailbox_object(mailbox: Mailbox, counts: MailboxCounts, properties: Sequence[str]) -> Object:
    """The Mailbox with `properties` and its id; emails marked \\Deleted do not count (RFC 8621 §4.1.1)."""
    inbox = mailbox.role == "inbox"
    every: Object = {
        "id": mailbox_object_id(mailbox.id),
        "name": mailbox.name,
        "parentId": None if mailbox.parent is None else mailbox_object_id(mailbox.parent),
        "role": mailbox.role,
        "sortOrder": mailbox.sort_order,
        "totalEmails": counts.emails,
        "unreadEmails": counts.unread,
        "totalThreads": counts.threads,
        "unreadThreads": counts.unread_threads,
        "myRights": {right: not (inbox and right in ("mayRename", "mayDelete")) for right in _RIGHTS},
        "isSubscribed": mailbox.subscribed,
    }
    return {name: value for name, value in every.items() if name == "id" or name in properties}


def query_mailboxes(
    mailboxes: Sequence[Mailbox], condition: Object | None, sort: Sequence[Comparator], as_tree: bool, filter_tree: bool
) -> list[MailboxId]:
    """Mailbox/query (RFC 8621 §2.3). Raises MethodError invalidArguments, unsupportedFilter, unsupportedSort."""
    matches = _read_filter(condition, 0)
    key = _sort_key(sort)
    by_id = {mailbox.id: mailbox for mailbox in mailboxes}
    found = {mailbox.id for mailbox in mailboxes if matches(mailbox)}
    if filter_tree:
        found = {key for key in found if all(ancestor in found for ancestor in _ancestors(by_id[key], by_id))}
    ordered = _sorted(mailboxes, key)
    if as_tree:
        ordered = list(_walk(ordered))
    return [mailbox.id for mailbox in ordered if mailbox.id in found]


def _ancestors(mailbox: Mailbox, by_id: dict[MailboxId, Mailbox]) -> Iterable[MailboxId]:
    parent = mailbox.parent
    while parent is not None and parent in by_id:
        yield parent
        parent = by_id[parent].parent


def _walk(ordered: Sequence[Mailbox]) -> Iterable[Mailbox]:
    children: dict[MailboxId | None, list[Mailbox]] = {}
    for mailbox in ordered:
        children.setdefault(mailbox.parent, []).append(mailbox)
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        mailbox = waiting.pop()
        yield mailbox
        waiting.extend(reversed(children.get(mailbox.id, [])))


_Sort = list[tuple[Callable[[Mailbox], Any], bool]]
_KEYS: dict[str, Callable[[Mailbox], Any]] = {
    "sortOrder": lambda mailbox: mailbox.sort_order,
    "name": lambda mailbox: mailbox.name.casefold(),
}


def _sort_key(sort: Sequence[Comparator]) -> _Sort:
    if any(item.property not in _KEYS or item.collation not in (None, "i;unicode-casemap") for item in sort):
        raise MethodError("unsupportedSort")
    return [(_KEYS[item.property], not item.is_ascending) for item in sort]


def _sorted(mailboxes: Sequence[Mailbox], sort: _Sort) -> list[Mailbox]:
    ordered = sorted(mailboxes, key=lambda mailbox: mailbox.id)
    for key, descending in reversed(sort):
        ordered.sort(key=key, reverse=descending)
    return ordered


def _read_filter(value: Any, depth: int) -> Callable[[Mailbox], bool]:
    if value is None:
        return lambda mailbox: True
    if depth > MAX_DEPTH:
        raise MethodError("unsupportedFilter", f"At most {MAX_DEPTH} levels.")
    if not isinstance(value, dict):
        raise MethodError("invalidArguments", "filter: a condition is not an object")
    if "operator" not in value:
        tests = [_condition(name, item) for name, item in value.items()]
        return lambda mailbox: all(test(mailbox) for test in tests)
    if set(value) != {"operator", "conditions"} or not isinstance(value["conditions"], list):
        raise MethodError("invalidArguments", "filter: an operator has operator and conditions, nothing else")
    inner = [_read_filter(item, depth + 1) for item in value["conditions"]]
    match value["operator"]:
        case "AND":
            return lambda mailbox: all(test(mailbox) for test in inner)
        case "OR":
            return lambda mailbox: any(test(mailbox) for test in inner)
        case "NOT":
            return lambda mailbox: not any(test(mailbox) for test in inner)
    raise MethodError("invalidArguments", "filter: operator")


def _condition(name: str, value: Any) -> Callable[[Mailbox], bool]:
    match name, value:
        case "parentId", None:
            return lambda mailbox: mailbox.parent is None
        case "parentId", str():
            parent = parse_mailbox_id(value)
            return lambda mailbox: parent is not None and mailbox.parent == parent
        case "name", str():
            wanted = value.casefold()
            return lambda mailbox: wanted in mailbox.name.casefold()
        case "role", None | str():
            return lambda mailbox: mailbox.role == value
        case "hasAnyRole", bool():
            return lambda mailbox: (mailbox.role is not None) == value
        case "isSubscribed", bool():
            return lambda mailbox: mailbox.subscribed == value
        case (("parentId" | "name" | "role" | "hasAnyRole" | "isSubscribed"), _):
            raise MethodError("invalidArguments", f"filter: {name}")
    raise MethodError("unsupportedFilter", "filter: a condition that this server does not know.")
