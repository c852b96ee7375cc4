"""`gatepost guard`."""

from __future__ import annotations

import typer

from gatepost.cli.explain import explain
from gatepost.cli.replay import replay
from gatepost.cli.simulate import simulate
from gatepost.cli.watch import watch

app = typer.Typer(help="What the guard knows.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """What the guard knows."""


app.command("watch")(watch)
app.command("replay")(replay)
app.command("simulate")(simulate)
app.command("explain")(explain)
