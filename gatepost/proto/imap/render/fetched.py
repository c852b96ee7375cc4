"""FETCH data items as octets (RFC 9051 §7.5.2). Content larger than fits in memory twice is not rendered here: a `Span`
stands for it, and the session streams it from the store."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import msgspec

from gatepost.proto.imap.commands.fetch import Binary, BinarySize, Body, Section
from gatepost.proto.imap.render.text import astring, literal, literal8, string

MAX_PREVIEW = 200
"""Characters of a preview (RFC 8970 §3.2)."""


class Span(msgspec.Struct, frozen=True):
    """Octets [start:end) of the message as stored, rendered as a literal."""

    start: int
    end: int

    def cut(self, partial: tuple[int, int] | None) -> Span:
        """The part `<start.count>` of it (RFC 9051 §6.4.5): past the end it is empty."""
        if partial is None:
            return self
        start = min(self.end, self.start + partial[0])
        return Span(start, min(self.end, start + partial[1]))

    @property
    def size(self) -> int:
        """Octets."""
        return self.end - self.start


Piece: TypeAlias = bytes | Span


def cut(octets: bytes, partial: tuple[int, int] | None) -> bytes:
    """The part `<start.count>` of octets in memory."""
    return octets if partial is None else octets[partial[0] : partial[0] + partial[1]]


@lru_cache(256)
def body_label(item: Body) -> bytes:
    """What the response calls the item: `BODY[...]<start>`, or the old name."""
    if item.old:
        return item.old.encode("ascii")
    start = b"" if item.partial is None else b"<%d>" % item.partial[0]
    return b"BODY[%b]%b" % (_section(item.section), start)


def binary_label(item: Binary | BinarySize) -> bytes:
    """`BINARY[...]<start>` or `BINARY.SIZE[...]`."""
    path = ".".join(map(str, item.path)).encode("ascii")
    if isinstance(item, BinarySize):
        return b"BINARY.SIZE[%b]" % path
    start = b"" if item.partial is None else b"<%d>" % item.partial[0]
    return b"BINARY[%b]%b" % (path, start)


def binary_string(octets: bytes) -> bytes:
    """Decoded content: a literal8 where NUL asks for it (RFC 3516 §4.2)."""
    return literal8(octets) if b"\0" in octets else literal(octets)


def preview_item(text: str) -> bytes:
    """`PREVIEW "..."` in UTF-8, quoted where it is ASCII, else a literal; of MAX_PREVIEW characters."""
    if len(text) > MAX_PREVIEW:
        text = text[: MAX_PREVIEW - 1].rstrip(" \N{HORIZONTAL ELLIPSIS}") + "\N{HORIZONTAL ELLIPSIS}"
    return b"PREVIEW " + string(text.encode("utf-8", "replace"))


def _section(section: Section) -> bytes:
    path = ".".join(map(str, section.path))
    text = f"{path}.{section.kind}" if path and section.kind else path or section.kind
    label = text.encode("ascii")
    if section.fields:
        label += b" (%b)" % b" ".join(astring(name) for name in section.fields)
    return label
