"""`gatepost mail share`."""

from __future__ import annotations

from typing import Annotated

import typer

from gatepost.cli.client import Client
from gatepost.cli.output import listing

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def share(
    context: typer.Context,
    email: str,
    mailbox: Annotated[str | None, typer.Argument(help="Whose access list is to change.")] = None,
    identifier: Annotated[str | None, typer.Argument(help="A login of the same domain, or `anyone`.")] = None,
    rights: Annotated[str | None, typer.Argument(help="Such as lrs; +w adds, -w takes away, '' ends it.")] = None,
    json: Json = False,
) -> None:
    """Share a mailbox with others of the domain, or show what is shared. What begins with - comes after --."""
    client: Client = context.obj
    if mailbox is None:
        found = client.ask("mail.shared", email=email)
    elif identifier is None or rights is None:
        raise typer.BadParameter("a mailbox needs somebody and rights")
    else:
        found = client.ask("mail.share", email=email, mailbox=mailbox, identifier=identifier, rights=rights)
    listing(found, {"mailbox": "MAILBOX", "identifier": "WHO", "rights": "RIGHTS"}, json, "nothing is shared")
