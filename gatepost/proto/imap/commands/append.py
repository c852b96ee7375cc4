"""APPEND (RFC 9051 §6.3.12), several messages at once (RFC 3502), literal8 (RFC 3516 §4.4) and UTF8 (RFC 6855 §4)."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from gatepost.proto.imap.cursor import Cursor, SyntaxFault
from gatepost.proto.imap.dates import parse_date_time

_UTF8 = re.compile(rb"(?i:UTF8) \(")


class AppendMessage(msgspec.Struct, frozen=True):
    """One message: its octets, flags as written, and INTERNALDATE in seconds since the epoch, None for now."""

    content: bytes
    flags: tuple[str, ...] = ()
    received: float | None = None


class Append(msgspec.Struct, frozen=True):
    """APPEND: one or more messages; `utf8` where the UTF8 form was used, which needs UTF8=ACCEPT or IMAP4rev2."""

    mailbox: bytes
    messages: tuple[AppendMessage, ...]
    utf8: bool = False


def _append(cursor: Cursor) -> Append:
    cursor.space()
    mailbox = cursor.astring()
    messages: list[AppendMessage] = []
    utf8 = False
    while not cursor.ended:
        cursor.space()
        flags: tuple[str, ...] = ()
        received = None
        if cursor.peek(b"("):
            flags = cursor.flags()
            cursor.space()
        if cursor.peek(b'"'):
            received = parse_date_time(cursor.string())
            if received is None:
                raise SyntaxFault("Expected a date and time")
            cursor.space()
        if _UTF8.match(cursor.text, cursor.at):
            utf8 = True
            cursor.match(_UTF8, "UTF8")
            content = cursor.literal(eight=True)
            cursor.expect(b")")
        else:
            content = cursor.literal(eight=True)
        messages.append(AppendMessage(content, flags, received))
    if not messages:
        raise SyntaxFault("APPEND needs a message")
    return Append(mailbox, tuple(messages), utf8)


PARSERS: dict[str, Callable[[Cursor], object]] = {"APPEND": _append}
