"""`gatepost ban`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gatepost.cli.output import as_json, listing, say
from gatepost.model.units import Duration

app = typer.Typer(help="Who gets nothing, why, and for how long.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def ban_list(context: typer.Context, json: Json = False) -> None:
    """List bans with their evidence."""
    rows = context.obj.ask("ban.list")
    if not json:
        rows = [{**row, **_evidence(row), "left": str(Duration(int(row["remaining"])))} for row in rows]
    columns = {
        "network": "NETWORK",
        "left": "LEFT",
        "number": "BAN NO",
        "by": "BY",
        "reason": "REASON",
        "failures": "FAILURES",
        "doors": "DOORS",
        "logins": "LOGINS",
    }
    listing(rows, columns, json, "nobody is banned")


@app.command("add")
def ban_add(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="ADDRESS|NETWORK|LOGIN")],
    duration: Annotated[str | None, typer.Option("--for", help="How long, such as 2h; else the guard's own.")] = None,
    reason: Annotated[str, typer.Option(help="Kept with the ban.")] = "",
    json: Json = False,
) -> None:
    """Ban an address or network now, or close a login to strangers."""
    try:
        seconds = None if duration is None else float(Duration.read(duration))
    except ValueError as error:
        raise typer.BadParameter(f"expected {error}", param_hint="--for") from error
    made = context.obj.ask("ban.add", subject=subject, seconds=seconds, reason=reason)
    if json:
        as_json(made)
    else:
        what = f"{made['network']} is banned" if "network" in made else f"{made['login']} is closed to strangers"
        say(what + (f" for {Duration(round(made['remaining']))}" if "remaining" in made else ""))


@app.command("lift")
def ban_lift(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="ADDRESS|NETWORK|LOGIN")],
    json: Json = False,
) -> None:
    """Lift bans on an address or network, or reopen a login; the counters that led to it are cleared."""
    done = context.obj.ask("ban.lift", subject=subject)
    if json:
        as_json(done)
    else:
        say(f"{subject}: {done['lifted'] or 'nothing'} lifted, counters cleared")


def _evidence(row: dict[str, Any]) -> dict[str, Any]:
    evidence = row["evidence"]
    return {key: evidence.get(key, "") for key in ("reason", "failures", "doors", "logins")}
