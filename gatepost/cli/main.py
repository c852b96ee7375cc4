"""The `gatepost` command: a table of commands. Each file beside this one holds one group."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatepost import __version__
from gatepost.cli import allow, ban, config, directory, drill, guard, mail, serve
from gatepost.cli.client import Client
from gatepost.cli.output import Sorry, fail, say

app = typer.Typer(
    name="gatepost",
    help="A mail server in which every door is watched by one guard.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(value: bool) -> None:
    if value:
        say(f"gatepost {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="Configuration file; else GATEPOST_CONFIG, ./gatepost.toml, /etc/gatepost."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="The data folder, instead of the configuration's.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What every command shares."""
    context.obj = Client(config_file, data)


app.command("serve")(serve.serve)
app.command("demo")(serve.demo)
app.command("drill")(drill.drill)
app.add_typer(config.app, name="config")
app.add_typer(directory.domain, name="domain")
app.add_typer(directory.user, name="user")
app.add_typer(directory.alias, name="alias")
app.add_typer(directory.app_password, name="app-password")
app.add_typer(ban.app, name="ban")
app.add_typer(allow.app, name="allow")
app.add_typer(guard.app, name="guard")
app.add_typer(mail.app, name="mail")


def main() -> None:
    """The console script. Errors are one sentence and exit status 1; wrong usage is exit status 2 (click's)."""
    try:
        app()
    except Sorry as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
