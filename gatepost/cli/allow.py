"""`gatepost allow`."""

from __future__ import annotations

from typing import Annotated

import typer

from gatepost.cli.output import listing, say

app = typer.Typer(help="Who is never banned.", no_args_is_help=True)

Subject = Annotated[str, typer.Argument(metavar="ADDRESS|NETWORK")]


@app.command("list")
def allow_list(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List what is never banned."""
    listing(context.obj.ask("allow.list"), {"network": "NETWORK", "note": "NOTE"}, json, "the allow list is empty")


@app.command("add")
def allow_add(
    context: typer.Context, subject: Subject, note: Annotated[str, typer.Option(help="Why; kept with it.")] = ""
) -> None:
    """Never ban an address or network; a ban on it has no effect from now on."""
    context.obj.ask("allow.add", subject=subject, note=note)
    say(f"{subject} is never banned")


@app.command("remove")
def allow_remove(context: typer.Context, subject: Subject) -> None:
    """Count an address or network like any other again."""
    context.obj.ask("allow.remove", subject=subject)
    say(f"{subject} counts like any other")
