"""FETCH responses: messages in blocks, and large bodies in slices, so that memory stays flat however much is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain, groupby, repeat
from typing import TypeAlias

from gatepost.model.errors import GatepostError, NotPermitted
from gatepost.model.flags import SEEN, Flags, has_flag, make_flags
from gatepost.model.mail import Entry, FlagsChanged, Message
from gatepost.model.uidset import NO_UIDS, UidSet
from gatepost.net.wire import PeerGone
from gatepost.proto.imap.commands.fetch import Attribute, Body, Item
from gatepost.proto.imap.render.fetched import Piece, Span
from gatepost.proto.imap.render.status import no
from gatepost.services.imap.columns import Block, column, lines
from gatepost.services.imap.content import WHOLE, Content, Started, UnknownEncoding, bodies, slices
from gatepost.services.imap.context import Context, Refused
from gatepost.services.imap.knownflags import tell_new_flags
from gatepost.services.imap.wanted import Octets, Wanted

_LIGHT_PART, _LIGHT_BLOCK = 10_000, 2000
"""Messages that are read together, and told, where only entries are needed."""
_OUTLINE_BLOCK = 500
"""Messages a block where emails are read without their indexes, and none becomes \\Seen."""
_BLOCK = 200
"""Messages a block otherwise."""
READ_AT_ONCE = 512 * 1024
"""Octets of messages that are read, and then written, together."""
_SEEN = make_flags([SEEN])


_Numbered: TypeAlias = tuple[int, Message]
"""A message with its sequence number."""


def block_size(asked: Wanted) -> int:
    """How many messages are read at a time."""
    return _LIGHT_PART if asked.light else _BLOCK if asked.indexed or asked.marks else _OUTLINE_BLOCK


async def tell_items(context: Context, entries: Sequence[Entry], asked: Wanted) -> None:
    """One FETCH response a message, entries ascending or descending by UID. Raises Refused with UNKNOWN-CTE."""
    if asked.light:
        await _tell_entries(context, entries, asked)
        return
    for start in range(0, len(entries), size := block_size(asked)):
        block = entries[start : start + size]
        found = await _read(context, UidSet.of(entry.uid for entry in block), asked)
        await _tell_messages(context, found if block[0].uid <= block[-1].uid else found[::-1], asked)


async def tell_block(context: Context, uids: UidSet, asked: Wanted) -> Sequence[Entry]:
    """The same of the messages in `uids`, no more than `block_size`, ascending; those that there are."""
    view = context.selected
    if asked.light:
        entries = await view.mail.entries(view.mailbox, uids)
        await _tell_entries(context, entries, asked)
        return entries
    found = await _read(context, uids, asked)
    await _tell_messages(context, found, asked)
    return [each.entry for each in found]


async def _read(context: Context, uids: UidSet, asked: Wanted) -> list[Message]:
    view = context.selected
    return await view.mail.messages(view.mailbox, uids, asked.indexed, begun=asked.content)


async def _tell_entries(context: Context, entries: Sequence[Entry], asked: Wanted) -> None:
    owner = context.owner_of(context.selected.mail)
    for start in range(0, len(entries), _LIGHT_BLOCK):
        _tell_lines(context, Block(entries[start : start + _LIGHT_BLOCK], _fresh(context), (), owner), asked)
        await context.relieve()


def _tell_lines(context: Context, block: Block, asked: Wanted) -> None:
    if asked.flags:
        tell_new_flags(context, [entry.flags for entry in block.entries])
    numbers = context.selected.numbers([entry.uid for entry in block.entries])
    context.send(lines(numbers, block, asked.attributes))


async def _tell_messages(context: Context, found: Sequence[Message], asked: Wanted) -> None:
    if not asked.content:
        _tell_lines(context, _block(context, found), asked)
        await context.relieve()
        return
    view = context.selected
    found, changed = await _mark_seen(context, found) if asked.marks else (found, None)
    seen = frozenset(changed.now.uids if changed else ())
    if seen or asked.flags:
        tell_new_flags(context, [each.entry.flags for each in found])
    numbers = view.numbers([each.entry.uid for each in found])
    for some in _together(list(zip(numbers, found, strict=True)), asked.needed):
        await _tell_some(context, some, asked, seen)
        await context.relieve()
    if changed:  # where a part of unknown encoding ends the command earlier, the change is told after it
        view.tell(changed)


def _together(found: Sequence[_Numbered], needed: Octets) -> Iterator[list[_Numbered]]:
    """Messages of which all that is needed is read at once; one of which that is much comes by itself."""
    some: list[_Numbered] = []
    octets = 0
    for each in found:
        more = needed(each[1].email)
        if some and (octets + more > READ_AT_ONCE or more > WHOLE):
            yield some
            some, octets = [], 0
        if more > WHOLE:
            yield [each]
        else:
            some.append(each)
            octets += more
    if some:
        yield some


async def _tell_some(context: Context, some: Sequence[_Numbered], asked: Wanted, seen: Set[int]) -> None:
    """All at once where every item is cut out of octets that were read. What was not, as it is large or went meanwhile,
    `Content` reads once it is asked for."""
    starts = [message.start for _, message in some]
    if None in starts and asked.needed(some[0][1].email) <= WHOLE:
        starts = await context.selected.mail.read_starts(
            [(each.email.blob, asked.needed(each.email)) for _, each in some]
        )
    read = [(*each, start) for each, start in zip(some, starts, strict=True) if start is not None]
    changing = _with_change(context, asked.items) if seen else asked.items
    if asked.plain and len(read) == len(some):
        for new, run in groupby(read, lambda each: each[1].entry.uid in seen) if seen else ((False, read),):
            context.send(_rows(context, list(run), changing if new else asked.items))
        return
    for (number, message), start in zip(some, starts, strict=True):
        items = changing if message.entry.uid in seen else asked.items
        await _message(context, number, message, Content(context.selected.mail, message.email, start), items)
        await context.relieve()


def _with_change(context: Context, items: Sequence[Item]) -> Sequence[Item]:
    """Of a message that is \\Seen now: the change is told with what was asked for (RFC 9051 §6.4.5), and by UID and mod-sequence
    too where these are known (RFC 7162 §3.2.4)."""
    names = ("UID", "FLAGS", "MODSEQ") if context.condstore else ("FLAGS",)
    return (*items, *(one for one in map(Attribute, names) if one not in items))


def _rows(context: Context, read: Sequence[tuple[int, Message, bytes]], items: Sequence[Item]) -> bytes:
    """Responses, column by column."""
    started: list[Started] = [(message.email, start) for _, message, start in read]
    block = _block(context, [message for _, message, _ in read])
    columns: list[Iterable[bytes]] = [[b"* %d FETCH (" % number for number, _, _ in read]]
    for index, item in enumerate(items):
        if index:
            columns.append(repeat(b" ", len(read)))
        if isinstance(item, Attribute):
            columns.append(column(item.name, block))
        else:
            assert isinstance(item, Body)
            columns += bodies(item, started)
    columns.append(repeat(b")\r\n", len(read)))
    return b"".join(chain.from_iterable(zip(*columns, strict=True)))


async def _mark_seen(context: Context, found: Sequence[Message]) -> tuple[Sequence[Message], FlagsChanged | None]:
    """\\Seen is set by every body item that does not peek (RFC 9051 §6.4.5), unless the mailbox is read-only. The messages as
    they are now, and what changed."""
    view = context.selected
    if view.read_only:
        return found, None
    unseen = UidSet.of(each.entry.uid for each in found if not has_flag(each.entry.flags, SEEN))
    if not unseen:
        return found, None
    try:
        changed = await view.mail.set_flags(view.mailbox, unseen, "add", _SEEN)
    except NotPermitted:  # RFC 4314 §4: it is read all the same
        return found, None
    now = changed.now
    after = dict(zip(now.uids, zip(now.flags, now.modseqs, strict=True), strict=True))
    return [_with_flags(each, *after[each.entry.uid]) if each.entry.uid in after else each for each in found], changed


def _with_flags(message: Message, flags: Flags, modseq: int) -> Message:
    entry = message.entry
    return Message(Entry(entry.uid, entry.email, flags, modseq, entry.saved), message.email, message.start)


async def _message(context: Context, number: int, message: Message, content: Content, items: Sequence[Item]) -> None:
    pieces: list[Piece] = [b"* %d FETCH (" % number]
    for index, item in enumerate(items):
        if index:
            pieces.append(b" ")
        if isinstance(item, Attribute):
            pieces.extend(column(item.name, _block(context, [message])))
        else:
            try:
                pieces.extend(await content.pieces(item))
            except UnknownEncoding:
                raise Refused(no("The part's encoding is unknown", "UNKNOWN-CTE")) from None
    pieces.append(b")\r\n")
    for piece in pieces:
        if isinstance(piece, Span):
            await _stream(context, content, piece)
        else:
            context.send(piece)


def _block(context: Context, found: Sequence[Message]) -> Block:
    owner = context.owner_of(context.selected.mail)
    return Block([each.entry for each in found], _fresh(context), [each.email for each in found], owner)


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


def _fresh(context: Context) -> UidSet:
    """\\Recent is IMAP4rev1's only."""
    return NO_UIDS if context.rev2 else context.selected.fresh
