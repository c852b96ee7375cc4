"""`gatepost guard explain`: what the guard knows of an address or login, as text."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

import typer

from gatepost.cli.output import as_json, say

_TIMES = {"since", "until", "empty_at", "first", "last"}
"""Keys whose values are seconds since the epoch."""


def explain(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="ADDRESS|LOGIN")],
    source: Annotated[str | None, typer.Option("--from", help="For a login: as seen from this address.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what the guard knows of an address or login, and what it would answer now."""
    answer = context.obj.ask("guard.explain", subject=subject, source=source)
    if json:
        as_json(answer)
        return
    for line in lines(answer, ""):
        say(line)


def lines(value: dict[str, Any], pad: str) -> list[str]:
    """One line a fact; what is empty or zero is left out."""
    out: list[str] = []
    for key, inner in value.items():
        name = key.replace("_", " ")
        if _empty(inner):
            continue
        if isinstance(inner, dict):
            out += [f"{pad}{name}: {_in_a_row(inner)}"]
        elif isinstance(inner, (list, tuple)) and isinstance(inner[0], dict):
            out += [f"{pad}{name}:", *(f"{pad}  - {_in_a_row(item)}" for item in inner)]
        else:
            out.append(f"{pad}{name}: {_plain(key, inner)}")
    return out


def _in_a_row(value: dict[str, Any]) -> str:
    words = []
    for key, inner in value.items():
        if _empty(inner):
            continue
        text = f"({_in_a_row(inner)})" if isinstance(inner, dict) else _plain(key, inner)
        words.append(f"{key.replace('_', ' ')} {text}")
    return ", ".join(words)


def _empty(value: Any) -> bool:
    return value is None or (not isinstance(value, bool) and value in ("", 0, [], (), {}))


def _plain(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key in _TIMES and isinstance(value, (int, float)):
        return f"{datetime.datetime.fromtimestamp(value, datetime.UTC):%Y-%m-%d %H:%M:%S}Z"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(key, item) for item in value)
    return str(value)
