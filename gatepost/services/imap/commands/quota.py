"""GETQUOTA, GETQUOTAROOT (RFC 9208 §4.1): one quota root, the account's."""

from __future__ import annotations

from gatepost.proto.imap.commands import GetQuota, GetQuotaRoot
from gatepost.proto.imap.render.mailbox import mailbox_name, quota, quota_root
from gatepost.proto.imap.render.status import Status, no, ok
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State

ROOT = ""


async def get_quota(context: Context, command: GetQuota) -> Status:
    """The one root there is."""
    if command.root != ROOT.encode():
        return no("There is no such quota root", "NONEXISTENT")
    await _tell(context)
    return ok("GETQUOTA done")


async def get_quota_root(context: Context, command: GetQuotaRoot) -> Status:
    """The root of any mailbox, and what it says."""
    _, mailbox = await context.place(command.mailbox)
    context.send(quota_root(mailbox_name(mailbox.path, context.utf8), ROOT))
    await _tell(context)
    return ok("GETQUOTAROOT done")


async def _tell(context: Context) -> None:
    assert context.account is not None
    limit = context.house.mailboxes.quota(context.account)
    context.send(quota(ROOT, await context.mail.usage(), limit))


HANDLERS: dict[type, Handler] = {
    GetQuota: Handler(get_quota, State.KNOWN),
    GetQuotaRoot: Handler(get_quota_root, State.KNOWN),
}
