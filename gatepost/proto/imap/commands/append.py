"""APPEND (RFC 9051 §6.3.12), several messages at once (RFC 3502), literal8 (RFC 3516 §4.4) and UTF8 (RFC 6855 §4);
REPLACE (RFC 8508); CATENATE in both (RFC 4469)."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from gatepost.proto.imap.cursor import Cursor, SyntaxFault
from gatepost.proto.imap.dates import parse_date_time
from gatepost.proto.imap.sequence import SequenceSet

_UTF8 = re.compile(rb"(?i:UTF8) \(")
_CATENATE = re.compile(rb"(?i:CATENATE) (?=\()")
MAX_PARTS = 500
"""Parts of one message that is put together."""


class PartUrl(msgspec.Struct, frozen=True):
    """URL of a message, or of a part of one, as written: what it means depends on what is selected."""

    text: bytes


class AppendMessage(msgspec.Struct, frozen=True):
    """One message: its octets, flags as written, and INTERNALDATE in seconds since the epoch, None for now. Where it is to be
    put together, `parts` has what follows one another (RFC 4469 §3), and `content` is empty."""

    content: bytes
    flags: tuple[str, ...] = ()
    received: float | None = None
    parts: tuple[bytes | PartUrl, ...] = ()


class Append(msgspec.Struct, frozen=True):
    """APPEND: one or more messages; `utf8` where the UTF8 form was used, which needs UTF8=ACCEPT or IMAP4rev2."""

    mailbox: bytes
    messages: tuple[AppendMessage, ...]
    utf8: bool = False


class Replace(msgspec.Struct, frozen=True):
    """REPLACE: `message` names the one that goes (RFC 8508 §3.2, §3.3)."""

    message: SequenceSet
    mailbox: bytes
    new: AppendMessage
    uid: bool = False
    utf8: bool = False


def _append(cursor: Cursor) -> Append:
    cursor.space()
    mailbox = cursor.astring()
    messages: list[AppendMessage] = []
    utf8 = False
    while not cursor.ended:
        cursor.space()
        while messages and cursor.take(b" "):  # imapclient puts two blanks between messages
            pass
        message, as_utf8 = _message(cursor)
        messages.append(message)
        utf8 = utf8 or as_utf8
    if not messages:
        raise SyntaxFault("APPEND needs a message")
    return Append(mailbox, tuple(messages), utf8)


def _replace(uid: bool) -> Callable[[Cursor], Replace]:
    def parse(cursor: Cursor) -> Replace:
        cursor.space()
        message = cursor.sequence()
        if message.saved or len(message.ranges) != 1 or message.ranges[0][0] != message.ranges[0][1]:
            raise SyntaxFault("REPLACE takes one message")
        cursor.space()
        mailbox = cursor.astring()
        cursor.space()
        new, utf8 = _message(cursor)
        return Replace(message, mailbox, new, uid, utf8)

    return parse


def _message(cursor: Cursor) -> tuple[AppendMessage, bool]:
    """append-message (RFC 8508 §5, RFC 9051 §9), and whether its UTF8 form was used."""
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
    if _CATENATE.match(cursor.text, cursor.at):
        cursor.match(_CATENATE, "CATENATE")
        parts = cursor.listing(lambda: _part(cursor))
        if len(parts) > MAX_PARTS:
            raise SyntaxFault("Too many parts", "LIMIT", no=True)
        return AppendMessage(b"", flags, received, tuple(part for part, _ in parts)), any(utf8 for _, utf8 in parts)
    content, utf8 = _literal(cursor)
    return AppendMessage(content, flags, received), utf8


def _literal(cursor: Cursor) -> tuple[bytes, bool]:
    """A literal, or RFC 6855's UTF8 (literal8), and whether it was that."""
    utf8 = _UTF8.match(cursor.text, cursor.at) is not None
    if utf8:
        cursor.match(_UTF8, "UTF8")
    content = cursor.literal(eight=True)
    if utf8:
        cursor.expect(b")")
    return content, utf8


def _part(cursor: Cursor) -> tuple[bytes | PartUrl, bool]:
    """cat-part (RFC 4469 §5, RFC 6855 §4)."""
    if _UTF8.match(cursor.text, cursor.at):
        return _literal(cursor)
    word = cursor.keyword()
    cursor.space()
    if word == "TEXT":
        return cursor.literal(), False
    if word != "URL":
        raise SyntaxFault("Expected TEXT or URL")
    return PartUrl(cursor.astring()), False


PARSERS: dict[str, Callable[[Cursor], object]] = {"APPEND": _append, "REPLACE": _replace(uid=False)}
UID_PARSERS: dict[str, Callable[[Cursor], object]] = {"REPLACE": _replace(uid=True)}
