"""SELECT, EXAMINE, CLOSE, UNSELECT, CHECK (RFC 9051 §6.3.2, §6.4.1; RFC 7162 §3.1.8, §3.2.5)."""

from __future__ import annotations

import contextlib
from bisect import bisect_left

from gatepost.model.errors import NotPermitted
from gatepost.model.flags import SYSTEM_FLAGS
from gatepost.model.ids import mailbox_object_id
from gatepost.model.mail import EntryFlags, Mailbox, Opening
from gatepost.model.uidset import ALL_UIDS, MAX_UID, UidSet
from gatepost.proto.imap.commands import Check, Close, Select, Unselect
from gatepost.proto.imap.commands.mailboxes import Qresync
from gatepost.proto.imap.render import mailbox as render
from gatepost.proto.imap.render.status import Status, bad, ok, told
from gatepost.services.imap.attributes import attributes
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.knownflags import permanent_flags
from gatepost.services.imap.oldname import old_name
from gatepost.services.imap.selected import KnownFlags, Selected, overlap
from gatepost.services.imap.updates import freshen, tell_flags, watch

COMMON_KEYWORDS = ("$Forwarded", "$MDNSent", "$Junk", "$NotJunk", "$Phishing")
"""RFC 9051 §2.3.2. Any other keyword may be made too, which PERMANENTFLAGS says by `\\*`."""
MAX_KEYWORDS = 200
"""Keywords in use that are listed besides (§7.3.5); of more the list is cut short."""
_COMMON = {flag.lower(): flag for flag in (*SYSTEM_FLAGS, *COMMON_KEYWORDS)}
_CLOSED = ok("The previous mailbox is closed", "CLOSED").render()
_READ_ONLY, _READ_WRITE = ok("Opened for reading", "READ-ONLY"), ok("Opened", "READ-WRITE")


async def select(context: Context, command: Select) -> Status:
    """SELECT and EXAMINE."""
    if command.qresync is not None and not context.qresync:
        return bad("QRESYNC was not enabled", "CLIENTBUG")  # RFC 7162 §3.2.5
    if context.view is not None:
        # the old mailbox is closed even if the new one cannot be opened (RFC 9051 §6.3.2)
        context.unselect()
        context.send(_CLOSED)
    if command.condstore:
        context.use_condstore()
    path = context.name(command.mailbox)
    view = Selected(await context.mail_at(path), command.read_only)
    watch(context, view)  # before it is read: what comes between is reported after it, never lost
    try:
        opened = await view.mail.opening(path)
        view.open(opened, await view.mail.rights(opened.mailbox.id))
        context.view = view
        await _tell(context, view, opened, command.mailbox)
        if command.qresync is not None:
            await _resynchronise(context, opened.mailbox, command.qresync)
    except BaseException:
        context.unselect()
        raise
    return _READ_ONLY if view.read_only else _READ_WRITE


async def _tell(context: Context, view: Selected, opened: Opening, given: bytes) -> None:
    mail, mailbox = view.mail, opened.mailbox
    if opened.recent and not context.rev2:
        await freshen(view)
    view.flags = KnownFlags(_COMMON, opened.keywords[:MAX_KEYWORDS])
    lines = [render.flags(view.flags.told.values()), render.exists(len(view.uids))]
    if not context.rev2:
        lines.append(render.recent(view.recent))
        first_unseen = view.number(opened.first_unseen)
        if first_unseen is not None:
            lines.append(told(f"UNSEEN {first_unseen}", "First unseen"))
    object_id = mailbox_object_id(mailbox.id, context.owner_of(mail))
    numbers = render.numbers(mailbox.uidvalidity, mailbox.uidnext, max(1, mailbox.modseq), object_id)
    context.send(b"".join((*lines, permanent_flags(view), numbers)))
    if context.rev2:  # RFC 9051 §6.3.2
        everything = await mail.mailboxes()
        old = old_name(context, given, mailbox.path)
        listed = render.Listed(mailbox.path, attributes(mailbox, everything), old_name=old)
        context.send(render.listed(listed, context.utf8))


async def _resynchronise(context: Context, mailbox: Mailbox, asked: Qresync) -> None:
    """What changed since the client last looked (RFC 7162 §3.2.5.1)."""
    if asked.uidvalidity != mailbox.uidvalidity:
        return
    view = context.selected
    delta = await view.mail.delta(mailbox.id, asked.modseq)
    known = UidSet([(1, max(1, mailbox.uidnext - 1))]) if asked.known is None else asked.known
    gone = overlap(overlap(delta.vanished, known), UidSet([(_matched_up_to(view, asked) + 1, MAX_UID)]))
    if gone:
        context.send(render.vanished(gone, earlier=True))
    known = ALL_UIDS if asked.known is None else asked.known
    await tell_flags(context, EntryFlags.of([entry for entry in delta.entries if entry.uid in known]))


def _matched_up_to(view: Selected, asked: Qresync) -> int:
    """The highest UID below which the client knows of every expunge (RFC 7162 §3.2.5.2)."""
    matched = 0
    for number, uid in asked.matched:
        index = bisect_left(view.uids, uid)
        if index + 1 != number or index >= len(view.uids) or view.uids[index] != uid:
            break
        matched = uid
    return matched


async def close(context: Context, command: Close) -> Status:
    """Removes what is marked \\Deleted without telling (§6.4.1), unless it was opened read-only."""
    view = context.selected
    if not view.read_only:
        with contextlib.suppress(NotPermitted):  # RFC 4314 §4: the mailbox is closed all the same
            await view.mail.expunge(view.mailbox, UidSet([(1, max(1, view.last))]))
    context.unselect()
    return ok("CLOSE done")


async def unselect(context: Context, command: Unselect) -> Status:
    """Closes without removing anything (§6.4.2)."""
    context.unselect()
    return ok("UNSELECT done")


async def check(context: Context, command: Check) -> Status:
    """Everything is on disk already (RFC 3501 §6.4.1)."""
    return ok("CHECK done")


HANDLERS: dict[type, Handler] = {
    Select: Handler(select, State.KNOWN),
    Close: Handler(close, State.SELECTED),
    Unselect: Handler(unselect, State.SELECTED),
    Check: Handler(check, State.SELECTED),
}
