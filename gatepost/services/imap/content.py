"""One message's octets while it is fetched: small ones are read once, of large ones only what is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gatepost.model.mail import Email, Outline
from gatepost.model.message import Part
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.imap.commands.fetch import Attribute, Binary, BinarySize, Body, Item
from gatepost.proto.imap.render.fetched import (
    Piece,
    Span,
    binary_label,
    binary_string,
    body_label,
    cut,
)
from gatepost.proto.imap.render.text import NIL
from gatepost.proto.imap.sections import locate_section, select_fields
from gatepost.proto.mime import decoded_body, locate
from gatepost.services.imap.columns import FROM_EMAIL

WHOLE = 256 * 1024
"""Octets up to which a message is read at once, and in which larger spans are streamed."""
_ENCODINGS = frozenset({"7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode", "x-uue", "uuencode"})


class UnknownEncoding(Exception):
    """A part's transfer encoding is unknown (RFC 3516 §4.3)."""


class Content:
    """See the module. Raises NoSuchBlob where the message went meanwhile."""

    def __init__(self, mail: AccountMail, email: Outline, start: bytes | None = None) -> None:
        """`start`: the message's first octets, where they have been read already. Email where an item needs the index."""
        self._mail, self.email = mail, email
        self._start = start if start is not None and len(start) < email.size else None
        self._whole = start if start is not None and len(start) == email.size else None

    async def octets(self, start: int, end: int) -> bytes:
        """Octets [start:end)."""
        if self._start is not None and end <= len(self._start):
            return self._start[start:end]
        if self._whole is None:
            if self.email.size > WHOLE:
                return await self._mail.read_blob(self.email.blob, start, end)
            self._whole = await self._mail.read_blob(self.email.blob)
        return self._whole[start:end]

    @property
    def _root(self) -> Part:
        assert isinstance(self.email, Email)
        return self.email.index.root

    async def pieces(self, item: Body | Binary | BinarySize) -> list[Piece]:
        """The item with its label, to be written one after the other."""
        if isinstance(item, Body):
            return await self._body(item)
        label = binary_label(item)
        part = locate(self._root, item.path)
        if part is None:
            return [label + b" " + NIL] if isinstance(item, Binary) else [label + b" 0"]
        decoded = await self._decoded(part, item.path)
        if isinstance(item, BinarySize):
            return [b"%b %d" % (label, len(decoded))]
        return [label + b" " + binary_string(cut(decoded, item.partial))]

    async def _body(self, item: Body) -> list[Piece]:
        label = body_label(item)
        section = item.section
        if not section.path and not section.kind:
            span: Span | None = Span(0, self.email.size)
        elif section.path:
            span = locate_section(self._root, section)
        else:
            span = locate_section(Part(start=0, body=self.email.header, end=self.email.size), section)
        if span is None:
            return [label + b" " + NIL]
        if section.fields:
            header = select_fields(await self.octets(span.start, span.end), section)
            return _literal(label, shown(cut(header, item.partial)))
        span = span.cut(item.partial)
        if span.size > WHOLE:
            return [label + b" ", span]
        return _literal(label, shown(await self.octets(span.start, span.end)))

    async def _decoded(self, part: Part, path: tuple[int, ...]) -> bytes:
        if not path:
            return await self.octets(part.start, part.end)
        if part.parts:
            return await self.octets(part.body, part.end)
        if part.encoding not in _ENCODINGS:
            raise UnknownEncoding
        octets = await self.octets(part.start, part.end)
        moved = msgspec.structs.replace(part, start=0, body=part.body - part.start, end=part.end - part.start)
        return decoded_body(octets, moved)


def _literal(label: bytes, octets: bytes) -> list[Piece]:
    """The octets by themselves: they are copied no more often than must be."""
    return [b"%b {%d}\r\n" % (label, len(octets)), octets]


def shown(octets: bytes) -> bytes:
    """What BODY[] shows: NUL may not be in a literal (RFC 9051 §9), so that 0x80 stands for it, as in Dovecot; sizes stay what
    they are, and BINARY[] gives the octets themselves."""
    return octets.replace(b"\0", b"\x80") if b"\0" in octets else octets


def slices(span: Span) -> list[Span]:
    """The span in pieces of at most WHOLE octets."""
    return [Span(start, min(span.end, start + WHOLE)) for start in range(span.start, span.end, WHOLE)]


def needs_index(item: Item) -> bool:
    """Whether an item can only be had with the message's index."""
    if isinstance(item, Attribute):
        return item.name in FROM_EMAIL
    return not isinstance(item, Body) or bool(item.section.path)


def start_needed(email: Outline, items: Sequence[Item]) -> int:
    """How many of the message's first octets the items need, as far as that is known without its index."""
    return max((_end(email, item) for item in items if not isinstance(item, Attribute)), default=0)


def _end(email: Outline, item: Body | Binary | BinarySize) -> int:
    if not isinstance(item, Body) or item.section.path:
        return email.size
    if item.section.kind.startswith("HEADER"):
        return email.header
    if item.section.kind or item.partial is None:
        return email.size
    return min(email.size, sum(item.partial))
