"""What a script may use, and how it is told that it used too much. RFC 5228 §2.10.4 and §2.10.7 allow limits and set floors."""

from __future__ import annotations

import msgspec

from gatepost.model.errors import GatepostError


class Limits(msgspec.Struct, frozen=True):
    """`steps`: one for each command, test and comparison, and one more for each KiB looked at. Sizes in octets."""

    script: int = 1024 * 1024
    tokens: int = 50_000
    """Words, strings and marks; they are what compiling takes its time for."""
    nesting: int = 32
    """Blocks and test lists within each other; RFC 5228 §2.10.7 asks for 15."""
    steps: int = 200_000
    actions: int = 32
    redirects: int = 4
    regexes: int = 50
    """Regular expressions in one script: each takes a millisecond to compile and some memory as long as it is kept."""
    variables: int = 256
    remembered: int = 16 * 1024 * 1024
    """Of decoded header fields and bodies, kept while a script runs."""
    variable: int = 16 * 1024
    """Longer values are cut (RFC 5229 §6)."""


class RunError(GatepostError):
    """A script failed while it ran: the message is to be kept (RFC 5228 §2.10.6). `line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
        self.reason, self.line = reason, line
