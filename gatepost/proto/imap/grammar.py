"""From a command's text to its value: the groups' tables put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

from gatepost.proto.imap.commands import (
    Command,
    access,
    append,
    connection,
    fetch,
    mailboxes,
    messages,
    metadata,
    notify,
    search,
)
from gatepost.proto.imap.cursor import Cursor, SyntaxFault
from gatepost.proto.imap.events import Malformed, Received

PARSERS: dict[str, Callable[[Cursor], object]] = {
    **connection.PARSERS,
    **mailboxes.PARSERS,
    **access.PARSERS,
    **append.PARSERS,
    **messages.PARSERS,
    **fetch.PARSERS,
    **search.PARSERS,
    **metadata.PARSERS,
    **notify.PARSERS,
}
UID_PARSERS: dict[str, Callable[[Cursor], object]] = {
    **append.UID_PARSERS,
    **messages.UID_PARSERS,
    **fetch.UID_PARSERS,
    **search.UID_PARSERS,
}

_BY_NAME = {name.encode("ascii"): parse for name, parse in PARSERS.items()} | {
    b"UID " + name.encode("ascii"): parse for name, parse in UID_PARSERS.items()
}

# RFC 9051 §9 tag = 1*<any ASTRING-CHAR except "+">; the length is our bound
_HEAD = re.compile(rb'([^\x00-\x20(){%*"\\+\x7f-\xff]{1,128})(?: ((?:[Uu][Ii][Dd] (?=[A-Za-z]))?[A-Za-z]{1,32}))?')


class Head(NamedTuple):
    """A command's tag and its name in upper case, `UID FETCH` being one, and where the name ends; None and empty where there
    is none."""

    tag: str | None
    name: bytes
    end: int = 0


def read_head(text: bytes) -> Head:
    """How a command begins."""
    found = _HEAD.match(text)
    if found is None:
        return Head(None, b"")
    return Head(found[1].decode("ascii"), (found[2] or b"").upper(), found.end())


def is_command(name: bytes) -> bool:
    """Whether a command begins with this word (upper case)."""
    return name in _BY_NAME


def parse_command(text: bytes, literals: Sequence[bytes], head: Head | None = None) -> Received | Malformed:
    """One command without its CRLF, its literals apart (see `cursor`). `head` where it was read already."""
    head = head or read_head(text)
    if head.tag is None:
        return Malformed(None, "Expected a tag")
    cursor = Cursor(text, literals)
    try:
        parse = _parser(cursor, head)
        command = parse(cursor)
        cursor.end()
    except SyntaxFault as fault:
        return Malformed(head.tag, fault.text, fault.code, fault.no)
    return Received(head.tag, cast(Command, command))


def _parser(cursor: Cursor, head: Head) -> Callable[[Cursor], object]:
    parse = _BY_NAME.get(head.name)
    if parse is not None and cursor.text[head.end : head.end + 1] in (b"", b" "):
        cursor.at = head.end
        return parse
    cursor.at = len(head.tag or "")  # no command, or no word by itself: what is wrong with it?
    cursor.space()
    name = cursor.keyword()
    table = PARSERS
    if name == "UID":
        cursor.space()
        name, table = cursor.keyword(), UID_PARSERS
    parse = table.get(name)
    if parse is None:
        raise SyntaxFault("Unknown command")
    return parse
