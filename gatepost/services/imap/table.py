"""Every command's handler: the groups' tables put together."""

from __future__ import annotations

from gatepost.services.imap.commands import (
    access,
    append,
    connection,
    fetch,
    folders,
    idle,
    listing,
    messages,
    metadata,
    notify,
    quota,
    search,
    select,
    sign_in,
    sort,
    thread,
)
from gatepost.services.imap.handler import Handler

HANDLERS: dict[type, Handler] = {
    **connection.HANDLERS,
    **sign_in.HANDLERS,
    **idle.HANDLERS,
    **listing.HANDLERS,
    **folders.HANDLERS,
    **select.HANDLERS,
    **append.HANDLERS,
    **fetch.HANDLERS,
    **messages.HANDLERS,
    **search.HANDLERS,
    **sort.HANDLERS,
    **thread.HANDLERS,
    **quota.HANDLERS,
    **metadata.HANDLERS,
    **access.HANDLERS,
    **notify.HANDLERS,
}
