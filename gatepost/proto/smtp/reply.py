"""An SMTP reply: a code, an enhanced status code, and lines that cannot break out of themselves."""

from __future__ import annotations

import re

import msgspec

MAX_LINE = 512
"""Octets of one reply line with its code and CRLF (RFC 5321 §4.5.3.1.5)."""

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", re.ASCII)


class Reply(msgspec.Struct, frozen=True):
    """`status` is an RFC 3463 code, or empty where RFC 2034 §3 wants none: the greeting, EHLO's and HELO's answers, 3xx.
    Raises ValueError for control characters, a line that is too long, or a status of another class than the code."""

    code: int
    status: str
    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 200 <= self.code <= 599 or not self.lines:
            raise ValueError("a reply has a code from 200 to 599 and at least one line")
        if self.status and not (_STATUS.fullmatch(self.status) and self.status[0] == str(self.code)[0]):
            raise ValueError(f"{self.status!r} is no status for {self.code}")
        room = MAX_LINE - 6 - (len(self.status) + 1 if self.status else 0)
        for line in self.lines:
            if _FORBIDDEN.search(line) or len(line.encode()) > room:
                raise ValueError("a reply line holds control characters or is too long")

    def encode(self) -> bytes:
        """As it goes over the wire (RFC 5321 §4.2.1): `250-...` for all lines but the last; the status on every line
        (RFC 2034 §3)."""
        prefix = f"{self.status} " if self.status else ""
        last = len(self.lines) - 1
        return b"".join(
            f"{self.code}{' ' if number == last else '-'}{prefix}{line}\r\n".encode()
            for number, line in enumerate(self.lines)
        )


def reply(code: int, status: str, *lines: str) -> Reply:
    """`reply(250, "2.1.0", "Ok")`."""
    return Reply(code, status, lines)
