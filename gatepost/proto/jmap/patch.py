"""PatchObjects: an object changed by pointers to its parts (RFC 8620 §5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatepost.proto.jmap.errors import Object, SetError
from gatepost.proto.jmap.pointer import Unresolved, split_pointer


def apply_patch(current: Object, patch: Mapping[str, Any], defaults: Mapping[str, Any]) -> Object:
    """`current` as the patch leaves it; what is not changed is shared with it. A top-level null becomes the property's
    default, or removes it. Raises SetError invalidPatch."""
    paths = {key: _tokens(key) for key in patch}
    _refuse_prefixes([tuple(tokens) for tokens in paths.values()])
    result = dict(current)
    copied: set[tuple[str, ...]] = set()
    for key, tokens in paths.items():
        value = patch[key]
        parent = _parent(result, tokens, copied)
        last = tokens[-1]
        if value is not None:
            parent[last] = value
        elif len(tokens) == 1 and last in defaults:
            parent[last] = defaults[last]
        elif len(tokens) == 1 and last in current:
            parent[last] = None
        else:
            parent.pop(last, None)  # RFC 8620 §5.3: removing what isn't there is no fault
    return result


def touched(patch: Mapping[str, Any]) -> set[str]:
    """The top-level properties that a patch names. Raises SetError invalidPatch."""
    return {_tokens(key)[0] for key in patch}


def _tokens(key: str) -> list[str]:
    try:
        return split_pointer("/" + key)
    except Unresolved:
        raise SetError("invalidPatch", "A key is not a JSON Pointer.") from None


def _refuse_prefixes(paths: list[tuple[str, ...]]) -> None:
    known = set(paths)
    if len(known) != len(paths) or any(path[:n] in known for path in paths for n in range(1, len(path))):
        raise SetError("invalidPatch", "One key is the beginning of another.")


def _parent(root: Object, tokens: list[str], copied: set[tuple[str, ...]]) -> Object:
    """The object that holds the last token, copied on the way down so that the original stays as it is."""
    here = root
    for depth, token in enumerate(tokens[:-1], start=1):
        inner = here.get(token)
        if not isinstance(inner, dict):  # an array, a plain value, or nothing at all
            raise SetError("invalidPatch", "A key leads through something that is not an object.")
        if (path := tuple(tokens[:depth])) not in copied:
            here[token] = inner = dict(inner)
            copied.add(path)
        here = inner
    return here
