"""Reading back a rendered ENVELOPE (RFC 9051 §7.5.2): SORT wants the first mailbox of an address list."""

from __future__ import annotations

import re

_TOKEN = re.compile(rb'\(|\)|NIL|"((?:[^"\\]|\\.)*)"|\{([0-9]{1,10})\}\r\n', re.DOTALL)
_UNESCAPE = re.compile(rb"\\(.)", re.DOTALL)

FIELDS = {"FROM": 2, "SENDER": 3, "REPLY-TO": 4, "TO": 5, "CC": 6, "BCC": 7}
"""Where the address lists are."""


def first_mailbox(envelope: bytes, field: str) -> str:
    """The addr-mailbox (local part, or a group's name) of the first address in `field`, empty for none."""
    wanted, index, depth, inside, at = FIELDS[field], -1, 0, -1, 0
    while (found := _TOKEN.match(envelope, at)) is not None:
        at = found.end()
        token = found[0]
        if token == b"(":
            depth += 1
            if depth == 2:
                index += 1
            inside = -1
        elif token == b")":
            depth -= 1
            if depth == 1 and index == wanted:
                return ""
        else:
            text = b""
            if found[1] is not None:
                text = _UNESCAPE.sub(rb"\1", found[1])
            elif found[2] is not None:
                text = envelope[at : at + int(found[2])]
                at += int(found[2])
            if depth == 1:
                index += 1
            elif depth == 3:
                inside += 1
                if index == wanted and inside == 2:
                    return text.decode("utf-8", "replace")
        if envelope[at : at + 1] == b" ":
            at += 1
    return ""
