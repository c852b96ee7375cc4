"""Which octets of a message a BODY[section] names (RFC 9051 §6.4.5), by the index made at delivery."""

from __future__ import annotations

import re
from functools import lru_cache

from gatepost.model.message import Part
from gatepost.proto.imap.commands.fetch import Section
from gatepost.proto.imap.render.fetched import Span
from gatepost.proto.mime import locate

_NAME = re.compile(rb"[!-9;-~]++")
# One header field with its folding and its line end; blanks before the colon are obsolete (RFC 5322 §4.5).
_FIELD = rb"%b[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+(?:\n|\Z)"
_LINE = rb"[^\n]*+(?:\n|\Z)"


def locate_section(root: Part, section: Section) -> Span | None:
    """The octets; for HEADER.FIELDS the whole header, to be cut by `select_fields`. None where there is no such part."""
    part = locate(root, section.path)
    if part is None:
        return None
    if not section.path:
        whole = Span(part.start, part.end)
        return whole if not section.kind else _of_message(part, section.kind)
    if not section.kind:
        return Span(part.body, part.end)
    if section.kind == "MIME":
        return Span(part.start, part.body)
    # HEADER and TEXT of a numbered part are those of the message inside it
    if part.type != "message" or not part.parts:
        return None
    return _of_message(part.parts[0], section.kind)


def _of_message(part: Part, kind: str) -> Span:
    return Span(part.body, part.end) if kind == "TEXT" else Span(part.start, part.body)


def select_fields(header: bytes, section: Section) -> bytes:
    """The fields that HEADER.FIELDS names, or HEADER.FIELDS.NOT leaves, as they stand, and the empty line."""
    fields = b"".join(_fields_of(section.kind, section.fields).findall(header))
    return fields + (b"\r\n" if not fields or fields.endswith(b"\n") else b"\r\n\r\n")


@lru_cache(64)
def _fields_of(kind: str, names: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Matches a header's lines one after the other; its group is a field that is wanted, and empty for any other line."""
    known = b"|".join(re.escape(name) for name in names if _NAME.fullmatch(name)) or b"(?!)"
    name = b"(?:%b)" % known if kind == "HEADER.FIELDS" else b"(?!(?:%b)[ \t]*+:)%b" % (known, _NAME.pattern)
    return re.compile(b"(%b)|%b" % (_FIELD % name, _LINE), re.IGNORECASE)
