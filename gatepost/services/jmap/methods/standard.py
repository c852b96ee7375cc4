"""What the standard methods /get, /changes, /set, /query have in common (RFC 8620 §5): arguments, pages, results."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from gatepost.model.mail import ObjectChanges
from gatepost.proto.jmap.errors import MethodError, Object, SetError
from gatepost.proto.jmap.filter import Comparator
from gatepost.services.jmap.call import Call

Int = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
UnsignedInt = Annotated[int, Meta(ge=0, le=2**53 - 1)]
PositiveInt = Annotated[int, Meta(ge=1, le=2**53 - 1)]
_STATE = re.compile(r"[0-9]{1,18}", re.ASCII)
T = TypeVar("T")


class GetArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8620 §5.1."""

    account_id: str
    ids: list[str] | None = None
    properties: list[str] | None = None


class ChangesArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8620 §5.2."""

    account_id: str
    since_state: str
    max_changes: PositiveInt | None = None


class SetArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8620 §5.3."""

    account_id: str
    if_in_state: str | None = None
    create: dict[str, dict[str, Any]] | None = None
    update: dict[str, dict[str, Any]] | None = None
    destroy: list[str] | None = None


class QueryArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8620 §5.5."""

    account_id: str
    filter: dict[str, Any] | None = None
    sort: list[Comparator] | None = None
    position: Int = 0
    anchor: str | None = None
    anchor_offset: Int = 0
    limit: UnsignedInt | None = None
    calculate_total: bool = False


class QueryChangesArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8620 §5.6."""

    account_id: str
    since_query_state: str
    filter: dict[str, Any] | None = None
    sort: list[Comparator] | None = None
    max_changes: UnsignedInt | None = None
    up_to_id: str | None = None
    calculate_total: bool = False


def unique_ids(call: Call, ids: Sequence[str]) -> list[str]:
    """Each once, in order. Raises MethodError requestTooLarge."""
    once = list(dict.fromkeys(ids))
    if len(once) > call.options.max_get:
        raise MethodError("requestTooLarge")
    return once


def check_properties(asked: Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """The properties to tell, all known ones by default. Raises MethodError invalidArguments."""
    if asked is None:
        return tuple(known)
    if not all(name in known for name in asked):
        raise MethodError("invalidArguments", "properties: not one of this type.")
    return tuple(asked)


def select(value: Object, properties: Sequence[str]) -> Object:
    """The object with these properties, and its id always (RFC 8620 §5.1)."""
    return {name: item for name, item in value.items() if name == "id" or name in properties}


def parse_state(text: str) -> int:
    """The modseq in a state. Raises MethodError cannotCalculateChanges."""
    if not _STATE.fullmatch(text):
        raise MethodError("cannotCalculateChanges")
    return int(text)


def changes_response(
    arguments: ChangesArguments, found: ObjectChanges, object_id: Callable[[Any], str], **more: Any
) -> Object:
    """The response of a /changes."""
    return {
        "accountId": arguments.account_id,
        "oldState": arguments.since_state,
        "newState": str(found.modseq),
        "hasMoreChanges": found.more,
        "created": [object_id(item) for item in found.created],
        "updated": [object_id(item) for item in found.updated],
        "destroyed": [object_id(item) for item in found.destroyed],
        **more,
    }


def unchanging(arguments: ChangesArguments, state: str) -> Object:
    """The response of a /changes of a type that has no history. Raises MethodError cannotCalculateChanges."""
    if arguments.since_state != state:
        raise MethodError("cannotCalculateChanges")
    return {
        "accountId": arguments.account_id,
        "oldState": state,
        "newState": state,
        "hasMoreChanges": False,
        "created": [],
        "updated": [],
        "destroyed": [],
    }


class SetResult:
    """What became of each object of a /set."""

    def __init__(self, account: str, old_state: str) -> None:
        self._account, self._old = account, old_state
        self.created: dict[str, Object] = {}
        self.updated: dict[str, Object | None] = {}
        self.destroyed: list[str] = []
        self.not_created: dict[str, Object] = {}
        self.not_updated: dict[str, Object] = {}
        self.not_destroyed: dict[str, Object] = {}

    def response(self, new_state: str) -> Object:
        """The response; what is empty is null (RFC 8620 §5.3)."""
        return {
            "accountId": self._account,
            "oldState": self._old,
            "newState": new_state,
            "created": self.created or None,
            "updated": self.updated or None,
            "destroyed": self.destroyed or None,
            "notCreated": self.not_created or None,
            "notUpdated": self.not_updated or None,
            "notDestroyed": self.not_destroyed or None,
        }


def check_set(call: Call, arguments: SetArguments, state: str) -> None:
    """Raises MethodError requestTooLarge, stateMismatch (RFC 8620 §5.3)."""
    total = len(arguments.create or ()) + len(arguments.update or ()) + len(arguments.destroy or ())
    if total > call.options.max_set:
        raise MethodError("requestTooLarge")
    if arguments.if_in_state is not None and arguments.if_in_state != state:
        raise MethodError("stateMismatch")


def refuse_all(arguments: SetArguments, state: str, known: Sequence[str]) -> Object:
    """The response of a /set of a type whose objects are the server's own: `forbidden`, or `notFound`."""
    result = SetResult(arguments.account_id, state)
    forbidden, missing = SetError("forbidden").object(), SetError("notFound").object()
    result.not_created = dict.fromkeys(arguments.create or (), forbidden)
    result.not_updated = {key: forbidden if key in known else missing for key in arguments.update or ()}
    result.not_destroyed = {key: forbidden if key in known else missing for key in arguments.destroy or ()}
    return result.response(state)


class Page(msgspec.Struct, frozen=True):
    """A part of a query's results."""

    position: int
    ids: list[Any]
    limit: int | None


def page_of(call: Call, arguments: QueryArguments, results: Sequence[T], anchor: T | None) -> Page:
    """RFC 8620 §5.5: position or anchor, and the limit. Raises MethodError anchorNotFound."""
    if arguments.anchor is not None:
        try:
            position = max(0, results.index(anchor) + arguments.anchor_offset)
        except ValueError:
            raise MethodError("anchorNotFound") from None
    elif arguments.position < 0:
        position = max(0, len(results) + arguments.position)
    else:
        position = arguments.position
    most = call.options.max_results
    limit = most if arguments.limit is None else min(arguments.limit, most)
    clamped = arguments.limit is not None and arguments.limit > most
    clamped = clamped or (arguments.limit is None and len(results) - position > most)
    return Page(position, list(results[position : position + limit]), limit if clamped else None)


def query_response(
    call: Call, arguments: QueryArguments, page: Page, total: int, state: str, can_calculate: bool
) -> Object:
    """The response of a /query; `page.ids` are the ids as clients know them."""
    response: Object = {
        "accountId": arguments.account_id,
        "queryState": state,
        "canCalculateChanges": can_calculate,
        "position": page.position,
        "ids": page.ids,
    }
    if arguments.calculate_total:
        response["total"] = total
    if page.limit is not None:
        response["limit"] = page.limit
    return response


def no_query_changes(arguments: QueryChangesArguments, state: str, total: int) -> Object:
    """A /queryChanges where nothing changed since. Raises MethodError cannotCalculateChanges where something did."""
    if arguments.since_query_state != state:
        raise MethodError("cannotCalculateChanges")
    response: Object = {
        "accountId": arguments.account_id,
        "oldQueryState": state,
        "newQueryState": state,
        "removed": [],
        "added": [],
    }
    if arguments.calculate_total:
        response["total"] = total
    return response
