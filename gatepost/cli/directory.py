"""`gatepost domain`, `user`, `alias` and `app-password`."""

from __future__ import annotations

import datetime
import sys
from typing import Annotated

import typer

from gatepost.cli.client import Client
from gatepost.cli.output import Sorry, as_json, listing, say
from gatepost.model.units import Size

domain = typer.Typer(help="Domains whose mail is delivered here.", no_args_is_help=True)
user = typer.Typer(help="Accounts.", no_args_is_help=True)
alias = typer.Typer(help="Other addresses of accounts.", no_args_is_help=True)
app_password = typer.Typer(help="Passwords for one program each, which no guesser can guess.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Domain = Annotated[str | None, typer.Option("--domain", help="Of this domain only.")]
Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


def read_password(from_stdin: bool) -> str:
    """From a prompt, twice, or the first line of standard input. Raises Sorry."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if not password:
        raise Sorry("the password is empty")
    return password


@domain.command("add")
def domain_add(context: typer.Context, name: Annotated[str, typer.Argument(metavar="DOMAIN")]) -> None:
    """Deliver mail for DOMAIN here."""
    client: Client = context.obj
    client.ask("domain.add", domain=name)
    say(f"{name} is delivered here now")


@domain.command("list")
def domain_list(context: typer.Context, json: Json = False) -> None:
    """List domains."""
    rows = context.obj.ask("domain.list")
    listing(rows, {"domain": "DOMAIN", "accounts": "ACCOUNTS"}, json, "no domains yet: gatepost domain add DOMAIN")


@domain.command("remove")
def domain_remove(context: typer.Context, name: Annotated[str, typer.Argument(metavar="DOMAIN")]) -> None:
    """Stop delivering mail for DOMAIN; it must have no accounts left."""
    context.obj.ask("domain.remove", domain=name)
    say(f"{name} is gone")


@user.command("add")
def user_add(
    context: typer.Context,
    email: str,
    name: Annotated[str, typer.Option(help="The owner's name.")] = "",
    quota: Annotated[str, typer.Option(help="Room for mail, such as 2GB; 0: the server's default.")] = "0",
    password_stdin: Stdin = False,
    hashed: Annotated[
        str | None, typer.Option("--hash", help="A password hash from another server, instead of a password.")
    ] = None,
) -> None:
    """Make an account."""
    try:
        octets = int(Size.read(int(quota) if quota.isdigit() else quota))
    except ValueError as error:
        raise typer.BadParameter(f"expected {error}", param_hint="--quota") from error
    password = None if hashed else read_password(password_stdin)
    context.obj.ask("user.add", email=email, password=password, hashed=hashed, name=name, quota=octets)
    say(f"{email} can sign in now")


@user.command("list")
def user_list(context: typer.Context, domain: Domain = None, json: Json = False) -> None:
    """List accounts."""
    columns = {"email": "EMAIL", "name": "NAME", "aliases": "ALIASES", "disabled": "DISABLED", "quota": "QUOTA"}
    rows = context.obj.ask("user.list", domain=domain)
    if not json:
        rows = [{**row, "quota": str(Size(row["quota"])) if row["quota"] else ""} for row in rows]
    listing(rows, columns, json, "no accounts yet: gatepost user add EMAIL")


@user.command("passwd")
def user_passwd(context: typer.Context, email: str, password_stdin: Stdin = False) -> None:
    """Set a new password; sessions signed in with the old one end."""
    context.obj.ask("user.passwd", email=email, password=read_password(password_stdin))
    say(f"{email} has a new password")


@user.command("disable")
def user_disable(
    context: typer.Context,
    email: str,
    enable: Annotated[bool, typer.Option("--undo", help="Let the account sign in again.")] = False,
) -> None:
    """Let nobody sign in; mail is still delivered."""
    context.obj.ask("user.disable", email=email, disabled=not enable)
    say(f"{email} is {'enabled' if enable else 'disabled'}")


@user.command("remove")
def user_remove(
    context: typer.Context,
    email: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an account and all its mail, for ever."""
    if not yes and not typer.confirm(f"Remove {email} and all its mail?"):
        raise Sorry("nothing was removed")
    context.obj.ask("user.remove", email=email)
    say(f"{email} is gone")


@alias.command("add")
def alias_add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ALIAS", help="An address, or @domain for all others of a domain.")],
    email: Annotated[str, typer.Argument(help="The account it leads to.")],
) -> None:
    """Lead an address to an account."""
    context.obj.ask("alias.add", alias=name, email=email)
    say(f"{name} leads to {email}")


@alias.command("list")
def alias_list(context: typer.Context, domain: Domain = None, json: Json = False) -> None:
    """List aliases."""
    listing(context.obj.ask("alias.list", domain=domain), {"alias": "ALIAS", "email": "EMAIL"}, json, "no aliases")


@alias.command("remove")
def alias_remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ALIAS")],
    email: Annotated[str | None, typer.Argument(help="Only for this account.")] = None,
) -> None:
    """Remove an alias."""
    context.obj.ask("alias.remove", alias=name, email=email)
    say(f"{name} is gone")


@app_password.command("add")
def app_password_add(
    context: typer.Context,
    email: str,
    name: Annotated[str, typer.Option(help="What it is for, such as phone.")] = "default",
    json: Json = False,
) -> None:
    """Make an app password; it is shown once."""
    made = context.obj.ask("app-password.add", email=email, name=name)
    if json:
        as_json(made)
    else:
        say(made["password"])


@app_password.command("list")
def app_password_list(context: typer.Context, email: str, json: Json = False) -> None:
    """List an account's app passwords."""
    rows = context.obj.ask("app-password.list", email=email)
    if not json:
        rows = [{**row, "created": _day(row["created"]), "used": _day(row["used"])} for row in rows]
    listing(rows, {"name": "NAME", "created": "CREATED", "used": "LAST USED"}, json, "no app passwords")


@app_password.command("revoke")
def app_password_revoke(
    context: typer.Context, email: str, name: Annotated[str, typer.Option(help="Which one.")] = "default"
) -> None:
    """Make an app password useless."""
    context.obj.ask("app-password.revoke", email=email, name=name)
    say(f"the app password {name} of {email} is revoked")


def _day(at: float) -> str:
    return f"{datetime.datetime.fromtimestamp(at, datetime.UTC):%Y-%m-%d %H:%M}Z" if at else "never"
