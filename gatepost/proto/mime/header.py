"""Header blocks cut into fields (RFC 5322 §2.2), as octets. Not here: what the values mean.

Law: linear in the block's size; a line that is no field and continues none is passed over. LF counts as a line's end,
with or without CR before it, because stored mail has both.
"""

from __future__ import annotations

import re

from gatepost.proto.mime.remembered import remembered

# Field names are printable US-ASCII without colon (RFC 5322 §2.2); blanks before the colon are obsolete (§4.5).
# Each is looked for behind a line end: that octet is found much faster than `^`.
_FIELD = re.compile(rb"\n([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)")
_INDEXED = re.compile(
    rb"\n(?=[CDSFRTBIM])(content-[a-z0-9-]++|date|subject|from|sender|reply-to|to|cc|bcc|in-reply-to|message-id|references)[ \t]*+:"
    rb"([^\n]*+(?:\n[ \t][^\n]*+)*+)",
    re.IGNORECASE,
)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_BREAKS = re.compile(rb"[\r\n]+")


def split_fields(content: bytes, start: int, end: int) -> list[tuple[str, bytes]]:
    """The fields in octets [start:end] in order: name as given, value after the colon, folding kept, last line end dropped."""
    return [
        (name.decode("ascii"), value[:-1] if value.endswith(b"\r") else value)
        for name, value in _FIELD.findall(b"\n" + content[start:end])
    ]


def indexed_fields(block: bytes) -> dict[str, bytes]:
    """The fields that an index is made of, by lower-case name, values as split_fields gives them; the first of a name counts."""
    found = _INDEXED.findall(b"\n" + block)
    found.reverse()
    return {_name(raw): value[:-1] if value[-1:] == b"\r" else value for raw, value in found}


@remembered
def _name(raw: bytes) -> str:
    return raw.decode("ascii").lower()


def unfold(raw: bytes) -> bytes:
    """The value on one line (RFC 5322 §2.2.3), without blanks around it; stray line ends and NULs are gone."""
    if b"\n" in raw or b"\r" in raw:
        line = raw.replace(b"\r\n\t", b"\t").replace(b"\r\n ", b" ")  # nearly always enough
        raw = _BREAKS.sub(b" ", _FOLD.sub(b"", raw)) if b"\n" in line or b"\r" in line else line
    if b"\0" in raw:
        raw = raw.replace(b"\0", b"")
    return raw.strip(b" \t")
