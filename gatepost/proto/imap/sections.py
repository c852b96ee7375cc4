"""Which octets of a message a BODY[section] names (RFC 9051 §6.4.5), by the index made at delivery."""

from __future__ import annotations

import re

from gatepost.model.message import Part
from gatepost.proto.imap.commands.fetch import Section
from gatepost.proto.imap.render.fetched import Span
from gatepost.proto.mime import locate

# One header field with its folding and its line end; blanks before the colon are obsolete (RFC 5322 §4.5).
_FIELD = re.compile(rb"^([!-9;-~]++)[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+(?:\n|\Z)", re.MULTILINE)


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
    names = {name.lower() for name in section.fields}
    wanted = section.kind == "HEADER.FIELDS"
    fields = [found[0] for found in _FIELD.finditer(header) if (found[1].lower() in names) is wanted]
    if fields and not fields[-1].endswith(b"\n"):
        fields[-1] += b"\r\n"
    return b"".join(fields) + b"\r\n"
