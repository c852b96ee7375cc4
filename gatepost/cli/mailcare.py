"""`gatepost mail check`, `repair`, `backup`, `restore` and `expire`."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from gatepost.adapters.lock import BadFolder, FolderInUse, FolderLock
from gatepost.cli.client import Client, Session
from gatepost.cli.output import Sorry, as_json, errors, listing, progress, say
from gatepost.model.account import AccountId
from gatepost.model.errors import StorageUnavailable
from gatepost.model.units import Duration
from gatepost.model.upkeep import BadBackup

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Email = Annotated[str | None, typer.Argument(help="Only this account.")]


def _each(session: Session, operation: str, email: str | None) -> list[dict[str, Any]]:
    """The operation for one account or all; every fault with whose it is."""
    rows = [{"account": email, "email": email}] if email else session.ask("mail.kept")
    found: list[dict[str, Any]] = []
    with progress() as shown:
        for row in shown.track(rows, description=operation.removeprefix("mail.")):
            who = row["email"] or row["account"]
            found += [{"account": who, **fault} for fault in session.ask(operation, account=row["account"])]
    return found


def check(context: typer.Context, email: Email = None, json: Json = False) -> None:
    """Look for faults: lost octets, wrong counts and indexes, rows and files of nobody. Exit status 1 if there are any."""
    client: Client = context.obj
    with client.session() as session:
        found = [] if email else [{"account": "", **fault} for fault in session.ask("mail.check-server")]
        found += _each(session, "mail.check", email)
    columns = {"account": "ACCOUNT", "kind": "FAULT", "text": "WHAT", "known": "KNOWN"}
    listing(found, columns, json, "no faults")
    if any(not fault["known"] for fault in found):
        raise typer.Exit(1)


def repair(context: typer.Context, email: Email = None, json: Json = False) -> None:
    """Mend what can be mended; no message is removed. Exit status 1 if a fault is left that was not known."""
    client: Client = context.obj
    with client.session() as session:
        found = _each(session, "mail.repair", email)
    listing(found, {"account": "ACCOUNT", "kind": "FAULT", "text": "WHAT", "mended": "MENDED"}, json, "no faults")
    if any(not fault["mended"] and not fault["known"] for fault in found):
        raise typer.Exit(1)


def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
    email: Email = None,
    json: Json = False,
) -> None:
    """Copy the mail of one account, or all of the server, while it runs. The server writes it."""
    client: Client = context.obj
    with client.session() as session:
        done = session.ask("mail.backup", target=str(target.absolute()), email=email)
    _tell(done, f"{done['accounts']} accounts are in {done['target']}", json)


def restore(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="What `gatepost mail backup` made.", exists=True, file_okay=False)],
    email: Email = None,
    replace: Annotated[bool, typer.Option("--replace", help="Even though there is mail already.")] = False,
    json: Json = False,
) -> None:
    """Bring back one account's mail as it was, or all of a server that is stopped."""
    client: Client = context.obj
    if email is None:
        done = restore_all(client, source.absolute(), replace)
        _tell(done, f"{done['accounts']} accounts are as they were; {done['aside'] or 'nothing'} was put aside", json)
        return
    with client.session() as session:
        done = session.ask("mail.restore", source=str(source.absolute()), email=email, replace=replace)
    _tell(done, f"the mail of {done['email']} is as it was", json)


def expire(
    context: typer.Context,
    email: str,
    mailbox: str,
    older_than: Annotated[str, typer.Option("--older-than", help="In the mailbox for longer, such as 30d.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let go what came into a mailbox long ago, for ever."""
    try:
        seconds = float(Duration.read(older_than))
    except ValueError as error:
        raise typer.BadParameter(f"expected {error}", param_hint="--older-than") from error
    client: Client = context.obj
    with client.session() as session:
        of = {"email": email, "mailbox": mailbox, "seconds": seconds}
        count = session.ask("mail.expire", count=True, **of)
        if count and not yes and not typer.confirm(f"Remove {count} messages from {mailbox} for ever?"):
            raise Sorry("nothing was removed")
        gone = session.ask("mail.expire", **of) if count else 0
    say(f"{gone} messages are gone")


def _tell(done: dict[str, Any], sentence: str, json: bool) -> None:
    if json:
        as_json(done)
        return
    for warning in done["warnings"]:
        errors.print(warning, markup=False, soft_wrap=True)
    say(sentence)


def restore_all(client: Client, source: Path, replace: bool) -> dict[str, Any]:
    """Into a data folder without a server. What was there is put aside, not removed. Raises Sorry."""
    from gatepost.adapters import changeover
    from gatepost.services.admin.care import SERVER, read_backup  # and half the server with it: only when needed

    folder = Path(client.options().data)
    try:
        listed = read_backup(source)
        if not listed.server:
            raise Sorry(f"{source} is a backup of one account: name it")
        lock = FolderLock(folder)
    except BadBackup as error:
        raise Sorry(str(error)) from error
    except FolderInUse as error:
        raise Sorry(f"{error}; stop the server first") from error
    except BadFolder as error:
        raise Sorry(str(error)) from error
    try:
        place = changeover.begin(folder)
        there = changeover.held(folder)
        if there and not replace:
            raise Sorry(f"{folder} holds a server already; --replace puts it aside")
        missing = asyncio.run(_take(source, place, [AccountId(number) for number, _ in listed.accounts], folder))
        shutil.copyfile(source / SERVER, place / SERVER)
        (place / SERVER).chmod(0o600)
        aside = changeover.change(folder, f"replaced-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
    except (BadBackup, StorageUnavailable) as error:
        raise Sorry(str(error)) from error
    except OSError as error:
        raise Sorry(f"{error.filename or folder}: {error.strerror}") from error
    finally:
        lock.release()
    return {"accounts": len(listed.accounts), "aside": str(aside) if there else None, "warnings": missing}


async def _take(source: Path, place: Path, accounts: list[AccountId], old: Path) -> list[str]:
    """Each account, later than what `old` knows of it."""
    from gatepost.adapters.clock import SystemClock
    from gatepost.adapters.sqlite import SqliteMailstore
    from gatepost.services.admin.care import MAIL

    store = SqliteMailstore(place / MAIL, SystemClock())
    missing: list[str] = []
    try:
        for account in accounts:
            missing += await store.replace(account, source / MAIL / account, old / MAIL)
    finally:
        await store.close()
    return missing
