"""GETMETADATA, SETMETADATA (RFC 5464 §4.2, §4.3). Names of entries are checked here: a bad one is BAD in any command (§3.2)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gatepost.model.annotation import MAX_NAME, BadAnnotationName, check_name, check_specifier
from gatepost.proto.imap.cursor import Cursor, SyntaxFault

ANY_DEPTH = -1
_DEPTHS = {"0": 0, "1": 1, "INFINITY": ANY_DEPTH}
_MAX_ENTRIES = 200


class GetMetadata(msgspec.Struct, frozen=True):
    """GETMETADATA of a mailbox, or of the server (empty). `depth` is 0, 1 or ANY_DEPTH; `max_size` in octets."""

    mailbox: bytes
    entries: tuple[str, ...]
    max_size: int | None = None
    depth: int = 0


class SetMetadata(msgspec.Struct, frozen=True):
    """SETMETADATA: what each entry is to be, None for nothing."""

    mailbox: bytes
    values: tuple[tuple[str, bytes | None], ...]


def _entry(cursor: Cursor, check: Callable[[str], str]) -> str:
    octets = cursor.astring()
    if len(octets) > MAX_NAME:
        raise SyntaxFault("The entry's name is too long", "LIMIT", no=True)
    try:
        return check(octets.decode("ascii"))
    except (UnicodeDecodeError, BadAnnotationName):
        raise SyntaxFault("That is no name of an entry") from None


def _options(cursor: Cursor) -> dict[str, int]:
    """Either none, or the list and the space after it."""
    found: dict[str, int] = {}
    start = cursor.at
    if not cursor.peek(b"(") or cursor.text[start + 1 : start + 2] in (b"/", b'"', b"{"):
        return found

    def option() -> None:
        name = cursor.keyword()
        if name in found or name not in ("MAXSIZE", "DEPTH"):
            raise SyntaxFault("Unknown or repeated GETMETADATA option")
        cursor.space()
        if name == "MAXSIZE":
            found[name] = cursor.number()
            return
        depth = _DEPTHS.get(cursor.keyword())
        if depth is None:
            raise SyntaxFault("Expected 0, 1 or infinity")
        found[name] = depth

    cursor.listing(option)
    cursor.space()
    return found


def _get(cursor: Cursor) -> GetMetadata:
    cursor.space()
    options = _options(cursor)
    mailbox = cursor.astring()
    cursor.space()
    if not options:  # the RFC's grammar has them before the mailbox, its examples after it
        options = _options(cursor)
    if cursor.peek(b"("):
        entries = cursor.listing(lambda: _entry(cursor, check_specifier))
    else:
        entries = (_entry(cursor, check_specifier),)
        while cursor.take(b" "):  # as in the examples of §4.4.1
            entries += (_entry(cursor, check_specifier),)
    if len(entries) > _MAX_ENTRIES:
        raise SyntaxFault("Too many entries", "LIMIT", no=True)
    return GetMetadata(mailbox, tuple(dict.fromkeys(entries)), options.get("MAXSIZE"), options.get("DEPTH", 0))


def _value(cursor: Cursor) -> tuple[str, bytes | None]:
    name = _entry(cursor, check_name)
    cursor.space()
    return name, cursor.literal(eight=True) if cursor.peek(b"~") else cursor.nstring()


def _set(cursor: Cursor) -> SetMetadata:
    cursor.space()
    mailbox = cursor.astring()
    cursor.space()
    values = cursor.listing(lambda: _value(cursor))
    if len(values) > _MAX_ENTRIES:
        raise SyntaxFault("Too many entries", "LIMIT", no=True)
    return SetMetadata(mailbox, values)


PARSERS: dict[str, Callable[[Cursor], object]] = {"GETMETADATA": _get, "SETMETADATA": _set}
