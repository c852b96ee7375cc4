"""FETCH (RFC 9051 §6.4.5; RFC 3516, 7162, 8474, 8514, 8970) as values."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import msgspec

from gatepost.proto.imap.cursor import MAX_NUMBER64, Cursor, SyntaxFault
from gatepost.proto.imap.partial import Partial, parse_partial
from gatepost.proto.imap.sequence import SequenceSet

ATTRIBUTES = frozenset(
    {
        "ENVELOPE", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "BODYSTRUCTURE", "BODY", "UID", "MODSEQ", "EMAILID",
        "THREADID", "SAVEDATE", "PREVIEW",
    }
)  # fmt: skip
_MACROS = {
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_OLD_BODIES = {"RFC822": ("", False), "RFC822.HEADER": ("HEADER", True), "RFC822.TEXT": ("TEXT", False)}
_WORD = re.compile(rb"[A-Za-z0-9.]+")
_LAZY = re.compile(rb" \((?i:LAZY)(?: (?i:LAZY))*\)")
_MAX_ITEMS = 200
_MAX_NAMES = 8192
"""Octets of the names of header fields in one item."""
_MAX_DEPTH = 128
_MAX_KNOWN = 1024
"""Octets of items and modifiers that are remembered."""


class Attribute(msgspec.Struct, frozen=True):
    """An item that is known without the message's octets; `name` one of ATTRIBUTES. PREVIEW may be `lazy`."""

    name: str
    lazy: bool = False


class Section(msgspec.Struct, frozen=True):
    """`path` is the part number, () for the message itself; `kind` is empty, HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT,
    TEXT or MIME."""

    path: tuple[int, ...] = ()
    kind: str = ""
    fields: tuple[bytes, ...] = ()


class Body(msgspec.Struct, frozen=True):
    """BODY[section]<start.count>. `old` is the RFC 3501 name it was asked by (RFC822, RFC822.HEADER, RFC822.TEXT)."""

    section: Section
    partial: tuple[int, int] | None = None
    peek: bool = False
    old: str = ""


class Binary(msgspec.Struct, frozen=True):
    """BINARY[part]<start.count> (RFC 3516 §4.2)."""

    path: tuple[int, ...]
    partial: tuple[int, int] | None = None
    peek: bool = False


class BinarySize(msgspec.Struct, frozen=True):
    """BINARY.SIZE[part]."""

    path: tuple[int, ...]


Item: TypeAlias = Attribute | Body | Binary | BinarySize
_What: TypeAlias = tuple[tuple[Item, ...], int | None, bool, Partial | None]


class Fetch(msgspec.Struct, frozen=True):
    """FETCH; `changed_since` and `vanished` are RFC 7162's modifiers (§3.1.4.1, §3.2.6), `partial` is RFC 9394's (§3.3)."""

    messages: SequenceSet
    items: tuple[Item, ...]
    uid: bool = False
    changed_since: int | None = None
    vanished: bool = False
    partial: Partial | None = None


def _fetch(uid: bool) -> Callable[[Cursor], Fetch]:
    def parse(cursor: Cursor) -> Fetch:
        cursor.space()
        messages = cursor.sequence()
        cursor.space()
        rest = cursor.text[cursor.at :]
        if len(rest) > _MAX_KNOWN or b"{" in rest:
            items, changed_since, vanished, partial = _what(cursor)
        else:
            items, changed_since, vanished, partial = _known(rest)
            cursor.at = len(cursor.text)
        if partial is not None and not uid:  # RFC 9394 §3.3
            raise SyntaxFault("PARTIAL needs UID FETCH")
        if vanished and (not uid or changed_since is None):  # RFC 7162 §3.2.6
            raise SyntaxFault("VANISHED needs UID FETCH and CHANGEDSINCE")
        return Fetch(messages, items, uid, changed_since, vanished, partial)

    return parse


def _what(cursor: Cursor) -> _What:
    """Items and modifiers."""
    return _items(cursor), *(_modifiers(cursor) if cursor.take(b" ") else (None, False, None))


@lru_cache(256)
def _known(text: bytes) -> _What:
    """All of a text. Clients ask for the same again and again."""
    cursor = Cursor(text)
    found = _what(cursor)
    cursor.end()
    return found


def _items(cursor: Cursor) -> tuple[Item, ...]:
    if cursor.peek(b"("):
        return parse_items(cursor)
    start = cursor.at
    word = cursor.match(_WORD, "a FETCH item").upper().decode("ascii")
    if word in _MACROS:
        return tuple(Attribute(name) for name in _MACROS[word])
    cursor.at = start
    return (_item(cursor),)


def parse_items(cursor: Cursor) -> tuple[Item, ...]:
    """`(fetch-att fetch-att ...)`."""
    items = cursor.listing(lambda: _item(cursor))
    if len(items) > _MAX_ITEMS:
        raise SyntaxFault("Too many FETCH items", "LIMIT", no=True)
    return tuple(dict.fromkeys(items))


def _item(cursor: Cursor) -> Item:
    word = cursor.match(_WORD, "a FETCH item").upper().decode("ascii")
    if cursor.peek(b"["):
        return _sectioned(cursor, word)
    if word in _OLD_BODIES:
        kind, peek = _OLD_BODIES[word]
        return Body(Section((), kind), None, peek, word)
    if word not in ATTRIBUTES:
        raise SyntaxFault("Unknown FETCH item")
    return Attribute(word, word == "PREVIEW" and _lazy(cursor))


def _sectioned(cursor: Cursor, word: str) -> Item:
    name, _, suffix = word.partition(".")
    if name not in ("BODY", "BINARY") or suffix not in ("", "PEEK", "SIZE") or (name == "BODY" and suffix == "SIZE"):
        raise SyntaxFault("Unknown FETCH item")
    cursor.expect(b"[")
    if name == "BODY":
        section = _section(cursor)
        return Body(section, _partial(cursor), suffix == "PEEK")
    path = () if cursor.peek(b"]") else _path(cursor)
    cursor.expect(b"]")
    if suffix == "SIZE":
        return BinarySize(path)
    return Binary(path, _partial(cursor), suffix == "PEEK")


def _section(cursor: Cursor) -> Section:
    path: tuple[int, ...] = ()
    if cursor.text[cursor.at : cursor.at + 1].isdigit():
        path = _path(cursor)
        if cursor.take(b"]"):
            return Section(path)
        cursor.expect(b".")
    elif cursor.take(b"]"):
        return Section()
    kind = cursor.match(_WORD, "a section").upper().decode("ascii")
    fields: tuple[bytes, ...] = ()
    if kind in ("HEADER.FIELDS", "HEADER.FIELDS.NOT"):
        cursor.space()
        fields = cursor.listing(cursor.astring)
        if len(fields) > _MAX_ITEMS or sum(map(len, fields)) > _MAX_NAMES:
            raise SyntaxFault("Too many header fields", "LIMIT", no=True)
    elif kind not in ("HEADER", "TEXT") and not (kind == "MIME" and path):
        raise SyntaxFault("Unknown section")
    cursor.expect(b"]")
    return Section(path, kind, fields)


def parse_section(text: bytes) -> Section | None:
    """What stands between the brackets of BODY[], by itself; None for anything else."""
    cursor = Cursor(text + b"]")
    try:
        section = _section(cursor)
    except SyntaxFault:
        return None
    return section if cursor.ended else None


def _path(cursor: Cursor) -> tuple[int, ...]:
    path = [cursor.positive()]
    while cursor.peek(b".") and cursor.text[cursor.at + 1 : cursor.at + 2].isdigit():
        cursor.expect(b".")
        path.append(cursor.positive())
        if len(path) > _MAX_DEPTH:
            raise SyntaxFault("Section too deep")
    return tuple(path)


def _partial(cursor: Cursor) -> tuple[int, int] | None:
    """`<start.count>` (RFC 9051 §6.4.5); clients also send `<start>`, which is taken to mean all from there on."""
    if not cursor.take(b"<"):
        return None
    start = cursor.number64()
    count = cursor.positive(MAX_NUMBER64) if cursor.take(b".") else MAX_NUMBER64
    cursor.expect(b">")
    return start, count


def _lazy(cursor: Cursor) -> bool:
    """RFC 8970 §4. Any other list after the last item is FETCH's own modifiers."""
    found = _LAZY.match(cursor.text, cursor.at)
    if found is None:
        return False
    cursor.at = found.end()
    return True


def _modifiers(cursor: Cursor) -> tuple[int | None, bool, Partial | None]:
    found: dict[str, int] = {}
    partial: Partial | None = None

    def modifier() -> None:
        nonlocal partial
        name = cursor.keyword()
        if name in found or name not in ("CHANGEDSINCE", "VANISHED", "PARTIAL"):
            raise SyntaxFault("Unknown or repeated FETCH modifier")
        found[name] = 0
        if name == "CHANGEDSINCE":
            cursor.space()
            found[name] = cursor.number64()
        elif name == "PARTIAL":
            partial = parse_partial(cursor)

    cursor.listing(modifier)
    return found.get("CHANGEDSINCE"), "VANISHED" in found, partial


PARSERS: dict[str, Callable[[Cursor], object]] = {"FETCH": _fetch(uid=False)}
UID_PARSERS: dict[str, Callable[[Cursor], object]] = {"FETCH": _fetch(uid=True)}
