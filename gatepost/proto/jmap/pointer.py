"""JSON Pointer (RFC 6901) with JMAP's `*` (RFC 8620 §3.7): how a result reference finds its value."""

from __future__ import annotations

import re
from typing import Any

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_BAD_ESCAPE = re.compile(r"~(?![01])")


class Unresolved(Exception):
    """The pointer is malformed or leads nowhere."""


def split_pointer(path: str) -> list[str]:
    """The reference tokens of a pointer that begins with `/`; none for the empty one. Raises Unresolved."""
    if not path:
        return []
    if path[0] != "/" or _BAD_ESCAPE.search(path):
        raise Unresolved
    return [token.replace("~1", "/").replace("~0", "~") for token in path[1:].split("/")]


def evaluate(value: Any, tokens: list[str]) -> Any:
    """What the tokens lead to. Raises Unresolved."""
    for depth, step in enumerate(tokens):
        if isinstance(value, list) and step == "*":
            return _map(value, tokens[depth + 1 :])
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            raise Unresolved
    return value


def _map(items: list[Any], tokens: list[str]) -> list[Any]:
    """RFC 8620 §3.7: the rest applied to every item; a result that is an array is added item by item."""
    if tokens.count("*") > 8:
        raise Unresolved
    found: list[Any] = []
    for item in items:
        result = evaluate(item, tokens)
        if isinstance(result, list):
            found.extend(result)
        else:
            found.append(result)
    return found
