"""FETCH responses: messages in blocks, and large bodies in slices, so that memory stays flat however much is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeAlias

from gatepost.model.errors import GatepostError, NotPermitted
from gatepost.model.flags import SEEN, Flags, has_flag, make_flags
from gatepost.model.mail import BlobId, EmailId, Entry, FlagsChanged, Outline
from gatepost.model.uidset import UidSet
from gatepost.net.wire import PeerGone
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.imap.commands.fetch import Attribute, Binary, BinarySize, Body, Item
from gatepost.proto.imap.render.fetched import Piece, Span
from gatepost.proto.imap.render.status import no
from gatepost.services.imap.columns import FROM_EMAIL, FROM_ENTRIES, Block, column, lines
from gatepost.services.imap.content import WHOLE, Content, UnknownEncoding, needs_index, slices, start_needed
from gatepost.services.imap.context import Context, Refused
from gatepost.services.imap.knownflags import tell_new_flags

_LIGHT_BLOCK = 2000
"""Messages a block where only entries are needed."""
_OUTLINE_BLOCK = 1000
"""Messages a block where emails are read without their indexes, and no octets."""
_BLOCK = 200
"""Messages a block where emails are read."""
READ_AT_ONCE = 1024 * 1024
"""Octets of messages that are read together."""
_SEEN = make_flags([SEEN])
_Present: TypeAlias = tuple[int, Entry, Outline]
"""Sequence number, entry, email."""


async def tell_items(context: Context, entries: Sequence[Entry], items: Sequence[Item]) -> None:
    """One FETCH response a message, entries ascending or descending by UID. Raises Refused with UNKNOWN-CTE."""
    if any(isinstance(item, Body | Binary | BinarySize) for item in items):
        await _with_content(context, entries, items)
    else:
        await _without_content(context, entries, [item for item in items if isinstance(item, Attribute)])


async def _without_content(context: Context, entries: Sequence[Entry], items: Sequence[Attribute]) -> None:
    light = all(item.name in FROM_ENTRIES for item in items)
    indexed = any(item.name in FROM_EMAIL for item in items)
    size = _LIGHT_BLOCK if light else _BLOCK if indexed else _OUTLINE_BLOCK
    view = context.selected
    for start in range(0, len(entries), size):
        block = entries[start : start + size]
        emails = {} if light else await _emails(context, block, items)
        numbers = view.numbers([entry.uid for entry in block])
        if Attribute("FLAGS") in items:
            tell_new_flags(context, [entry.flags for entry in block])
        context.send(lines(numbers, block, items, _fresh(context), emails, context.owner_of(view.mail)))
        await context.relieve()


async def _with_content(context: Context, entries: Sequence[Entry], items: Sequence[Item]) -> None:
    view = context.selected
    for start in range(0, len(entries), _BLOCK):
        block = entries[start : start + _BLOCK]
        block, changed = await _mark_seen(context, block, items)
        newly_seen = frozenset(changed.now.uids if changed else ())
        emails = await _emails(context, block, items)
        if newly_seen or Attribute("FLAGS") in items:
            tell_new_flags(context, [entry.flags for entry in block])
        numbered = zip(view.numbers([entry.uid for entry in block]), block, strict=True)
        present = [(number, entry, emails[entry.email]) for number, entry in numbered if entry.email in emails]
        async for (number, entry, _), content in _contents(view.mail, present, items):
            wanted = _with_change(context, items) if entry.uid in newly_seen else items
            await _message(context, number, entry, content, wanted)
            await context.relieve()
        if changed:  # where a part of unknown encoding ends the command earlier, the change is told after it
            view.tell(changed)


def _with_change(context: Context, items: Sequence[Item]) -> Sequence[Item]:
    """Of a message that is \\Seen now: the change is told with what was asked for (RFC 9051 §6.4.5), and by UID and mod-sequence
    too where these are known (RFC 7162 §3.2.4)."""
    names = ("UID", "FLAGS", "MODSEQ") if context.condstore else ("FLAGS",)
    return (*items, *(one for one in map(Attribute, names) if one not in items))


async def _contents(
    mail: AccountMail, present: Sequence[_Present], items: Sequence[Item]
) -> AsyncIterator[tuple[_Present, Content]]:
    """Of messages that are not large the octets are read together, READ_AT_ONCE of them at a time; what is not read here, or
    went meanwhile, `Content` reads when it is asked for."""
    at = 0
    while at < len(present):
        starts: list[tuple[BlobId, int]] = []
        octets = 0
        for _, _, email in present[at:]:
            needed = start_needed(email, items)
            octets += needed
            if needed > WHOLE or (starts and octets > READ_AT_ONCE):
                break
            starts.append((email.blob, needed))
        read = await mail.read_starts(starts) if len(starts) > 1 else []
        for index in range(max(1, len(starts))):
            each = present[at + index]
            yield each, Content(mail, each[2], read[index] if index < len(read) else None)
        at += max(1, len(starts))


async def _mark_seen(
    context: Context, block: Sequence[Entry], items: Sequence[Item]
) -> tuple[Sequence[Entry], FlagsChanged | None]:
    """\\Seen is set by every body item that does not peek (RFC 9051 §6.4.5), unless the mailbox is read-only. The block as
    it is now, and what changed."""
    view = context.selected
    if view.read_only or not any(_sets_seen(item) for item in items):
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


def _sets_seen(item: Item) -> bool:
    if isinstance(item, Body):
        return not item.peek
    return isinstance(item, Binary) and not item.peek


async def _message(context: Context, number: int, entry: Entry, content: Content, items: Sequence[Item]) -> None:
    pieces: list[Piece] = [b"* %d FETCH (" % number]
    for index, item in enumerate(items):
        if index:
            pieces.append(b" ")
        if isinstance(item, Attribute):
            owner = context.owner_of(context.selected.mail)
            emails = {content.email.id: content.email}
            pieces.extend(column(item.name, Block([entry], _fresh(context), emails, owner)))
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


async def _emails(context: Context, block: Sequence[Entry], items: Sequence[Item]) -> Mapping[EmailId, Outline]:
    """With their indexes where an item needs them."""
    mail, ids = context.selected.mail, [entry.email for entry in block]
    found: Sequence[Outline] = await (mail.emails(ids) if any(map(needs_index, items)) else mail.outlines(ids))
    return {email.id: email for email in found}


def _fresh(context: Context) -> UidSet:
    """\\Recent is IMAP4rev1's only."""
    return UidSet() if context.rev2 else context.selected.fresh
