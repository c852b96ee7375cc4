"""Status responses: OK, NO, BAD, BYE, with their codes (RFC 9051 §7.1, RFC 5530)."""

from __future__ import annotations

import re

import msgspec

_TEXT = re.compile(r"[\x20-\x7e]+")
_CODE = re.compile(r"[\x21-\x5c\x5e-\x7e][\x20-\x5c\x5e-\x7e]*")
_WORDS = ("OK", "NO", "BAD", "BYE")


class Status(msgspec.Struct, frozen=True):
    """`word` is OK, NO, BAD or BYE; `code` goes into brackets. Raises ValueError for a control character, a non-ASCII
    text (RFC 9051 §9 text) or a code that would end its brackets."""

    word: str
    text: str
    code: str = ""

    def __post_init__(self) -> None:
        if self.word not in _WORDS or not _TEXT.fullmatch(self.text) or (self.code and not _CODE.fullmatch(self.code)):
            raise ValueError("not a status response")

    def render(self, tag: str | None = None) -> bytes:
        """The line; untagged for None."""
        code = f"[{self.code}] " if self.code else ""
        return f"{tag or '*'} {self.word} {code}{self.text}\r\n".encode("ascii")


def told(code: str, text: str) -> bytes:
    """An untagged OK that only tells its code. Both are this program's own words and numbers: nothing is looked at again."""
    return f"* OK [{code}] {text}\r\n".encode("ascii")


def ok(text: str, code: str = "") -> Status:
    """OK."""
    return Status("OK", text, code)


def no(text: str, code: str = "") -> Status:
    """NO: the command failed."""
    return Status("NO", text, code)


def bad(text: str, code: str = "") -> Status:
    """BAD: the client is wrong."""
    return Status("BAD", text, code)


def bye(text: str, code: str = "") -> Status:
    """BYE: the connection ends."""
    return Status("BYE", text, code)
