"""Telling the client what changed in its mailbox: EXPUNGE or VANISHED, EXISTS, RECENT, FETCH, where they may be told."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

from gatepost.mail.shared import require
from gatepost.model.errors import NoSuchMailbox, NotPermitted
from gatepost.model.mail import AccountChange, Entry
from gatepost.model.rights import READ
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands.fetch import Item
from gatepost.proto.imap.render.fetched import fetch_line, flags_item
from gatepost.proto.imap.render.mailbox import exists, expunged, recent, vanished
from gatepost.proto.imap.render.status import bye
from gatepost.services.imap.context import Context, Refused
from gatepost.services.imap.contexts import SearchContext, look_again, tell_changes, tell_removed
from gatepost.services.imap.fetching import tell_items
from gatepost.services.imap.knownflags import tell_known_flags, tell_new_flags
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
    try:
        await _report(context, view, expunges)
    except (NoSuchMailbox, NotPermitted) as error:
        _end(context, error)


def _end(context: Context, error: Exception) -> None:
    """RFC 2180 §3.3: deleted under us, or withdrawn (RFC 4314 §5.1.1); nothing else can be said about it."""
    context.unselect()
    happened = "was deleted" if isinstance(error, NoSuchMailbox) else "may not be read any more"
    context.send(bye(f"The selected mailbox {happened}").render())
    context.over = True


async def _report(context: Context, view: Selected, expunges: bool) -> None:
    if view.dirty:
        await _follow_rights(context, view)
    news = await _catch_up(view) if view.dirty else None
    if news is not None:
        tell_removed(context, view, news.gone)
    if expunges and view.gone:
        _tell_gone(context, view)
    if news is not None:
        await _tell_news(context, view, news)


async def _tell_news(context: Context, view: Selected, news: _News) -> None:
    if news.arrived:
        await _tell_arrived(context, view, news.arrived)
    await tell_flags(context, news.changed)
    if not view.contexts or not news.touched:
        return
    found = await look_again(view, context, news.touched)
    await _tell_items(context, view, news.arrived, found)
    await tell_changes(context, view, news.touched, found)


async def _tell_items(
    context: Context, view: Selected, arrived: Sequence[int], found: Sequence[tuple[SearchContext, set[int]]]
) -> None:
    """What contexts are to tell of messages that came into them (RFC 5465 §7), one FETCH a message."""
    wanted: dict[tuple[Item, ...], list[int]] = {}
    for uid in arrived:
        items = tuple(dict.fromkeys(item for one, matching in found if uid in matching for item in one.items))
        if items:
            wanted.setdefault(items, []).append(uid)
    for items, uids in wanted.items():
        entries = await view.mail.entries(view.mailbox, UidSet.of(uids))
        with contextlib.suppress(Refused):  # a part of unknown encoding: nobody asked at this moment
            await tell_items(context, entries, items)


class _News(NamedTuple):
    """UIDs that came, entries that changed and were not told yet, those that are gone, and all that matter to searches."""

    arrived: list[int]
    changed: list[Entry]
    gone: list[int]
    touched: list[int]


async def _follow_rights(context: Context, view: Selected) -> None:
    """Rights that changed under us are told (RFC 4314 §5.1.1). Raises NoSuchMailbox, NotPermitted for who may not read any
    more."""
    rights = await require(view.mail, view.mailbox, READ)
    if rights != view.rights:
        view.rights = rights
        tell_known_flags(context, view)


async def _catch_up(view: Selected) -> _News:
    """Reads what happened since the view's modseq into the view. What was there before but not any more is in `gone`."""
    view.dirty = False
    delta = await view.mail.delta(view.mailbox, view.modseq)
    view.modseq = delta.modseq
    gone: list[int] = []
    if delta.vanished and view.uids:
        lost = overlap(delta.vanished, UidSet([(view.uids[0], view.last)]))
        gone = view.known(lost) if len(lost) < len(view.uids) else [uid for uid in view.uids if uid in lost]
        view.gone.update(gone)
    arrived = [entry.uid for entry in delta.entries if entry.uid > view.last]
    changed = [entry for entry in delta.entries if entry.uid <= view.last and not _told(view, entry.modseq)]
    view.told.clear()
    return _News(arrived, changed, gone, [entry.uid for entry in delta.entries] if view.contexts else [])


def _told(view: Selected, modseq: int) -> bool:
    return any(first <= modseq <= last for first, last in view.told)


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
