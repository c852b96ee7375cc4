"""Telling the client what changed in its mailbox: EXPUNGE or VANISHED, EXISTS, RECENT, FETCH, where they may be told."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.model.errors import NoSuchMailbox
from gatepost.model.mail import AccountChange, Entry
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.render.fetched import fetch_line, flags_item
from gatepost.proto.imap.render.mailbox import exists, expunged, recent, vanished
from gatepost.proto.imap.render.mailbox import flags as known_flags
from gatepost.proto.imap.render.status import bye, ok
from gatepost.services.imap.context import Context
from gatepost.services.imap.selected import Selected, overlap


def watch(context: Context, view: Selected) -> None:
    """From now on a change in the mailbox marks the view, and wakes an IDLE."""

    def changed(change: AccountChange) -> None:
        if view.mailbox in change.mailboxes:
            view.dirty = True
            if context.idling:
                context.wire.wake()

    context.unwatch = view.mail.watch(changed)


async def report(context: Context, expunges: bool) -> None:
    """Tells what is new; expunges only where sequence numbers may change now (RFC 9051 §7.5.1)."""
    view = context.view
    if view is None:
        return
    arrived, changed = await _catch_up(context, view) if view.dirty else ([], [])
    if expunges and view.gone:
        _tell_gone(context, view)
    if arrived:
        await _tell_arrived(context, view, arrived)
    await tell_flags(context, changed)


async def _catch_up(context: Context, view: Selected) -> tuple[list[int], list[Entry]]:
    """Reads what happened since the view's modseq into the view. What was there before but not any more is in `gone`."""
    view.dirty = False
    try:
        delta = await view.mail.delta(view.mailbox, view.modseq)
    except NoSuchMailbox:  # RFC 2180 §3.3: deleted under us; nothing else can be said about it
        context.unselect()
        context.send(bye("The selected mailbox was deleted").render())
        context.over = True
        return [], []
    view.modseq = delta.modseq
    if delta.vanished and view.uids:
        lost = overlap(delta.vanished, UidSet([(view.uids[0], view.last)]))
        view.gone.update(view.known(lost) if len(lost) < len(view.uids) else [uid for uid in view.uids if uid in lost])
    arrived = [entry.uid for entry in delta.entries if entry.uid > view.last]
    changed = [entry for entry in delta.entries if entry.uid <= view.last and view.told.get(entry.uid) != entry.modseq]
    view.told.clear()
    return arrived, changed


def _tell_gone(context: Context, view: Selected) -> None:
    uids = sorted(view.gone)
    view.gone.clear()
    numbers = view.forget(uids)
    context.send(vanished(UidSet.of(uids)) if context.qresync else expunged(numbers))


async def _tell_arrived(context: Context, view: Selected, uids: Sequence[int]) -> None:
    view.uids.extend(uids)
    context.send(exists(len(view.uids)))
    if not context.rev2:
        await freshen(view)
        context.send(recent(view.recent))


async def freshen(view: Selected) -> None:
    """What nobody was told of yet becomes \\Recent here; EXAMINE only looks (RFC 3501 §6.3.2)."""
    view.freshen(await (view.mail.recent if view.read_only else view.mail.claim_recent)(view.mailbox))


def tell_new_flags(context: Context, entries: Sequence[Entry]) -> None:
    """FLAGS and PERMANENTFLAGS anew where messages have a keyword that the client has not heard of, before it meets it in
    a FETCH."""
    view = context.selected
    if view.flags.learn(entries):
        context.send(known_flags(tuple(view.flags.told.values())))
        context.send(ok(*permanent_flags(view)).render())


def permanent_flags(view: Selected) -> tuple[str, str]:
    """Text and code of PERMANENTFLAGS (RFC 9051 §7.1); `\\*`: keywords may be made."""
    flags = "" if view.read_only else " ".join((*view.flags.told.values(), "\\*"))
    return "Flags that are kept", f"PERMANENTFLAGS ({flags})"


async def tell_flags(context: Context, entries: Sequence[Entry], silent: bool = False) -> None:
    """FETCH with flags (not where `silent`), UID, and MODSEQ for those who know it (RFC 7162 §3.1.4.2, §3.2.4)."""
    if not entries:
        return
    view = context.selected
    if not silent:
        tell_new_flags(context, entries)
    for entry in entries:
        number = view.number(entry.uid)
        if number is None:
            continue
        items = [b"UID %d" % entry.uid]
        if not silent:
            items.append(flags_item(entry.flags, not context.rev2 and entry.uid in view.fresh))
        if context.condstore:
            items.append(b"MODSEQ (%d)" % entry.modseq)
        context.send(fetch_line(number, items))
        await context.relieve()
