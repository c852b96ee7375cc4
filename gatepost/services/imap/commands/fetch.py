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
from gatepost.services.imap.fetching import tell_items
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.selected import overlap
from gatepost.services.imap.updates import report


async def fetch(context: Context, command: Fetch) -> Status:
    """See the module."""
    if command.vanished and not context.qresync:
        return bad("QRESYNC was not enabled", "CLIENTBUG")  # RFC 7162 §3.2.6
    items = _items(command)
    if command.changed_since is not None or Attribute("MODSEQ") in items:
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
    entries = await view.mail.entries(view.mailbox, uids, command.changed_since or 0)
    await tell_items(context, entries[::-1] if lowest else entries, items)
    return told_bound(context, await _gone_or_done(context, command, uids, entries), lowest)


async def _gone_or_done(context: Context, command: Fetch, uids: UidSet, entries: Sequence[Entry]) -> Status:
    view = context.selected
    if not command.uid and command.changed_since is None and len(entries) < view.count(uids):
        if Attribute("UID") in command.items:
            await _tell_numbers(context, uids, entries)
        return ok("Some of the messages are gone", "EXPUNGEISSUED")  # RFC 5530
    return ok("FETCH done")


async def _tell_numbers(context: Context, uids: UidSet, found: Sequence[Entry]) -> None:
    """UIDs of the messages that others expunged, while the client may not be told so: the numbering holds (RFC 2180 §4.1)."""
    view = context.selected
    there = {entry.uid for entry in found}
    gone = [uid for uid in view.within(uids) if uid not in there]
    for number, uid in zip(view.numbers(gone), gone, strict=True):
        context.send(b"* %d FETCH (UID %d)\r\n" % (number, uid))
        await context.relieve()


def _items(command: Fetch) -> tuple[Item, ...]:
    """With what the command implies: UID of UID FETCH (RFC 9051 §6.4.9), MODSEQ of CHANGEDSINCE (RFC 7162 §3.1.4.1)."""
    items = command.items
    if command.uid and Attribute("UID") not in items:
        items = (Attribute("UID"), *items)
    if command.changed_since is not None and Attribute("MODSEQ") not in items:
        items = (*items, Attribute("MODSEQ"))
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
