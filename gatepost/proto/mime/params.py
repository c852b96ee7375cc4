"""Structured values with parameters: Content-Type (RFC 2045 §5.1), Content-Disposition (RFC 2183 §2), RFC 2231's continuations.

Two readings: as sent, for IMAP, and decoded, for people. Law: linear; the first of two like-named parameters counts.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from gatepost.proto.mime.charsets import codec_name, guess_text, to_text
from gatepost.proto.mime.header import unfold
from gatepost.proto.mime.remembered import remembered
from gatepost.proto.mime.words import decode_words

Pairs = tuple[tuple[str, str], ...]
SentPairs = tuple[tuple[bytes, bytes], ...]

MAX_PARAMETERS = 100
"""Parameters read of one field; real ones have three."""

_TYPE = re.compile(rb"\s*+([!#-'*+\-.0-9A-Z^-~]++)\s*+/\s*+([!#-'*+\-.0-9A-Z^-~]++)(?=[\s;(,\"]|$)")
_VALUE = re.compile(rb"\s*+\"?([!#-'*+\-.0-9A-Z^-~]++)")
_PARAM = re.compile(rb";\s*+([^\s=;\"]++)\s*+=\s*+(?:\"((?:[^\"\\]++|\\.)*+)(?:\"|\\?\Z)|([^;]*+))", re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*([0-9]{1,4}))?(\*)?", re.ASCII)


@remembered
def media_type(raw: bytes) -> tuple[str, str] | None:
    """(type, subtype) in lower case, None where the field is not one (RFC 2045 §5.2 then takes the default)."""
    match = _TYPE.match(raw)
    return (match[1].decode("ascii").lower(), match[2].decode("ascii").lower()) if match else None


@remembered
def leading_token(raw: bytes) -> str:
    """The first token in lower case, such as a disposition or an encoding; empty for none."""
    match = _VALUE.match(raw)
    return match[1].decode("ascii").lower() if match else ""


@remembered
def sent_params(raw: bytes) -> SentPairs:
    """The parameters as sent, in order: name, value without its quotes. No name twice, at most MAX_PARAMETERS."""
    found: dict[bytes, tuple[bytes, bytes]] = {}
    if b";" not in raw:
        return ()
    for match in _PARAM.finditer(unfold(raw)):
        name, quoted, bare = match.groups()
        if quoted is not None:
            value = _ESCAPE.sub(rb"\1", quoted) if b"\\" in quoted else quoted
        else:
            value = bare.strip()
            if value and not name.lower().startswith((b"name", b"filename")):
                value = value.split(None, 1)[0]  # a comment, or rubbish; names with blanks are sent unquoted too often
        found.setdefault(name.lower(), (name, value))
        if len(found) >= MAX_PARAMETERS:
            break
    return tuple(found.values())


@remembered
def decoded_params(raw: bytes) -> Pairs:
    """The parameters of a value, decoded."""
    return decode_params(sent_params(raw))


def decode_params(sent: SentPairs) -> Pairs:
    """Names in lower case, values as text: RFC 2231 §3 and §4 undone, and RFC 2047 words, which do not belong there."""
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bool, bytes]]] = {}
    for raw_name, value in sent:
        match = _SECTION.fullmatch(guess_text(raw_name).lower())
        if match is None or (match[2] is None and match[3] is None):
            name = guess_text(raw_name).lower()
            plain.setdefault(name, decode_words(value) if b"=?" in value else guess_text(value))
        else:
            numbered = sections.setdefault(match[1], {})
            numbered.setdefault(int(match[2] or 0), (match[3] is not None, value))
    for name, numbered in sections.items():
        if 0 in numbered:
            plain[name] = _join(numbered)  # RFC 6266's advice for both forms: the extended one wins
    return tuple((name, value.replace("\0", "")) for name, value in plain.items())


def _join(numbered: dict[int, tuple[bool, bytes]]) -> str:
    charset, octets, number = "", b"", 0
    while number in numbered:
        extended, value = numbered[number]
        if extended:
            if number == 0 and value.count(b"'") >= 2:
                named, _, value = value.split(b"'", 2)
                charset = guess_text(named)
            value = unquote_to_bytes(value)
        octets += value
        number += 1
    return to_text(octets, charset) if charset and codec_name(charset) else guess_text(octets)
