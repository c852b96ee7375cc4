"""FETCH responses: messages in blocks, and large bodies in slices, so that memory stays flat however much is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, repeat
from typing import NamedTuple

from gatepost.model.errors import GatepostError, NotPermitted
from gatepost.model.flags import SEEN, Flags, has_flag, make_flags
from gatepost.model.mail import EmailId, Entry, FlagsChanged, Outline
from gatepost.model.uidset import UidSet
from gatepost.net.wire import PeerGone
from gatepost.proto.imap.commands.fetch import Attribute, Body, Item
from gatepost.proto.imap.render.fetched import Piece, Span
from gatepost.proto.imap.render.status import no
from gatepost.services.imap.columns import Block, column, lines
from gatepost.services.imap.content import WHOLE, Content, Started, UnknownEncoding, bodies, slices
from gatepost.services.imap.context import Context, Refused
from gatepost.services.imap.knownflags import tell_new_flags
from gatepost.services.imap.wanted import Octets, Wanted, wanted

_LIGHT_BLOCK = 2000
"""Messages a block where only entries are needed."""
_OUTLINE_BLOCK = 1000
"""Messages a block where emails are read without their indexes, and none becomes \\Seen."""
_BLOCK = 200
"""Messages a block otherwise."""
READ_AT_ONCE = 512 * 1024
"""Octets of messages that are read, and then written, together."""
_SEEN = make_flags([SEEN])


class _Present(NamedTuple):
    """A message that is told, and whether it has just become \\Seen."""

    number: int
    entry: Entry
    email: Outline
    seen: bool


async def tell_items(context: Context, entries: Sequence[Entry], items: Sequence[Item]) -> None:
    """One FETCH response a message, entries ascending or descending by UID. Raises Refused with UNKNOWN-CTE."""
    asked = wanted(tuple(items))
    size = _LIGHT_BLOCK if asked.light else _BLOCK if asked.indexed or asked.marks else _OUTLINE_BLOCK
    tell = _with_content if asked.content else _without_content
    for start in range(0, len(entries), size):
        await tell(context, entries[start : start + size], asked)
        await context.relieve()


async def _without_content(context: Context, block: Sequence[Entry], asked: Wanted) -> None:
    view = context.selected
    emails = {} if asked.light else await _emails(context, block, asked)
    numbers = view.numbers([entry.uid for entry in block])
    if asked.flags:
        tell_new_flags(context, [entry.flags for entry in block])
    context.send(lines(numbers, block, asked.attributes, _fresh(context), emails, context.owner_of(view.mail)))


async def _with_content(context: Context, block: Sequence[Entry], asked: Wanted) -> None:
    view = context.selected
    block, changed = await _mark_seen(context, block) if asked.marks else (block, None)
    seen = frozenset(changed.now.uids if changed else ())
    emails = await _emails(context, block, asked)
    if seen or asked.flags:
        tell_new_flags(context, [entry.flags for entry in block])
    numbers = view.numbers([entry.uid for entry in block])
    present = [
        _Present(number, entry, emails[entry.email], entry.uid in seen)
        for number, entry in zip(numbers, block, strict=True)
        if entry.email in emails
    ]
    for some in _together(present, asked.needed):
        await _tell_some(context, some, asked)
        await context.relieve()
    if changed:  # where a part of unknown encoding ends the command earlier, the change is told after it
        view.tell(changed)


def _together(present: Sequence[_Present], needed: Octets) -> Iterator[list[_Present]]:
    """Messages of which all that is needed is read at once; one of which that is much comes by itself."""
    some: list[_Present] = []
    octets = 0
    for each in present:
        more = needed(each.email)
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


async def _tell_some(context: Context, some: Sequence[_Present], asked: Wanted) -> None:
    """All at once where every item is cut out of octets that were read. What was not, as it is large or went meanwhile,
    `Content` reads once it is asked for."""
    mail, needed = context.selected.mail, asked.needed
    starts: list[bytes | None] = [None]
    if needed(some[0].email) <= WHOLE:
        starts = await mail.read_starts([(each.email.blob, needed(each.email)) for each in some])
    read = [start for start in starts if start is not None]
    changing = _with_change(context, asked.items)
    if asked.plain and len(read) == len(some):
        for seen, run in groupby(zip(some, read, strict=True), lambda pair: pair[0].seen):
            context.send(_rows(context, list(run), changing if seen else asked.items))
        return
    for each, start in zip(some, starts, strict=True):
        await _message(context, each, Content(mail, each.email, start), changing if each.seen else asked.items)
        await context.relieve()


def _with_change(context: Context, items: Sequence[Item]) -> Sequence[Item]:
    """Of a message that is \\Seen now: the change is told with what was asked for (RFC 9051 §6.4.5), and by UID and mod-sequence
    too where these are known (RFC 7162 §3.2.4)."""
    names = ("UID", "FLAGS", "MODSEQ") if context.condstore else ("FLAGS",)
    return (*items, *(one for one in map(Attribute, names) if one not in items))


def _rows(context: Context, read: Sequence[tuple[_Present, bytes]], items: Sequence[Item]) -> bytes:
    """Responses, column by column."""
    present = [each for each, _ in read]
    messages: list[Started] = [(each.email, start) for each, start in read]
    block = _block(context, present)
    columns: list[Iterable[bytes]] = [[b"* %d FETCH (" % each.number for each in present]]
    for index, item in enumerate(items):
        if index:
            columns.append(repeat(b" ", len(present)))
        if isinstance(item, Attribute):
            columns.append(column(item.name, block))
        else:
            assert isinstance(item, Body)
            columns += bodies(item, messages)
    columns.append(repeat(b")\r\n", len(present)))
    return b"".join(chain.from_iterable(zip(*columns, strict=True)))


async def _mark_seen(context: Context, block: Sequence[Entry]) -> tuple[Sequence[Entry], FlagsChanged | None]:
    """\\Seen is set by every body item that does not peek (RFC 9051 §6.4.5), unless the mailbox is read-only. The block as
    it is now, and what changed."""
    view = context.selected
    if view.read_only:
        return block, None
    unseen = UidSet.of(entry.uid for entry in block if not has_flag(entry.flags, SEEN))
    if not unseen:
        return block, None
    try:
        changed = await view.mail.set_flags(view.mailbox, unseen, "add", _SEEN)
    except NotPermitted:  # RFC 4314 §4: it is read all the same
        return block, None
    now = changed.now
    after = dict(zip(now.uids, zip(now.flags, now.modseqs, strict=True), strict=True))
    return [_with_flags(entry, *after.get(entry.uid, (entry.flags, entry.modseq))) for entry in block], changed


def _with_flags(entry: Entry, flags: Flags, modseq: int) -> Entry:
    return entry if modseq == entry.modseq else Entry(entry.uid, entry.email, flags, modseq, entry.saved)


async def _message(context: Context, each: _Present, content: Content, items: Sequence[Item]) -> None:
    pieces: list[Piece] = [b"* %d FETCH (" % each.number]
    for index, item in enumerate(items):
        if index:
            pieces.append(b" ")
        if isinstance(item, Attribute):
            pieces.extend(column(item.name, _block(context, [each])))
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


def _block(context: Context, present: Sequence[_Present]) -> Block:
    emails = {each.email.id: each.email for each in present}
    owner = context.owner_of(context.selected.mail)
    return Block([each.entry for each in present], _fresh(context), emails, owner)


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


async def _emails(context: Context, block: Sequence[Entry], asked: Wanted) -> Mapping[EmailId, Outline]:
    """With their indexes where an item needs them."""
    mail, ids = context.selected.mail, [entry.email for entry in block]
    found: Sequence[Outline] = await (mail.emails(ids) if asked.indexed else mail.outlines(ids))
    return {email.id: email for email in found}


def _fresh(context: Context) -> UidSet:
    """\\Recent is IMAP4rev1's only."""
    return UidSet() if context.rev2 else context.selected.fresh
