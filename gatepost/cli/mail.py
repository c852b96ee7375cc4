"""`gatepost mail`: bring mail in and out, check and mend it, back it up and restore it, let old mail go, share it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatepost.cli import mailcare, sharing
from gatepost.cli.client import Client
from gatepost.cli.output import as_json, errors, say
from gatepost.model.units import Size

if TYPE_CHECKING:
    from gatepost.cli.transfer import Outcome

app = typer.Typer(
    help="An account's mail: import, export, check, repair, backup, restore, expire, share.", no_args_is_help=True
)


app.command("check")(mailcare.check)
app.command("repair")(mailcare.repair)
app.command("backup")(mailcare.backup)
app.command("restore")(mailcare.restore)
app.command("expire")(mailcare.expire)
app.command("share")(sharing.share)


class Form(StrEnum):
    """The formats of mail files."""

    mbox = "mbox"
    maildir = "maildir"
    eml = "eml"


Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Mailbox = Annotated[str | None, typer.Option("--mailbox", help="This mailbox only.")]


@app.command("import")
def mail_import(
    context: typer.Context,
    email: str,
    path: Annotated[Path, typer.Argument(help="A file or a folder.", exists=True)],
    form: Annotated[Form | None, typer.Option("--format", help="Else it is found out.")] = None,
    mailbox: Annotated[str | None, typer.Option("--mailbox", help="Into this mailbox.")] = None,
    json: Json = False,
) -> None:
    """Bring mail in from mbox, Maildir or single messages. Again: what is there already is not added twice."""
    from gatepost.cli import transfer  # and what reads mail files with it: only when needed

    client: Client = context.obj
    with client.session() as session:
        outcome = transfer.bring(session, email, path, form.value if form else None, mailbox)
    _tell(outcome, f"into {email}", json)


@app.command("export")
def mail_export(
    context: typer.Context,
    email: str,
    path: Annotated[Path, typer.Argument(help="A folder, which is made if there is none.", file_okay=False)],
    form: Annotated[Form, typer.Option("--format")] = Form.maildir,
    mailbox: Mailbox = None,
    json: Json = False,
) -> None:
    """Write mail out as mbox, Maildir or single messages. Again: only what is new."""
    from gatepost.cli import transfer

    client: Client = context.obj
    with client.session() as session:
        outcome = transfer.export(session, email, path, form.value, mailbox)
    _tell(outcome, f"to {path}", json)


def _tell(outcome: Outcome, where: str, json: bool) -> None:
    if json:
        as_json(outcome)
        return
    for warning in outcome.warnings:
        errors.print(warning, markup=False, soft_wrap=True)
    size = f"{outcome.octets / 1e6:.1f} MB" if outcome.octets > 100_000 else str(Size(outcome.octets))
    say(
        f"{outcome.messages} messages ({size}) of {outcome.mailboxes} mailboxes {where}; {outcome.skipped} were there already"
    )
