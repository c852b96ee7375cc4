"""What one peer may make the engine hold. Law: before login a peer costs kilobytes, whatever it announces."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """Octets, but `literals` counts. `append` bounds one literal of APPEND or REPLACE, `literal` one of any other command;
    `swallow` is how much of a refused non-synchronising literal is read past before the connection is given up."""

    line: int
    literal: int
    append: int
    literals: int
    swallow: int

    def literal_of(self, command: bytes) -> int:
        """The bound for one literal of this command (upper case)."""
        return self.append if command in (b"APPEND", b"REPLACE", b"UID REPLACE") else self.literal


SASL_LINE = 16 * 1024
"""AUTHENTICATE's lines, initial response included (RFC 4954 §4 asks 12,288 of SMTP; tokens are no shorter here)."""

BEFORE_LOGIN = Limits(line=8 * 1024, literal=8 * 1024, append=8 * 1024, literals=4, swallow=64 * 1024)


def after_login(max_message: int) -> Limits:
    """Limits for somebody who is known; `max_message` in octets is what APPEND takes."""
    return Limits(line=64 * 1024, literal=64 * 1024, append=max_message, literals=64, swallow=4 * max_message)
