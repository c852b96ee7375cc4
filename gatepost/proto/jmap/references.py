"""Result references: arguments taken from the results of earlier calls (RFC 8620 §3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.proto.jmap.pointer import Unresolved, evaluate, split_pointer
from gatepost.proto.jmap.request import Invocation


class Budget:
    """Octets, roughly, that one request may still make us hold: a reference can repeat a large result in a few octets."""

    def __init__(self, limit: int) -> None:
        self.left = limit

    def take(self, octets: int) -> bool:
        """Whether there was room for it."""
        self.left -= octets
        return self.left >= 0


class ResultReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an argument's value is to be found."""

    result_of: str = msgspec.field(name="resultOf")
    name: str
    path: str


def resolve(arguments: Object, results: Sequence[Invocation], budget: Budget) -> Object:
    """`arguments` with every `#name` replaced by what it refers to. Raises MethodError invalidArguments (a name in both
    forms, not a reference) and invalidResultReference."""
    if not any(name.startswith("#") for name in arguments):
        return arguments
    resolved: Object = {}
    for name, value in arguments.items():
        if not name.startswith("#"):
            resolved[name] = value
            continue
        if name[1:] in arguments:
            raise MethodError("invalidArguments", "An argument is given both as a value and as a reference.")
        resolved[name[1:]] = _look_up(value, results, budget)
    return resolved


def _look_up(value: Any, results: Sequence[Invocation], budget: Budget) -> Any:
    try:
        reference = msgspec.convert(value, ResultReference)
    except msgspec.ValidationError:
        raise MethodError("invalidArguments", "An argument with # is not a ResultReference.") from None
    first = next((result for result in results if result.call_id == reference.result_of), None)
    if first is None or first.name != reference.name:
        raise MethodError("invalidResultReference", "No earlier call has this id, or its response another name.")
    try:
        found = evaluate(first.arguments, split_pointer(reference.path))
    except Unresolved:
        raise MethodError("invalidResultReference", "The path leads nowhere in that response.") from None
    if not _affordable(found, budget):
        raise MethodError("invalidResultReference", "The references of this request repeat too much data.")
    return found


def _affordable(value: Any, budget: Budget) -> bool:
    """Charges the budget for `value` as if it were written out; stops as soon as that is too much."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if not budget.take(16 + (len(item) if isinstance(item, str) else 0)):
            return False
        if isinstance(item, dict):
            if not budget.take(sum(16 + len(name) for name in item)):
                return False
            waiting.extend(item.values())
        elif isinstance(item, list):
            if not budget.take(8 * len(item)):
                return False
            waiting.extend(item)
    return True
