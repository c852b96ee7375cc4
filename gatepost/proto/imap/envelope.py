"""Reading back a rendered ENVELOPE (RFC 9051 §7.5.2): SORT wants the first address of a list."""

from __future__ import annotations

import re

from gatepost.proto.mime import decode_text

_TOKEN = re.compile(rb'\(|\)|NIL|"((?:[^"\\]|\\.)*)"|\{([0-9]{1,10})\}\r\n', re.DOTALL)
_UNESCAPE = re.compile(rb"\\(.)", re.DOTALL)

FIELDS = {"FROM": 2, "SENDER": 3, "REPLY-TO": 4, "TO": 5, "CC": 6, "BCC": 7}
"""Where the address lists are."""
_ADDRESS = 4
"""Strings of an address."""


def first_mailbox(envelope: bytes, field: str) -> str:
    """The addr-mailbox (local part, or a group's name) of the first address in `field`, empty for none."""
    return (_first_address(envelope, field)[2] or b"").decode("utf-8", "replace")


def first_display(envelope: bytes, field: str) -> str:
    """The first address's name, else the address itself (RFC 5957 §3), empty for none."""
    name, _, mailbox, host = _first_address(envelope, field)
    shown = decode_text(name) if name else ""
    if shown or mailbox is None:
        return shown
    return b"@".join((mailbox, host) if host is not None else (mailbox,)).decode("utf-8", "replace")


def _first_address(envelope: bytes, field: str) -> tuple[bytes | None, ...]:
    """Its addr-name, addr-adl, addr-mailbox and addr-host, None for NIL; all None where there is no address."""
    wanted, index, depth, at = FIELDS[field], -1, 0, 0
    parts: list[bytes | None] = []
    while (found := _TOKEN.match(envelope, at)) is not None:
        at = found.end()
        token = found[0]
        if token == b"(":
            depth += 1
            if depth == 2:
                index += 1
        elif token == b")":
            depth -= 1
            if depth == 1 and index == wanted:
                break
        else:
            text, at = _text(envelope, found)
            if depth == 1:
                index += 1
            elif depth == 3 and index == wanted:
                parts.append(text)
                if len(parts) == _ADDRESS:
                    return tuple(parts)
        if envelope[at : at + 1] == b" ":
            at += 1
    return (None,) * _ADDRESS


def _text(envelope: bytes, found: re.Match[bytes]) -> tuple[bytes | None, int]:
    """A token's octets, None for NIL, and where the next one begins."""
    if found[1] is not None:
        return _UNESCAPE.sub(rb"\1", found[1]), found.end()
    if found[2] is not None:
        end = found.end() + int(found[2])
        return envelope[found.end() : end], end
    return None, found.end()
