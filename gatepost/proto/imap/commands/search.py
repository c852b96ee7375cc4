"""SEARCH (RFC 9051 §6.4.4), SORT and THREAD (RFC 5256, 5957), and keeping their results up to date (RFC 5267)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gatepost.proto.imap.commands.fetch import Item, parse_items
from gatepost.proto.imap.commands.keys import Key, Reader
from gatepost.proto.imap.cursor import Cursor, SyntaxFault
from gatepost.proto.imap.partial import Partial, parse_partial

CHARSETS = {
    "US-ASCII": "utf-8",  # clients that say US-ASCII and send UTF-8 are common; ASCII is UTF-8
    "UTF-8": "utf-8",
    "ISO-8859-1": "latin-1",
    "ISO-8859-15": "iso-8859-15",
    "WINDOWS-1252": "cp1252",
}
"""Charsets of search strings (RFC 9051 §6.4.4 requires the first two), as Python's codecs."""

SORT_RETURNS = frozenset({"MIN", "MAX", "ALL", "COUNT", "PARTIAL", "UPDATE", "CONTEXT"})
"""RFC 5267 §3.1, §4."""
RETURNS = SORT_RETURNS | {"SAVE"}
_MAX_TAGS = 64
SORT_KEYS = frozenset({"ARRIVAL", "CC", "DATE", "DISPLAYFROM", "DISPLAYTO", "FROM", "SIZE", "SUBJECT", "TO"})
ALGORITHMS = frozenset({"ORDEREDSUBJECT", "REFERENCES"})


class Returns(msgspec.Struct, frozen=True):
    """What RETURN asks for (RFC 4731 §3.1). `partial` is the page that PARTIAL asks for; `items` are to be told of messages
    that come and match, where UPDATE asks for that (RFC 5465 §7)."""

    names: frozenset[str]
    partial: Partial | None = None
    items: tuple[Item, ...] = ()


class Search(msgspec.Struct, frozen=True):
    """SEARCH. `returns` is None for the old form. `modseq` where a MODSEQ key was used, which asks for the highest of the
    matches' (RFC 7162 §3.1.6), `charset` where one was named."""

    key: Key
    returns: Returns | None = None
    uid: bool = False
    modseq: bool = False
    charset: bool = False


class Unsearchable(msgspec.Struct, frozen=True):
    """SEARCH with RETURN (SAVE) that is to be refused with NO, as text and code say: `$` is empty then (RFC 5182 §2.1)."""

    text: str
    code: str


class Sort(msgspec.Struct, frozen=True):
    """SORT: (name, descending) in order of weight, and the search program; `returns` is None for the old form (RFC 5267 §3)."""

    order: tuple[tuple[str, bool], ...]
    key: Key
    uid: bool = False
    modseq: bool = False
    returns: Returns | None = None


class CancelUpdate(msgspec.Struct, frozen=True):
    """CANCELUPDATE: the tags of searches that are no longer to be kept up to date (RFC 5267 §4.3.5)."""

    tags: tuple[str, ...]


class Thread(msgspec.Struct, frozen=True):
    """THREAD: ORDEREDSUBJECT or REFERENCES."""

    algorithm: str
    key: Key
    uid: bool = False


def _charset(name: bytes) -> str:
    codec = CHARSETS.get(name.upper().decode("ascii", "replace"))
    if codec is None:
        raise SyntaxFault("Unknown charset", f"BADCHARSET ({' '.join(CHARSETS)})", no=True)
    return codec


def _search(uid: bool) -> Callable[[Cursor], Search | Unsearchable]:
    def parse(cursor: Cursor) -> Search | Unsearchable:
        cursor.space()
        returns = _returns(cursor, RETURNS) if _word(cursor, b"RETURN ") else None
        try:
            return _program(cursor, returns, uid)
        except SyntaxFault as fault:
            if not fault.no or returns is None or "SAVE" not in returns.names:
                raise
            cursor.at = len(cursor.text)
            return Unsearchable(fault.text, fault.code)

    return parse


def _program(cursor: Cursor, returns: Returns | None, uid: bool) -> Search:
    codec, named = "utf-8", _word(cursor, b"CHARSET ")
    if named:
        codec = _charset(cursor.astring())
        cursor.space()
    reader = Reader(cursor, codec)
    return Search(reader.program(), returns, uid, reader.uses_modseq, named)


def _returns(cursor: Cursor, known: frozenset[str]) -> Returns:
    """RETURN's list and the space after it; an empty one asks for ALL (RFC 4731 §3.1)."""
    partial: list[Partial] = []
    items: list[Item] = []

    def option() -> str:
        name = cursor.keyword()
        if name not in known:
            raise SyntaxFault("Unknown return option")
        if name == "PARTIAL":
            partial.append(parse_partial(cursor))
        elif name == "UPDATE" and (cursor.take(b" (") or cursor.take(b"(")):
            cursor.at -= 1
            items.extend(parse_items(cursor))
        return name

    names = frozenset(cursor.listing(option, empty=True)) or frozenset({"ALL"})
    if len(partial) > 1 or {"ALL", "PARTIAL"} <= names:  # RFC 5267 §4.4, RFC 9394 §3.1
        raise SyntaxFault("Only one of ALL and PARTIAL")
    cursor.space()
    return Returns(names, partial[0] if partial else None, tuple(items))


def _sort(uid: bool) -> Callable[[Cursor], Sort]:
    def parse(cursor: Cursor) -> Sort:
        cursor.space()
        returns = _returns(cursor, SORT_RETURNS) if _word(cursor, b"RETURN ") else None

        def criterion() -> tuple[str, bool]:
            name, descending = cursor.keyword(), False
            if name == "REVERSE":
                cursor.space()
                name, descending = cursor.keyword(), True
            if name not in SORT_KEYS:
                raise SyntaxFault("Unknown sort key")
            return name, descending

        order = cursor.listing(criterion)
        cursor.space()
        codec = _charset(cursor.astring())
        cursor.space()
        if returns is None and _word(cursor, b"RETURN "):  # some put it here; no search key is called so
            returns = _returns(cursor, SORT_RETURNS)
        reader = Reader(cursor, codec)
        return Sort(order, reader.program(), uid, reader.uses_modseq, returns)

    return parse


def _thread(uid: bool) -> Callable[[Cursor], Thread]:
    def parse(cursor: Cursor) -> Thread:
        cursor.space()
        algorithm = cursor.keyword()
        if algorithm not in ALGORITHMS:
            raise SyntaxFault("Unknown THREAD algorithm")
        cursor.space()
        codec = _charset(cursor.astring())
        cursor.space()
        return Thread(algorithm, Reader(cursor, codec).program(), uid)

    return parse


def _cancel(cursor: Cursor) -> CancelUpdate:
    tags: list[str] = []
    while cursor.take(b" "):
        tags.append(cursor.astring().decode("ascii", "replace"))
    if not 0 < len(tags) <= _MAX_TAGS:
        raise SyntaxFault("Expected tags")
    return CancelUpdate(tuple(tags))


def _word(cursor: Cursor, word: bytes) -> bool:
    if cursor.text[cursor.at : cursor.at + len(word)].upper() == word:
        cursor.at += len(word)
        return True
    return False


PARSERS: dict[str, Callable[[Cursor], object]] = {
    "SEARCH": _search(uid=False),
    "SORT": _sort(uid=False),
    "THREAD": _thread(uid=False),
    "CANCELUPDATE": _cancel,
}
UID_PARSERS: dict[str, Callable[[Cursor], object]] = {
    "SEARCH": _search(uid=True),
    "SORT": _sort(uid=True),
    "THREAD": _thread(uid=True),
}
