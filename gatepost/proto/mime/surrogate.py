"""A header in ASCII for those who cannot take any other (RFC 6856 §2.1, RFC 6857): text as encoded words, parameters by RFC 2231, and an
address that ASCII cannot name as an empty group with its text.

Fields that are ASCII keep their octets. It is for reading only: signatures over the header do not fit what is made here.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

from gatepost.proto.mime.addresses import parse_addresses
from gatepost.proto.mime.header import unfold
from gatepost.proto.mime.words import decode_text

_FIELDS = re.compile(rb"(?<=\n)(?![ \t])")
_NAME = re.compile(rb"[!-9;-~]+")
_ADDRESSES = re.compile(rb"(?:resent-)?(?:from|sender|reply-to|to|cc|bcc)|return-path|delivered-to", re.IGNORECASE)
_PARAMETERS = re.compile(rb"content-(?:type|disposition)", re.IGNORECASE)
_PARAMETER = re.compile(r';\s*([\w!#$&+^.-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)', re.ASCII)
_NO_ASCII = bytes(range(128)) + b"?" * 128
_WORD = 42
"""Octets of one encoded word: 75 characters at most, base64 and its ends included (RFC 2047 §2)."""


def ascii_header(header: bytes) -> bytes:
    """A header with its empty line; the same octets where they are ASCII."""
    if header.isascii():
        return header
    return b"".join(field if field.isascii() else _field(field) for field in _FIELDS.split(header))


def ascii_only(octets: bytes) -> bytes:
    """`?` for every other octet, as many as before: for what nobody could read anyway."""
    return octets.translate(_NO_ASCII)


def _field(field: bytes) -> bytes:
    name, _, raw = field.partition(b":")
    if not _NAME.fullmatch(name):
        return ascii_only(field)
    if _ADDRESSES.fullmatch(name):
        value = _addresses(raw)
    elif _PARAMETERS.fullmatch(name):
        value = _with_parameters(raw)
    else:
        value = _words(decode_text(raw))
    return name + b": " + value.encode() + b"\r\n"


def _words(text: str) -> str:
    """Encoded words, one a line; none is cut within a character (RFC 2047 §5)."""
    words, octets = [], b""
    for character in text:
        one = character.encode("utf-8", "replace")
        if len(octets) + len(one) > _WORD:
            words.append(octets)
            octets = b""
        octets += one
    words.append(octets)
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in words)


def _addresses(raw: bytes) -> str:
    found = [_address(address.name, address.email) for address in parse_addresses(raw)]
    return ",\r\n ".join(found) if found else _words(decode_text(raw))


def _address(name: str, email: str) -> str:
    local, at, domain = email.rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            local = email  # there is no way to write it
    if not local.isascii():
        return f"{_words(f'{name} <{email}>' if name else email)}:;"  # RFC 6857 §3.1.8: a group without members
    return f"{_words(name)} <{local}{at}{domain}>" if name else f"<{local}{at}{domain}>"


def _with_parameters(raw: bytes) -> str:
    text = unfold(raw).decode("utf-8", "replace")
    written = _PARAMETER.sub(lambda found: found[0] if found[0].isascii() else _parameter(found), text)
    return written.encode("ascii", "replace").decode()


def _parameter(found: re.Match[str]) -> str:
    value = found[2]
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return f";\r\n {found[1]}*=utf-8''{quote(value, safe='')}"
