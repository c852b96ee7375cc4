"""Telling what happened in mailboxes that are not selected, and on the server: STATUS, LIST, METADATA (RFC 5465 §5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gatepost.model.account import AccountId
from gatepost.model.errors import NoSuchMailbox, NotPermitted, Temporary
from gatepost.model.mail import SEPARATOR, Annotated, Mailbox, MailboxEvent, MailboxId
from gatepost.model.rights import READ
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.imap.commands.notify import (
    FLAG_CHANGE,
    MAILBOX_METADATA,
    MAILBOX_NAME,
    MESSAGE_NEW,
    SERVER_METADATA,
    SUBSCRIPTION_CHANGE,
)
from gatepost.proto.imap.render.mailbox import Listed, listed, status_data
from gatepost.proto.imap.render.metadata import metadata_mailbox, metadata_names
from gatepost.proto.imap.render.status import ok
from gatepost.services.imap.attributes import attributes
from gatepost.services.imap.context import Context
from gatepost.services.imap.notices import Notices


async def listen(context: Context) -> None:
    """Watches all mail that the client may hear of."""
    notices = context.notices
    assert notices is not None
    assert context.account is not None
    others = await context.house.mailboxes.shared(context.account)
    notices.watch([context.mail, *others], lambda: context.view, context.rouse)
    for mail in others if notices.wants(MAILBOX_NAME) else ():
        notices.shown[mail.account] = {mailbox.id: mailbox.path for mailbox in await mail.mailboxes()}


async def notify(context: Context) -> None:
    """Tells what waits. Where that is too much, or cannot be found out, the client is told so."""
    notices = context.notices
    if notices is None or context.over:
        return
    try:
        if not notices.overrun:
            await _tell_waiting(context, notices)
            return
    except Temporary:
        notices.forget()
    notices.overrun = False
    if notices.groups is not None:
        notices.groups = ()  # RFC 5465 §5.8: as after NOTIFY NONE
        context.send(ok("Not everything could be told: nothing is any more", "NOTIFICATIONOVERFLOW").render())


async def _tell_waiting(context: Context, notices: Notices) -> None:
    touched, waiting, doubtful = dict(notices.touched), list(notices.waiting), list(notices.doubtful)
    notices.forget()
    for (account, mailbox), counted in touched.items():
        await _tell_status(context, notices, account, mailbox, counted)
        await context.relieve()
    events = [(account, event) for account, event in waiting if isinstance(event, MailboxEvent)]
    for account in dict.fromkeys(account for account, _ in events):
        await _tell_names(context, notices, account, [event for whose, event in events if whose == account])
    for account in doubtful:
        await _tell_shared_names(context, notices, account)
    annotated = [(account, each) for account, each in waiting if isinstance(each, Annotated)]
    await _tell_metadata(context, notices, annotated)


# -- messages ------------------------------------------------------------------------------------------------------------
async def _seen(mail: AccountMail, mailbox: MailboxId, needed: str = "") -> Mailbox | None:
    """The mailbox, where the client may see it, and has the right that is needed."""
    try:
        if needed and needed not in await mail.rights(mailbox):
            return None
        return await mail.mailbox_by_id(mailbox)
    except (NoSuchMailbox, NotPermitted):
        return None


async def _tell_status(
    context: Context, notices: Notices, account: AccountId, number: MailboxId, counted: bool
) -> None:
    mailbox = await _seen(notices.mails[account], number, READ)
    if mailbox is None:
        return
    wanted = notices.of_mailbox(mailbox, account)
    items: list[tuple[str, int | str | None]] = []
    if counted and MESSAGE_NEW in wanted:  # RFC 5465 §5.2, §5.3
        items = [("MESSAGES", mailbox.messages), ("UIDNEXT", mailbox.uidnext)]
    elif not counted and FLAG_CHANGE in wanted:  # §5.1
        items = [("UIDVALIDITY", mailbox.uidvalidity), ("UNSEEN", mailbox.unseen)]
    if items and context.condstore:
        items.append(("HIGHESTMODSEQ", max(1, mailbox.modseq)))
    if items:
        context.send(status_data(mailbox.path, items, context.utf8))


async def tell_first_status(context: Context, notices: Notices) -> None:
    """What NOTIFY SET STATUS says before it is done (§3.1)."""
    for account, mail in notices.mails.items():
        for mailbox in await mail.mailboxes():
            wanted = notices.of_mailbox(mailbox, account)
            if MESSAGE_NEW not in wanted or (context.view is not None and context.view.shows(mail, mailbox.id)):
                continue
            if READ not in await mail.rights(mailbox.id):
                continue
            items: list[tuple[str, int | str | None]] = [
                ("MESSAGES", mailbox.messages),
                ("UIDNEXT", mailbox.uidnext),
                ("UIDVALIDITY", mailbox.uidvalidity),
            ]
            if FLAG_CHANGE in wanted:
                items.append(("HIGHESTMODSEQ", max(1, mailbox.modseq)))
            context.send(status_data(mailbox.path, items, context.utf8))
            await context.relieve()


async def tell_no_access(context: Context, notices: Notices) -> None:
    """Mailboxes that were named and may be seen but not read (§3.1)."""
    for account, mail in notices.mails.items():
        for mailbox in await mail.mailboxes() if account != context.user else ():
            if notices.of_mailbox(mailbox, account) and READ not in await mail.rights(mailbox.id):
                context.send(listed(Listed(mailbox.path, ("\\NoAccess",)), context.utf8))


# -- names ---------------------------------------------------------------------------------------------------------------
async def _tell_names(context: Context, notices: Notices, account: AccountId, events: Sequence[MailboxEvent]) -> None:
    everything = await notices.mails[account].mailboxes()
    by_path = {mailbox.path: mailbox for mailbox in everything}
    by_id = {mailbox.id: mailbox for mailbox in everything}
    told: dict[str, bytes] = {}
    for event in events:
        now = by_id.get(event.mailbox)
        kind = SUBSCRIPTION_CHANGE if event.kind == "subscription" else MAILBOX_NAME
        path = event.path if now is None else now.path
        names = [name for name in (path, event.old) if name]
        subscribed = now is not None and now.subscribed
        if any(kind in notices.events_of(name, account, subscribed) for name in names):
            if now is not None:
                told.pop(path, None)
                told[path] = _line(context, now, everything, event.old)
            elif event.kind == "deleted" and path not in by_path:
                told[path] = listed(Listed(path, ("\\NonExistent",)), context.utf8)
        parent = by_path.get(path.rpartition(SEPARATOR)[0])
        if event.kind in ("created", "deleted") and parent is not None and parent.path not in told:  # §5.4
            affected = MAILBOX_NAME in notices.of_mailbox(parent, account)
            told.update({parent.path: _line(context, parent, everything)} if affected else {})
    for line in told.values():
        context.send(line)


async def _tell_shared_names(context: Context, notices: Notices, account: AccountId) -> None:
    """What is granted now counts as made, what is not any more as deleted (§5.4)."""
    before = notices.shown[account]
    everything = await notices.mails[account].mailboxes()
    now = notices.shown[account] = {mailbox.id: mailbox.path for mailbox in everything}
    for mailbox in everything:
        old = before.get(mailbox.id, "")
        wanted = [notices.of_mailbox(mailbox, account), notices.events_of(old, account, mailbox.subscribed)]
        if old != mailbox.path and any(MAILBOX_NAME in events for events in wanted):
            context.send(_line(context, mailbox, everything, old))
    for number, path in before.items():
        if number not in now and MAILBOX_NAME in notices.events_of(path, account, subscribed=False):
            context.send(listed(Listed(path, ("\\NonExistent",)), context.utf8))


def _line(context: Context, mailbox: Mailbox, everything: Sequence[Mailbox], old: str = "") -> bytes:
    names = attributes(mailbox, everything)
    if mailbox.subscribed:
        names = ("\\Subscribed", *names)
    return listed(Listed(mailbox.path, names, old_name=old if old != mailbox.path else ""), context.utf8)


# -- annotations ---------------------------------------------------------------------------------------------------------
async def _tell_metadata(context: Context, notices: Notices, changes: Iterable[tuple[AccountId, Annotated]]) -> None:
    """Names only (RFC 5464 §4.4.2)."""
    names: dict[tuple[AccountId, MailboxId | None], dict[str, None]] = {}
    for account, each in changes:
        names.setdefault((account, each.mailbox), {})[each.name] = None
    for (account, number), entries in names.items():
        path: str | None = None
        if number is None:
            wanted = account == context.user and (notices.metadata or notices.wants(SERVER_METADATA))
        else:
            mailbox = await _seen(notices.mails[account], number)
            if mailbox is None:
                continue
            path = mailbox.path
            wanted = notices.metadata or MAILBOX_METADATA in notices.of_mailbox(mailbox, account)
        if wanted:
            context.send(metadata_names(metadata_mailbox(path, context.utf8), entries))
