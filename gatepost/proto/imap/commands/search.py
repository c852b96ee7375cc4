"""SEARCH (RFC 9051 §6.4.4), SORT and THREAD (RFC 5256, 5267 §3, 5957)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

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

RETURNS = frozenset({"MIN", "MAX", "ALL", "COUNT", "SAVE", "PARTIAL"})
SORT_RETURNS = frozenset({"MIN", "MAX", "ALL", "COUNT"})
"""RFC 5267 §3.1."""
SORT_KEYS = frozenset({"ARRIVAL", "CC", "DATE", "DISPLAYFROM", "DISPLAYTO", "FROM", "SIZE", "SUBJECT", "TO"})
ALGORITHMS = frozenset({"ORDEREDSUBJECT", "REFERENCES"})


class Search(msgspec.Struct, frozen=True):
    """SEARCH. `returns` is None for the old form, else the options of RETURN (RFC 4731 §3.1). `modseq` where a MODSEQ key
    was used, which asks for the highest of the matches' (RFC 7162 §3.1.6). `partial` is the page that PARTIAL asks for."""

    key: Key
    returns: frozenset[str] | None = None
    uid: bool = False
    modseq: bool = False
    partial: Partial | None = None


class Sort(msgspec.Struct, frozen=True):
    """SORT: (name, descending) in order of weight, and the search program; `returns` is None for the old form (RFC 5267 §3)."""

    order: tuple[tuple[str, bool], ...]
    key: Key
    uid: bool = False
    modseq: bool = False
    returns: frozenset[str] | None = None


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


def _search(uid: bool) -> Callable[[Cursor], Search]:
    def parse(cursor: Cursor) -> Search:
        cursor.space()
        returns, partial = None, None
        codec = "utf-8"
        if _word(cursor, b"RETURN "):
            returns, partial = _returns(cursor, RETURNS)
        if _word(cursor, b"CHARSET "):
            codec = _charset(cursor.astring())
            cursor.space()
        reader = Reader(cursor, codec)
        return Search(reader.program(), returns, uid, reader.uses_modseq, partial)

    return parse


def _returns(cursor: Cursor, known: frozenset[str]) -> tuple[frozenset[str], Partial | None]:
    """RETURN's list and the space after it; an empty one asks for ALL (RFC 4731 §3.1)."""
    partial: list[Partial] = []

    def option() -> str:
        name = cursor.keyword()
        if name not in known:
            raise SyntaxFault("Unknown return option")
        if name == "PARTIAL":
            partial.append(parse_partial(cursor))
        return name

    names = frozenset(cursor.listing(option, empty=True)) or frozenset({"ALL"})
    if len(partial) > 1 or {"ALL", "PARTIAL"} <= names:  # RFC 9394 §3.1
        raise SyntaxFault("Only one of ALL and PARTIAL")
    cursor.space()
    return names, partial[0] if partial else None


def _sort(uid: bool) -> Callable[[Cursor], Sort]:
    def parse(cursor: Cursor) -> Sort:
        cursor.space()
        returns = _returns(cursor, SORT_RETURNS)[0] if _word(cursor, b"RETURN ") else None

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


def _word(cursor: Cursor, word: bytes) -> bool:
    if cursor.text[cursor.at : cursor.at + len(word)].upper() == word:
        cursor.at += len(word)
        return True
    return False


PARSERS: dict[str, Callable[[Cursor], object]] = {
    "SEARCH": _search(uid=False),
    "SORT": _sort(uid=False),
    "THREAD": _thread(uid=False),
}
UID_PARSERS: dict[str, Callable[[Cursor], object]] = {
    "SEARCH": _search(uid=True),
    "SORT": _sort(uid=True),
    "THREAD": _thread(uid=True),
}
