"""SASL responses as line protocols carry them: base64 in one line, `=` for an empty one, `*` to give up.

Not here: mechanisms and their messages. The law (RFC 4954 §4, RFC 5034 §4): strict base64; what is not is malformed,
and the caller counts it as a failed sign-in.
"""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII)


class SaslResponse(msgspec.Struct, frozen=True):
    """The client's next message, decoded. May hold a password, so that its repr shows nothing."""

    data: bytes

    def __repr__(self) -> str:
        return "SaslResponse(***)"


class SaslCancelled(msgspec.Struct, frozen=True):
    """The client gave up with `*`."""


class SaslMalformed(msgspec.Struct, frozen=True):
    """Not base64, or longer than the line may be."""


def decode_base64(octets: bytes) -> bytes | None:
    """The decoded octets, or None where they are not canonical base64 (RFC 4648 §4)."""
    if not _BASE64.fullmatch(octets):
        return None
    try:
        return base64.b64decode(octets, validate=True)
    except (binascii.Error, ValueError):
        return None


def read_response(line: bytes) -> SaslResponse | SaslCancelled | SaslMalformed:
    """One line of the client's, without its CRLF, after the exchange has begun."""
    if line == b"*":
        return SaslCancelled()
    data = decode_base64(line)
    return SaslMalformed() if data is None else SaslResponse(data)


def read_initial(word: bytes) -> SaslResponse | SaslMalformed:
    """The initial response on the command's own line: `=` stands for an empty one (RFC 4954 §4, RFC 5034 §4)."""
    data = b"" if word == b"=" else decode_base64(word)
    return SaslMalformed() if data is None or not word else SaslResponse(data)
