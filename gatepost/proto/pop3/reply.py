"""A POP3 reply: `+OK` or `-ERR`, a response code (RFC 2449 §8), one line that cannot break out of itself."""

from __future__ import annotations

import re

import msgspec

MAX_LINE = 512
"""Octets of a reply's first line (RFC 2449 §4)."""

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\U0010ffff]")
_CODE = re.compile(r"[A-Z\-/]{1,20}", re.ASCII)


class Reply(msgspec.Struct, frozen=True):
    """`code` such as `IN-USE`, without its brackets. Raises ValueError for control characters or non-ASCII, a line that is
    too long, or text that would pass for a response code."""

    ok: bool
    text: str
    code: str = ""

    def __post_init__(self) -> None:
        if _FORBIDDEN.search(self.text) or len(self.text) > MAX_LINE - 40 or self.text.startswith("["):
            raise ValueError("a reply line holds control characters, is too long or begins with a bracket")
        if self.code and not _CODE.fullmatch(self.code):
            raise ValueError(f"not a response code: {self.code!r}")

    def encode(self) -> bytes:
        """As it goes over the wire."""
        code = f"[{self.code}] " if self.code else ""
        return f"{'+OK' if self.ok else '-ERR'} {code}{self.text}\r\n".encode("ascii")


def ok(text: str) -> Reply:
    """`+OK text`."""
    return Reply(True, text)


def err(text: str, code: str = "") -> Reply:
    """`-ERR [code] text`."""
    return Reply(False, text, code)
