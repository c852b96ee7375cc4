"""STORE, EXPUNGE, COPY, MOVE (RFC 9051 §6.4.3, §6.4.6-6.4.9; RFC 4315, 6851, 7162)."""

from __future__ import annotations

from gatepost.model.flags import DELETED, make_flags
from gatepost.model.mail import Copied, EntryFlags
from gatepost.model.search import And, HasFlag, Uids
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands import Copy, Expunge, Move, Store
from gatepost.proto.imap.render.status import Status, no, ok
from gatepost.services.imap.bounds import bounded, must_fit, told_bound
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.selected import uid_list
from gatepost.services.imap.updates import report, tell_flags


async def store(context: Context, command: Store) -> Status:
    """Changes flags; with UNCHANGEDSINCE only where nobody else did meanwhile (RFC 7162 §3.1.3)."""
    view = context.writable
    # what others changed is told first, so that .SILENT hides nothing but our own change (RFC 9051 §6.4.6)
    await report(context, expunges=False)
    if command.unchanged_since is not None:
        context.use_condstore()
    uids, lowest = bounded(context, view, view.resolve(command.messages, command.uid))
    heard = view.heard
    changed = await view.mail.set_flags(
        view.mailbox,
        uids,
        command.mode,
        make_flags(command.flags),
        command.unchanged_since,
        quiet=command.silent and not context.condstore,
    )
    view.tell(changed, heard)
    if changed.now.uids:  # RFC 7162 §3.1.3: with .SILENT the new modseq is told even so
        await tell_flags(context, changed.now, command.silent)
    if not changed.failed:
        return told_bound(context, _gone_or(context, uids, changed.count, ok("STORE done")), lowest)
    # RFC 7162 §3.1.3 RECOMMENDS to say at once what the others are now
    await tell_flags(context, EntryFlags.of(await view.mail.entries(view.mailbox, changed.failed)))
    named = changed.failed if command.uid else view.numbered(changed.failed)
    return told_bound(context, ok("Some were changed meanwhile", f"MODIFIED {named}"), lowest)


def _gone_or(context: Context, uids: UidSet, found: int, status: Status) -> Status:
    """RFC 5530 EXPUNGEISSUED: others expunged some of the messages, which the client may not be told of now."""
    if found < context.selected.count(uids):
        return ok("Some of the messages are gone", "EXPUNGEISSUED")
    return status


async def expunge(context: Context, command: Expunge) -> Status:
    """EXPUNGE and UID EXPUNGE: of the messages that the client knows, those marked \\Deleted."""
    view = context.writable
    everything = UidSet([(1, view.last)]) if view.uids else UidSet()
    uids, lowest = everything, 0
    if command.uids is not None:  # RFC 9738 §3.1: EXPUNGE itself is not bounded
        uids, lowest = await _bounded_deleted(context, view.resolve(command.uids, uid=True))
    delta = await view.mail.expunge(view.mailbox, uids)
    view.dirty = True
    await report(context, expunges=True, everything=True)
    if context.qresync and delta.vanished and context.view is not None:
        return told_bound(context, ok("EXPUNGE done", f"HIGHESTMODSEQ {view.modseq}"), lowest)  # RFC 7162 §3.2.7
    return told_bound(context, ok("EXPUNGE done"), lowest)


async def _bounded_deleted(context: Context, uids: UidSet) -> tuple[UidSet, int]:
    """Only messages that are marked \\Deleted count."""
    view = context.selected
    if not context.house.options.message_limit:
        return uids, 0
    marked = await view.mail.search(view.mailbox, And((Uids(uids), HasFlag(DELETED))))
    return bounded(context, view, UidSet.of(marked))


async def copy(context: Context, command: Copy) -> Status:
    """All of the messages or none; the answer says which UIDs became which (RFC 4315 §3)."""
    view = context.selected
    uids = view.resolve(command.messages, command.uid)
    must_fit(context, view, uids)
    target = await context.target(command.mailbox)
    copied = await context.house.mailboxes.copy(view.mail, view.mailbox, uids, target.mail, target.mailbox.id)
    if view.shows(target.mail, target.mailbox.id):
        view.dirty = True
        view.mine.update(new for _, new in copied.pairs)
    if not copied.pairs:
        return _nothing(context, uids)
    return ok("COPY done", _copied(copied))


async def move(context: Context, command: Move) -> Status:
    """As COPY, and they leave this mailbox (RFC 6851 §3.3)."""
    view = context.writable
    uids, lowest = bounded(context, view, view.resolve(command.messages, command.uid))
    target = await context.target(command.mailbox)
    moved = await context.house.mailboxes.move(view.mail, view.mailbox, uids, target.mail, target.mailbox.id)
    view.dirty = True
    if view.shows(target.mail, target.mailbox.id):
        view.mine.update(new for _, new in moved.pairs)
    if not moved.pairs:
        return _nothing(context, uids)
    context.send(ok("Moved", _copied(moved)).render())  # RFC 6851 §4.3: before the EXPUNGEs
    await report(context, expunges=True, everything=True)
    if context.qresync and context.view is not None:
        return told_bound(context, ok("MOVE done", f"HIGHESTMODSEQ {view.modseq}"), lowest)  # RFC 7162 §3.2.7
    return told_bound(context, ok("MOVE done"), lowest)


def _copied(copied: Copied) -> str:
    sources = uid_list(source for source, _ in copied.pairs)
    targets = uid_list(target for _, target in copied.pairs)
    return f"COPYUID {copied.uidvalidity} {sources} {targets}"


def _nothing(context: Context, uids: UidSet) -> Status:
    if context.selected.count(uids):
        return no("The messages are gone", "EXPUNGEISSUED")
    return ok("There was nothing to do")


HANDLERS: dict[type, Handler] = {
    Store: Handler(store, State.SELECTED, by_number=True),
    Expunge: Handler(expunge, State.SELECTED),
    Copy: Handler(copy, State.SELECTED),
    Move: Handler(move, State.SELECTED),
}
