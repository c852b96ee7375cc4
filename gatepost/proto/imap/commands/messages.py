"""Commands on the selected mailbox but FETCH and SEARCH (RFC 9051 §6.4), with their UID forms (§6.4.9)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gatepost.proto.imap.cursor import Cursor, SyntaxFault
from gatepost.proto.imap.sequence import SequenceSet

_STORE_ITEMS = {"FLAGS": "replace", "+FLAGS": "add", "-FLAGS": "remove"}


class Check(msgspec.Struct, frozen=True):
    """CHECK (RFC 3501 §6.4.1)."""


class Close(msgspec.Struct, frozen=True):
    """CLOSE (§6.4.1)."""


class Unselect(msgspec.Struct, frozen=True):
    """UNSELECT (§6.4.2)."""


class Expunge(msgspec.Struct, frozen=True):
    """EXPUNGE, or UID EXPUNGE of `uids` (§6.4.3, §6.4.9)."""

    uids: SequenceSet | None = None


class Store(msgspec.Struct, frozen=True):
    """STORE (§6.4.6). `mode` is add, remove or replace; `unchanged_since` as in RFC 7162 §3.1.3."""

    messages: SequenceSet
    mode: str
    flags: tuple[str, ...]
    silent: bool = False
    uid: bool = False
    unchanged_since: int | None = None


class Copy(msgspec.Struct, frozen=True):
    """COPY (§6.4.7)."""

    messages: SequenceSet
    mailbox: bytes
    uid: bool = False


class Move(msgspec.Struct, frozen=True):
    """MOVE (§6.4.8, RFC 6851)."""

    messages: SequenceSet
    mailbox: bytes
    uid: bool = False


def _store(uid: bool) -> Callable[[Cursor], Store]:
    def parse(cursor: Cursor) -> Store:
        cursor.space()
        messages = cursor.sequence()
        cursor.space()
        unchanged_since = None
        if cursor.take(b"("):
            if cursor.keyword() != "UNCHANGEDSINCE":
                raise SyntaxFault("Unknown STORE modifier")
            cursor.space()
            unchanged_since = cursor.number64()
            cursor.expect(b") ")
        item, _, suffix = cursor.keyword().partition(".")
        if item not in _STORE_ITEMS or suffix not in ("", "SILENT"):
            raise SyntaxFault("Unknown STORE item")
        cursor.space()
        if cursor.peek(b"("):
            flags = cursor.flags()
        else:
            flags = (cursor.flag(),)
            while cursor.take(b" "):
                flags += (cursor.flag(),)
        return Store(messages, _STORE_ITEMS[item], flags, bool(suffix), uid, unchanged_since)

    return parse


def _to_mailbox(make: Callable[[SequenceSet, bytes, bool], object], uid: bool) -> Callable[[Cursor], object]:
    def parse(cursor: Cursor) -> object:
        cursor.space()
        messages = cursor.sequence()
        cursor.space()
        return make(messages, cursor.astring(), uid)

    return parse


def _uid_expunge(cursor: Cursor) -> Expunge:
    cursor.space()
    return Expunge(cursor.sequence())


PARSERS: dict[str, Callable[[Cursor], object]] = {
    "CHECK": lambda cursor: Check(),
    "CLOSE": lambda cursor: Close(),
    "UNSELECT": lambda cursor: Unselect(),
    "EXPUNGE": lambda cursor: Expunge(),
    "STORE": _store(uid=False),
    "COPY": _to_mailbox(Copy, uid=False),
    "MOVE": _to_mailbox(Move, uid=False),
}

UID_PARSERS: dict[str, Callable[[Cursor], object]] = {
    "EXPUNGE": _uid_expunge,
    "STORE": _store(uid=True),
    "COPY": _to_mailbox(Copy, uid=True),
    "MOVE": _to_mailbox(Move, uid=True),
}
