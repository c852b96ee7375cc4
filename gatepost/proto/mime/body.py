"""Bodies: transfer encodings undone (RFC 2045 §6), text in its charset, all text for search, the first lines as a preview.

Law: leniency without exceptions; an encoding that nobody knows leaves the octets as they are.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from gatepost.model.message import Part
from gatepost.proto.mime.charsets import to_text
from gatepost.proto.mime.header import indexed_fields
from gatepost.proto.mime.html import html_text
from gatepost.proto.mime.words import decode_text, unbase64

PREVIEW = 256
"""Characters (RFC 8970 §3.1)."""
ENCLOSED_FIELDS = ("subject", "from", "to", "cc")
MAX_ENCLOSED_HEADER = 64 * 1024
"""Octets read of an enclosed message's header."""
_PREVIEW_OCTETS = 4096
_PREVIEW_HTML = 65536
_PREVIEW_START = 3 * PREVIEW // 2
"""Characters that are tried first: nearly always enough."""
_RULER_LEFT = 16
"""More characters than a cut may leave of a ruler that is one only together with what was cut off."""
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\u00ad\u034f\u200b-\u200f\u2060\ufeff]")
_RULER = re.compile(r"[-=_*~#+]\s?(?:[-=_*~#+]\s?){3,}")


def decode_octets(data: bytes, encoding: str) -> bytes:
    """`data` with the transfer encoding (lower case) undone."""
    if encoding == "base64":
        return unbase64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(_without_padding(data))
    if encoding in ("x-uuencode", "x-uue", "uuencode"):
        return _unuuencode(data)
    return data


def _without_padding(data: bytes) -> bytes:
    """RFC 2045 §6.7 (3): blanks at the end of a line of quoted-printable were added underway."""
    if not any(end in data for end in (b" \n", b"\t\n", b" \r\n", b"\t\r\n")) and not data.endswith((b" ", b"\t")):
        return data
    lines = data.split(b"\n")
    for place, line in enumerate(lines):
        ending = b"\r" if line.endswith(b"\r") else b""
        lines[place] = line.removesuffix(ending).rstrip(b" \t") + ending
    return b"\n".join(lines)


def decoded_body(content: bytes, part: Part) -> bytes:
    """The part's body with its Content-Transfer-Encoding undone, leniently; unknown encodings are left as they are."""
    return decode_octets(content[part.body : part.end], part.encoding)


def part_text(content: bytes, part: Part) -> str:
    """A text part's body as text: decoded, charset applied (wrong or unknown ones fall back), line ends kept."""
    return to_text(decoded_body(content, part), part.charset)


def walk(part: Part) -> Iterator[Part]:
    """The part and everything in it, in order."""
    yield part
    for child in part.parts:
        yield from walk(child)


def search_text(content: bytes, root: Part) -> str:
    """All text that a reader of the body sees: every text part (HTML without its tags), enclosed messages too."""
    texts = []
    for part in walk(root):
        if part.type == "text":
            text = part_text(content, part)
            texts.append(html_text(text) if part.subtype == "html" else text)
    return "\n".join(texts)


def enclosed_text(content: bytes, root: Part) -> str:
    """What tells the parts of a body from each other, a line each: names of files, descriptions, and of enclosed messages
    subject and people."""
    lines = []
    for part in walk(root):
        if part is not root:
            lines += [text for text in (part.filename, part.description) if text]
        if part.type == "message" and part.parts:
            inner = part.parts[0]
            fields = indexed_fields(content[inner.start : min(inner.body, inner.start + MAX_ENCLOSED_HEADER)])
            lines += [decode_text(fields[name]) for name in ENCLOSED_FIELDS if name in fields]
    return "\n".join(lines)


def preview(content: bytes, root: Part) -> str:
    """The first PREVIEW characters of readable text on one line: of the first plain text that has any, else of HTML."""
    page = ""
    for part in walk(root) if root.parts else (root,):
        if part.type != "text" or part.disposition == "attachment" or part.end == part.body:
            continue
        if part.subtype == "plain" and (text := _first(content, part, _PREVIEW_OCTETS)):
            return text
        if part.subtype in ("html", "enriched") and not page:
            page = _first(content, part, _PREVIEW_HTML)
    return page


def _first(content: bytes, part: Part, octets: int) -> str:
    cut = min(part.end, part.body + octets)
    if cut < part.end:  # not within a line, where there are lines
        cut = max(content.rfind(b"\n", part.body, cut), part.body) or cut
        cut = cut if cut > part.body else part.body + octets
    text = to_text(decode_octets(content[part.body : cut], part.encoding), part.charset)
    if part.subtype != "plain":
        text = html_text(text)
    line = _one_line(text[:_PREVIEW_START])
    if len(line) < PREVIEW + _RULER_LEFT:  # else what follows changes at most a ruler cut in two, and that is cut off
        line = _one_line(text)
    return line if len(line) <= PREVIEW else line[: PREVIEW - 1].rstrip() + "…"


def _one_line(text: str) -> str:
    text = _RULER.sub(" ", text)
    line = text.replace("\r\n", " ")
    if line.isascii() and line.isprintable() and "  " not in line:  # plain prose: nothing is to be taken apart
        return line.strip()
    line = " ".join(text.split())
    if not (line.isascii() and line.isprintable()):
        line = " ".join(_UNSEEN.sub(" ", line).split())
    return line.rstrip("\ufffd")


def _unuuencode(data: bytes) -> bytes:
    begin = re.search(rb"^begin [0-7]{3,4} [^\n]*\n", data, re.MULTILINE)
    if begin is None:
        return data
    out = []
    for line in data[begin.end() :].split(b"\n"):
        line = line.rstrip(b"\r")
        if line == b"end":
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            length = ((line[0] - 32) & 63) if line else 0
            try:  # some encoders pad lines too far or too little
                out.append(binascii.a2b_uu(line[: (length * 8 + 5) // 6 + 1]))
            except binascii.Error:
                continue
    return b"".join(out)
