"""FETCH responses: messages in blocks, and large bodies in slices, so that memory stays flat however much is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.model.errors import GatepostError
from gatepost.model.flags import SEEN, has_flag, make_flags
from gatepost.model.mail import Email, EmailId, Entry
from gatepost.model.uidset import UidSet
from gatepost.net.wire import PeerGone
from gatepost.proto.imap.commands.fetch import Attribute, Binary, BinarySize, Body, Item
from gatepost.proto.imap.render.fetched import Piece, Span
from gatepost.proto.imap.render.status import no
from gatepost.services.imap.columns import FROM_ENTRIES, column, lines
from gatepost.services.imap.content import Content, UnknownEncoding, slices
from gatepost.services.imap.context import Context, Refused
from gatepost.services.imap.knownflags import tell_new_flags

_LIGHT_BLOCK = 2000
"""Messages a block where only entries are needed."""
_BLOCK = 200
"""Messages a block where emails are read."""
_SEEN = make_flags([SEEN])


async def tell_items(context: Context, entries: Sequence[Entry], items: Sequence[Item]) -> None:
    """One FETCH response a message, entries ascending by UID. Raises Refused with UNKNOWN-CTE."""
    if any(isinstance(item, Body | Binary | BinarySize) for item in items):
        await _with_content(context, entries, items)
    else:
        await _without_content(context, entries, [item for item in items if isinstance(item, Attribute)])


async def _without_content(context: Context, entries: Sequence[Entry], items: Sequence[Attribute]) -> None:
    light = all(item.name in FROM_ENTRIES for item in items)
    size = _LIGHT_BLOCK if light else _BLOCK
    view = context.selected
    for start in range(0, len(entries), size):
        block = entries[start : start + size]
        emails = {} if light else await _emails(context, block)
        numbers = view.numbers([entry.uid for entry in block])
        if Attribute("FLAGS") in items:
            tell_new_flags(context, block)
        context.send(lines(numbers, block, items, _fresh(context), emails))
        await context.relieve()


async def _with_content(context: Context, entries: Sequence[Entry], items: Sequence[Item]) -> None:
    view = context.selected
    for start in range(0, len(entries), _BLOCK):
        block = entries[start : start + _BLOCK]
        block, newly_seen = await _mark_seen(context, block, items)
        emails = await _emails(context, block)
        if newly_seen or Attribute("FLAGS") in items:
            tell_new_flags(context, block)
        for number, entry in zip(view.numbers([entry.uid for entry in block]), block, strict=True):
            email = emails.get(entry.email)
            if email is not None:
                wanted = items
                if entry.uid in newly_seen and Attribute("FLAGS") not in items:
                    wanted = (*items, Attribute("FLAGS"))  # RFC 9051 §6.4.5: the change is told with it
                await _message(context, number, entry, email, wanted)
                await context.relieve()


async def _mark_seen(
    context: Context, block: Sequence[Entry], items: Sequence[Item]
) -> tuple[Sequence[Entry], frozenset[int]]:
    """\\Seen is set by every body item that does not peek (RFC 9051 §6.4.5), unless the mailbox is read-only. The block as
    it is now, and whose flags changed."""
    view = context.selected
    if view.read_only or not any(_sets_seen(item) for item in items):
        return block, frozenset()
    unseen = UidSet.of(entry.uid for entry in block if not has_flag(entry.flags, SEEN))
    if not unseen:
        return block, frozenset()
    changed = await view.mail.set_flags(view.mailbox, unseen, "add", _SEEN)
    now = {entry.uid: entry for entry in changed.entries}
    view.told.update((entry.uid, entry.modseq) for entry in changed.entries)
    return [now.get(entry.uid, entry) for entry in block], frozenset(now)


def _sets_seen(item: Item) -> bool:
    if isinstance(item, Body):
        return not item.peek
    return isinstance(item, Binary) and not item.peek


async def _message(context: Context, number: int, entry: Entry, email: Email, items: Sequence[Item]) -> None:
    content = Content(context.selected.mail, email)
    pieces: list[Piece] = []
    for item in items:
        if pieces:
            pieces.append(b" ")
        if isinstance(item, Attribute):
            pieces.extend(column(item.name, [entry], _fresh(context), {email.id: email}))
        else:
            try:
                pieces.extend(await content.pieces(item))
            except UnknownEncoding:
                raise Refused(no("The part's encoding is unknown", "UNKNOWN-CTE")) from None
    context.send(b"* %d FETCH (" % number)
    for piece in pieces:
        if isinstance(piece, Span):
            await _stream(context, content, piece)
        else:
            context.send(piece)
    context.send(b")\r\n")


async def _stream(context: Context, content: Content, span: Span) -> None:
    """A large literal in slices. Once its length is said there is no way back but to end the connection."""
    context.send(b"{%d}\r\n" % span.size)
    try:
        for part in slices(span):
            context.send(await content.octets(part.start, part.end))
            await context.relieve()
    except GatepostError:
        context.wire.abort("error")
        raise PeerGone from None


async def _emails(context: Context, block: Sequence[Entry]) -> dict[EmailId, Email]:
    return {email.id: email for email in await context.selected.mail.emails([entry.email for entry in block])}


def _fresh(context: Context) -> UidSet:
    """\\Recent is IMAP4rev1's only."""
    return UidSet() if context.rev2 else context.selected.fresh
