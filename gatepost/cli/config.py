"""`gatepost config`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatepost.cli.client import Client
from gatepost.cli.output import Sorry, as_json, say
from gatepost.config.load import BadConfig, find, load
from gatepost.config.reference import reference
from gatepost.config.show import plain, to_toml

app = typer.Typer(help="The configuration.", no_args_is_help=True)


@app.command("check")
def check(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A file other than the one in use.")] = None,
) -> None:
    """Check a configuration file; the first fault is told with its key's path."""
    try:
        path = find(file) if file else find(context.obj.given)
        load(path)
    except BadConfig as error:
        raise Sorry(str(error)) from error
    say(f"{path}: no faults" if path else "no configuration file: the defaults are in force")


@app.command("show")
def show(context: typer.Context, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print the configuration in force, defaults included."""
    client: Client = context.obj
    options = client.options()
    if json:
        as_json(plain(options))
    else:
        say(to_toml(options))


@app.command("reference")
def config_reference() -> None:
    """Print every key with its type, default and meaning (docs/configuration.md)."""
    typer.echo(reference(), nl=False)
