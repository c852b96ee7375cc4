"""FETCH (RFC 9051 §6.4.5; RFC 3516, 7162 §3.1.4, 8474, 8514, 8970, 9394 §3.3)."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.model.mail import Entry
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands import Fetch
from gatepost.proto.imap.commands.fetch import Attribute, Item
from gatepost.proto.imap.render.mailbox import vanished
from gatepost.proto.imap.render.status import Status, bad, ok
from gatepost.services.imap.bounds import bounded, must_be_few, told_bound
from gatepost.services.imap.context import Context
from gatepost.services.imap.fetching import block_size, tell_block, tell_items
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.selected import Selected, overlap
from gatepost.services.imap.updates import report
from gatepost.services.imap.wanted import wanted

_UID, _MODSEQ = Attribute("UID"), Attribute("MODSEQ")
_DONE = ok("FETCH done")
_SOME_GONE = ok("Some of the messages are gone", "EXPUNGEISSUED")  # RFC 5530


async def fetch(context: Context, command: Fetch) -> Status:
    """See the module."""
    if command.vanished and not context.qresync:
        return bad("QRESYNC was not enabled", "CLIENTBUG")  # RFC 7162 §3.2.6
    asked = wanted(_items(command))
    if _MODSEQ in asked.attributes:
        context.use_condstore()
    if command.uid:
        await report(context, expunges=False)  # so that n:* finds what has just arrived
    view = context.selected
    uids = view.resolve(command.messages, command.uid)
    if command.vanished:
        await _tell_vanished(context, command)
    if command.partial is not None:  # RFC 9394 §3.4: the page first, what changed on it then
        page = command.partial.of(view.within(uids))
        must_be_few(context, len(page))
        uids = UidSet.of(page)
    uids, lowest = bounded(context, view, uids)
    gone: list[int] = []
    if lowest or command.changed_since is not None:
        entries = await view.mail.entries(view.mailbox, uids, command.changed_since or 0)
        await tell_items(context, entries[::-1] if lowest else entries, asked)
        if not command.uid and command.changed_since is None:
            gone = _missing(view, uids, entries)
    else:
        for part in view.parts(uids, block_size(asked)):
            found = await tell_block(context, part, asked)
            if not command.uid:
                gone += _missing(view, part, found)
    status = _DONE
    if gone:
        if _UID in asked.attributes:
            await _tell_numbers(context, gone)
        status = _SOME_GONE
    return told_bound(context, status, lowest)


def _missing(view: Selected, asked: UidSet, found: Sequence[Entry]) -> list[int]:
    """Known messages that others expunged, while the client may not be told so."""
    if len(found) == view.count(asked):
        return []
    there = {entry.uid for entry in found}
    return [uid for uid in view.within(asked) if uid not in there]


async def _tell_numbers(context: Context, gone: Sequence[int]) -> None:
    """UIDs of messages that are gone: the numbering holds (RFC 2180 §4.1)."""
    view = context.selected
    for number, uid in zip(view.numbers(gone), gone, strict=True):
        context.send(b"* %d FETCH (UID %d)\r\n" % (number, uid))
        await context.relieve()


def _items(command: Fetch) -> tuple[Item, ...]:
    """With what the command implies: UID of UID FETCH (RFC 9051 §6.4.9), MODSEQ of CHANGEDSINCE (RFC 7162 §3.1.4.1)."""
    items = command.items
    if command.uid and _UID not in items:
        items = (_UID, *items)
    if command.changed_since is not None and _MODSEQ not in items:
        items = (*items, _MODSEQ)
    return items


async def _tell_vanished(context: Context, command: Fetch) -> None:
    """RFC 7162 §3.2.6: which of the asked-for UIDs were expunged since, of those that were ever given."""
    view = context.selected
    delta = await view.mail.delta(view.mailbox, command.changed_since or 0)
    asked = view.saved if command.messages.saved else command.messages.resolve(max(1, view.last))
    gone = overlap(delta.vanished, asked)
    if gone:
        context.send(vanished(gone, earlier=True))


HANDLERS: dict[type, Handler] = {Fetch: Handler(fetch, State.SELECTED, by_number=True)}
