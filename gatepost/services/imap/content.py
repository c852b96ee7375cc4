"""Messages' octets while they are fetched: small ones are read once, of large ones only what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from gatepost.model.mail import Email, Outline
from gatepost.model.message import Part
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.imap.commands.fetch import Binary, BinarySize, Body
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

WHOLE = 256 * 1024
"""Octets up to which a message is read at once, and in which larger spans are streamed."""
_ENCODINGS = frozenset({"7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode", "x-uue", "uuencode"})
Started: TypeAlias = tuple[Outline, bytes]
"""A message and the octets that its items need: all, or as many from the start."""


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

    async def pieces(self, item: Body | Binary | BinarySize) -> list[Piece]:
        """The item with its label, to be written one after the other."""
        if isinstance(item, Body):
            return await self._body(item)
        label = binary_label(item)
        part = locate(_root(self.email), item.path)
        if part is None:
            return [label + b" " + NIL] if isinstance(item, Binary) else [label + b" 0"]
        decoded = await self._decoded(part, item.path)
        if isinstance(item, BinarySize):
            return [b"%b %d" % (label, len(decoded))]
        return [label + b" " + binary_string(cut(decoded, item.partial))]

    async def _body(self, item: Body) -> list[Piece]:
        label = body_label(item)
        span = _span(self.email, item)
        if span is None:
            return [label + b" " + NIL]
        if span.size > WHOLE and not item.section.fields:
            return [label + b" ", span]
        return list(_literal(label, _shown(item, await self.octets(span.start, span.end))))

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


def bodies(item: Body, messages: Sequence[Started]) -> tuple[list[bytes], list[bytes]]:
    """The item of each message in two columns: all up to the octets, and the octets by themselves, which are copied no more
    often than must be."""
    label, section = body_label(item), item.section
    if section.path:
        found = [_body(label, item, email, start) for email, start in messages]
        return [head for head, _ in found], [octets for _, octets in found]
    if section.kind == "TEXT":
        texts = [start[email.header :] for email, start in messages]
    elif section.kind:
        texts = [start[: email.header] for email, start in messages]
    else:
        texts = [start for _, start in messages]
    if section.fields:
        texts = [select_fields(text, section) for text in texts]
    if item.partial is not None:
        texts = [cut(text, item.partial) for text in texts]
    return [_head(label, text) for text in texts], [shown(text) for text in texts]


def _body(label: bytes, item: Body, email: Outline, start: bytes) -> tuple[bytes, bytes]:
    span = _span(email, item)
    return (label + b" " + NIL, b"") if span is None else _literal(label, _shown(item, start[span.start : span.end]))


def _span(email: Outline, item: Body) -> Span | None:
    """Where the item's octets lie; of header fields the whole header. None where there is no such part."""
    section = item.section
    if section.path:
        span = locate_section(_root(email), section)
    elif not section.kind:
        span = Span(0, email.size)
    else:
        span = Span(email.header, email.size) if section.kind == "TEXT" else Span(0, email.header)
    return span if span is None or section.fields else span.cut(item.partial)


def _root(email: Outline) -> Part:
    assert isinstance(email, Email)
    return email.index.root


def _literal(label: bytes, octets: bytes) -> tuple[bytes, bytes]:
    return _head(label, octets), octets


def _head(label: bytes, octets: bytes) -> bytes:
    return b"%b {%d}\r\n" % (label, len(octets))


def _shown(item: Body, octets: bytes) -> bytes:
    """What the item shows of its octets."""
    return shown(cut(select_fields(octets, item.section), item.partial) if item.section.fields else octets)


def shown(octets: bytes) -> bytes:
    """What BODY[] shows: NUL may not be in a literal (RFC 9051 §9), so that 0x80 stands for it, as in Dovecot; sizes stay what
    they are, and BINARY[] gives the octets themselves."""
    return octets.replace(b"\0", b"\x80") if b"\0" in octets else octets


def slices(span: Span) -> list[Span]:
    """The span in pieces of at most WHOLE octets."""
    return [Span(start, min(span.end, start + WHOLE)) for start in range(span.start, span.end, WHOLE)]
