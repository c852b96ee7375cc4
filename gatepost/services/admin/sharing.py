"""Who sees whose mailboxes: access lists, as an administrator changes them (RFC 4314; docs/sharing.md)."""

from __future__ import annotations

from typing import Any

import msgspec

from gatepost.mail.access import AccessLists
from gatepost.mail.mailbox import MailboxDoor
from gatepost.model.errors import NoSuchAccount, NoSuchMailbox, NotPermitted
from gatepost.model.mail import Mailbox
from gatepost.model.rights import BadRights, parse_rights_change, shown_rights
from gatepost.ports.mailstore import AccountMail
from gatepost.services.admin.operations import Administration, Refused, operation


class Of(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account."""

    email: str


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`identifier` as in SETACL: a login of the same domain, or `anyone`; `rights` too, with `+` or `-` before them to change
    what is there."""

    email: str
    mailbox: str
    identifier: str
    rights: str


def _lists(admin: Administration) -> AccessLists:
    return AccessLists(MailboxDoor(admin.store, admin.directory))


@operation("mail.shared", Of)
async def mail_shared(admin: Administration, args: Of) -> list[dict[str, Any]]:
    """Every line of the account's access lists."""
    mail = admin.store.open(admin.directory.find(args.email).id)
    paths = {box.id: box.path for box in await mail.mailboxes()}
    found: list[dict[str, Any]] = []
    for each in await mail.all_access():
        if each.mailbox in paths:
            found += (await _lines(admin, mail, await mail.mailbox_by_id(each.mailbox)))[1:]
    return found


async def _lines(admin: Administration, mail: AccountMail, box: Mailbox) -> list[dict[str, Any]]:
    return [
        {"mailbox": box.path, "identifier": identifier, "rights": shown_rights(rights)}
        for identifier, rights in await _lists(admin).read(mail, box.id)
    ]


@operation("mail.share", Share)
async def mail_share(admin: Administration, args: Share) -> list[dict[str, Any]]:
    """The mailbox's list afterwards, the owner first."""
    mail = admin.store.open(admin.directory.find(args.email).id)
    try:
        mode, rights = parse_rights_change(args.rights)
        box = await mail.mailbox(args.mailbox)
        await _lists(admin).change(mail, box.id, args.identifier, mode, rights)
    except BadRights as error:
        raise Refused(f"{str(error)!r} is no right; there are l r s w i p k x t e a") from error
    except NoSuchMailbox as error:
        raise Refused(f"there is no mailbox {args.mailbox!r}") from error
    except NoSuchAccount as error:
        raise Refused(f"there is no {args.identifier!r} in the same domain") from error
    except NotPermitted as error:
        raise Refused(str(error)) from error
    admin.note("mail.share", f"{args.email} {box.path}: {args.identifier} {args.rights}")
    return await _lines(admin, mail, box)
