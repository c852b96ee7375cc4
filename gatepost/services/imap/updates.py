"""Telling the client what changed in its mailbox: EXPUNGE or VANISHED, EXISTS, RECENT, FETCH, where they may be told."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

from gatepost.mail.shared import require
from gatepost.model.errors import NoSuchMailbox, NotPermitted
from gatepost.model.mail import AccountChange, Entry, EntryFlags
from gatepost.model.rights import READ
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands.fetch import Item
from gatepost.proto.imap.commands.notify import FLAG_CHANGE, SELECTED
from gatepost.proto.imap.render.mailbox import exists, expunged, recent, vanished
from gatepost.proto.imap.render.status import bye
from gatepost.services.imap.columns import flag_lines
from gatepost.services.imap.context import Context, Refused
from gatepost.services.imap.contexts import SearchContext, look_again, tell_changes, tell_removed
from gatepost.services.imap.fetching import tell_items
from gatepost.services.imap.knownflags import tell_known_flags, tell_new_flags
from gatepost.services.imap.notifying import notify
from gatepost.services.imap.selected import Selected, overlap
from gatepost.services.imap.wanted import wanted

_BLOCK = 2000
"""Messages whose flags are told in one piece."""


def watch(context: Context, view: Selected) -> None:
    """From now on a change in the mailbox marks the view, and rouses a client that listens."""

    def changed(change: AccountChange) -> None:
        if view.concerns(change):
            view.hear(change)
            context.rouse()

    context.unwatch = view.mail.watch(changed)


async def report(context: Context, expunges: bool, everything: bool = False) -> None:
    """Tells what is new; expunges only where sequence numbers may change now (RFC 9051 §7.5.1), and only what NOTIFY left of
    it, unless `everything`: a command's own effects are told always."""
    view = context.view
    if view is None:
        return
    if not everything and context.deaf:  # RFC 5465 §3.1: the client wants its mailbox to stay as it was
        view.told.clear()
        view.mine.clear()
        return
    if not view.dirty and not view.gone:
        return
    try:
        await _report(context, view, expunges)
    except (NoSuchMailbox, NotPermitted) as error:
        _end(context, error)


def _end(context: Context, error: Exception) -> None:
    """RFC 2180 §3.3: deleted under us, or withdrawn (RFC 4314 §5.1.1); nothing else can be said about it."""
    context.unselect()
    if isinstance(error, NoSuchMailbox):
        context.send(bye("The selected mailbox was deleted", "NONEXISTENT").render())
    else:
        context.send(bye("The selected mailbox may not be read any more", "NOPERM").render())
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
    if view.gone and context.told_at_once:
        context.rouse()  # once this command is over


async def report_at_once(context: Context) -> None:
    """Between two commands, where NOTIFY asks for it (RFC 5465 §3.1): EXPUNGE too, unless it is to be delayed (§6.1.2)."""
    wanted = None if context.notices is None else context.notices.of_selected
    if wanted is not None:
        await report(context, expunges=wanted.specifier == SELECTED)
    await notify(context)


async def _tell_news(context: Context, view: Selected, news: _News) -> None:
    wanted = None if context.notices is None else context.notices.of_selected
    if news.arrived:
        await _tell_arrived(context, view, news.arrived)
    if wanted is None or FLAG_CHANGE in wanted.events:
        await tell_flags(context, EntryFlags.of(news.changed))
    found = await look_again(view, context, news.touched) if news.touched else []
    items = () if wanted is None else wanted.items
    # RFC 5465 §7: before the ESEARCH, though §5.2 has it after that
    await _tell_items(context, view, news.arrived, items, found)
    view.mine.clear()
    await tell_changes(context, view, news.touched, found)


async def _tell_items(
    context: Context,
    view: Selected,
    arrived: Sequence[int],
    always: Sequence[Item],
    found: Sequence[tuple[SearchContext, set[int]]],
) -> None:
    """What NOTIFY asks of messages that come, but of the client's own (RFC 5465 §5.2), and contexts of those that come into
    them (§7), one FETCH a message."""
    if not always and not any(one.items for one, _ in found):
        return
    groups: dict[tuple[Item, ...], list[int]] = {}
    for uid in arrived:
        asked = [one.items for one, uids in found if uid in uids]
        if uid not in view.mine:
            asked.insert(0, tuple(always))
        items = tuple(dict.fromkeys(item for some in asked for item in some))
        if items:
            groups.setdefault(items, []).append(uid)
    for items, uids in groups.items():
        entries = await view.mail.entries(view.mailbox, UidSet.of(uids))
        with contextlib.suppress(Refused):  # a part of unknown encoding: nobody asked at this moment
            await tell_items(context, entries, wanted(items))


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


async def tell_flags(context: Context, now: EntryFlags, silent: bool = False) -> None:
    """FETCH with flags (not where `silent`), UID, and MODSEQ for those who know it (RFC 7162 §3.1.4.2, §3.2.4)."""
    if not now.uids:
        return
    view = context.selected
    if not view.knows(now.uids):  # one came while the mailbox was being opened
        now = now.among(set(view.known(now.uids)))
    if not silent:
        tell_new_flags(context, now.flags)
    names = ["UID"] if silent else ["UID", "FLAGS"]
    if context.condstore:
        names.append("MODSEQ")
    fresh = UidSet() if context.rev2 else view.fresh
    for start in range(0, len(now.uids), _BLOCK):
        block = now[start : start + _BLOCK]
        context.send(flag_lines(view.numbers(block.uids), block, names, fresh))
        await context.relieve()
