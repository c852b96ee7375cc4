"""The configuration in force, written as TOML."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gatepost.config.options import Endpoint, Options
from gatepost.model.units import Duration, Rate, Size

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def plain(value: Any) -> Any:
    """Options as plain values, written as an administrator would."""
    if isinstance(value, (Duration, Size, Rate)):
        return str(value)
    if isinstance(value, Endpoint):
        return {"address": str(value), "proxy_protocol": True} if value.proxy_protocol else str(value)
    if isinstance(value, msgspec.Struct):
        return {field: plain(getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, (tuple, list, frozenset)):
        return [plain(item) for item in value]
    return value


def to_toml(options: Options) -> str:
    """The whole configuration; reading it back gives the same options."""
    out: list[str] = []
    _section(plain(options), "", out)
    return "\n".join(out).strip() + "\n"


def _section(tree: dict[str, Any], path: str, out: list[str]) -> None:
    if path:
        out += ["", f"[{path}]"]
    for key, value in tree.items():
        if value is not None and not isinstance(value, dict):  # TOML has no null: what is unset is left out
            out.append(f"{_key(key)} = {literal(value)}")
    for key, value in tree.items():
        if isinstance(value, dict):
            _section(value, f"{path}.{_key(key)}" if path else _key(key), out)


def _key(name: str) -> str:
    """Quoted where TOML asks for it."""
    return name if _BARE.fullmatch(name) else literal(name)


def literal(value: Any) -> str:
    """One value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {literal(inner)}" for key, inner in value.items()) + " }"
    # JSON's string escapes are TOML's too
    return msgspec.json.encode(str(value)).decode()
