"""What the server says (RFC 5804 §1.2): OK, NO or BYE with a response code and a text; and strings."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

MAX_QUOTED = 1024
"""Octets between the quotes (§4)."""

_UNQUOTABLE = re.compile(rb"[\x00\r\n]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CODE = re.compile(r"[A-Z][A-Z\-/]{0,40}", re.ASCII)


class Kind(StrEnum):
    """How it went."""

    OK = "OK"
    NO = "NO"
    BYE = "BYE"
    """The connection ends."""


class Reply(msgspec.Struct, frozen=True):
    """`code` without its parentheses; `argument` is its string, such as TAG's. The text may have several lines. Raises
    ValueError for other control characters."""

    kind: Kind
    text: str = ""
    code: str = ""
    argument: bytes | None = None

    def __post_init__(self) -> None:
        if _FORBIDDEN.search(self.text) or re.search(r"\r(?!\n)|(?<!\r)\n", self.text):
            raise ValueError("a reply's text holds control characters")
        if (self.code and not _CODE.fullmatch(self.code)) or (self.argument is not None and not self.code):
            raise ValueError(f"not a response code: {self.code!r}")

    def encode(self) -> bytes:
        """As it goes over the wire."""
        words = [self.kind.value.encode("ascii")]
        if self.code:
            argument = b"" if self.argument is None else b" " + encode_string(self.argument)
            words.append(b"(" + self.code.encode("ascii") + argument + b")")
        if self.text:
            words.append(encode_string(self.text.encode()))
        return b" ".join(words) + b"\r\n"


def encode_string(octets: bytes) -> bytes:
    """Quoted where it fits, else a literal (§4: no `+` from the server)."""
    if len(octets) <= MAX_QUOTED // 2 and not _UNQUOTABLE.search(octets):
        return b'"' + re.sub(rb'(["\\])', rb"\\\1", octets) + b'"'
    return encode_literal(octets)


def encode_literal(octets: bytes) -> bytes:
    """Always a literal: what GETSCRIPT answers with."""
    return b"{%d}\r\n%b" % (len(octets), octets)


def ok(text: str = "", code: str = "") -> Reply:
    """`OK`."""
    return Reply(Kind.OK, text, code)


def no(text: str, code: str = "") -> Reply:
    """`NO`."""
    return Reply(Kind.NO, text, code)


def bye(text: str, code: str = "") -> Reply:
    """`BYE`."""
    return Reply(Kind.BYE, text, code)
