"""Which octets of a message a BODY[section] names (RFC 9051 §6.4.5), by the index made at delivery."""

from __future__ import annotations

import re
from functools import lru_cache

from gatepost.model.message import Part
from gatepost.proto.imap.commands.fetch import Section
from gatepost.proto.imap.render.fetched import Span
from gatepost.proto.mime import locate

_NAME = rb"[!-9;-~]++"
# What follows a field's name, with its folding, up to the line end; blanks before the colon are obsolete (RFC 5322 §4.5).
_VALUE = rb"[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+"


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
    if not header.endswith(b"\n"):
        header += b"\r\n"
    fields = _fields_of(section.kind, section.fields).findall(b"\n" + header)
    return b"\n".join((*fields, b"\r\n")) if fields else b"\r\n"


@lru_cache(64)
def _fields_of(kind: str, names: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Finds the fields that are wanted, without their last line end; each is looked for behind a line end, which is found
    much faster than `^`."""
    known = [name for name in names if re.fullmatch(_NAME, name)]
    any_known = b"(?:%b)" % b"|".join(map(re.escape, known)) if known else b"(?!)"
    if kind != "HEADER.FIELDS":
        return re.compile(b"\n((?!%b[ \t]*+:)%b%b)" % (any_known, _NAME, _VALUE), re.IGNORECASE)
    first = b"(?=[%b])" % b"".join({re.escape(name[:1]) for name in known}) if known else b""
    return re.compile(b"\n%b(%b%b)" % (first, any_known, _VALUE), re.IGNORECASE)
