"""GETQUOTA, GETQUOTAROOT (RFC 9208 §4.1): one quota root an account, none where it has no limit (§4.2.2). The account's own
is the empty name; for a mailbox of another it is the owner's, whose address is its name (§6: for who may read the mailbox)."""

from __future__ import annotations

from gatepost.model.rights import READ
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.imap.commands import GetQuota, GetQuotaRoot
from gatepost.proto.imap.render.mailbox import mailbox_name, quota, quota_root
from gatepost.proto.imap.render.status import Status, no, ok
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State

ROOT = ""


async def get_quota(context: Context, command: GetQuota) -> Status:
    """The account's own root, or that of somebody who shares something."""
    mail = await _mail_of(context, command.root)
    if mail is None or not _limit(context, mail):
        return no("There is no such quota root", "NONEXISTENT")
    await _tell(context, mail)
    return ok("GETQUOTA done")


async def _mail_of(context: Context, root: bytes) -> AccountMail | None:
    if root == ROOT.encode():
        return context.mail
    assert context.account is not None
    return await context.house.mailboxes.of(context.account, root.decode("utf-8", "replace"))


async def get_quota_root(context: Context, command: GetQuotaRoot) -> Status:
    """The root of any mailbox, and what it says."""
    mail, mailbox = await context.place(command.mailbox, READ)
    limited = _limit(context, mail) > 0
    context.send(quota_root(mailbox_name(mailbox.path, context.utf8), _root(context, mail) if limited else None))
    if limited:
        await _tell(context, mail)
    return ok("GETQUOTAROOT done")


def _root(context: Context, mail: AccountMail) -> str:
    return ROOT if context.owner_of(mail) is None else context.house.mailboxes.owner(mail).email


def _limit(context: Context, mail: AccountMail) -> int:
    return context.house.mailboxes.quota(context.house.mailboxes.owner(mail))


async def _tell(context: Context, mail: AccountMail) -> None:
    context.send(quota(_root(context, mail), await mail.usage(), _limit(context, mail)))


HANDLERS: dict[type, Handler] = {
    GetQuota: Handler(get_quota, State.KNOWN),
    GetQuotaRoot: Handler(get_quota_root, State.KNOWN),
}
