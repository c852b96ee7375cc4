"""`gatepost guard`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gatepost.cli.output import as_json, say
from gatepost.cli.replay import replay

app = typer.Typer(help="What the guard knows.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """What the guard knows."""


app.command("replay")(replay)


@app.command("explain")
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
    for line in _lines(answer, 0):
        say(line)


def _lines(value: dict[str, Any], indent: int) -> list[str]:
    out: list[str] = []
    pad = "  " * indent
    for key, inner in value.items():
        name = key.replace("_", " ")
        if isinstance(inner, dict):
            out += [f"{pad}{name}:", *_lines(inner, indent + 1)]
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            out.append(f"{pad}{name}:")
            for item in inner:
                words = ", ".join(f"{k.replace('_', ' ')} {_plain(v)}" for k, v in item.items() if v not in ("", None))
                out.append(f"{pad}  - {words}")
        elif inner not in ("", None, []):
            out.append(f"{pad}{name}: {_plain(inner)}")
    return out


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(item) for item in value)
    return str(value)
