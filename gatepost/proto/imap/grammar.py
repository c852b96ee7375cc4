"""From a command's text to its value: the groups' tables put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import cast

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

# RFC 9051 §9 tag = 1*<any ASTRING-CHAR except "+">; the length is our bound
_HEAD = re.compile(rb'([^\x00-\x20(){%*"\\+\x7f-\xff]{1,128})(?: ((?:[Uu][Ii][Dd] (?=[A-Za-z]))?[A-Za-z]{1,32}))?')


def read_head(text: bytes) -> tuple[str | None, bytes]:
    """A command's tag and its name in upper case, `UID FETCH` being one; None and empty where there is none."""
    found = _HEAD.match(text)
    if found is None:
        return None, b""
    return found[1].decode("ascii"), (found[2] or b"").upper()


def is_command(name: bytes) -> bool:
    """Whether a command begins with this word (upper case)."""
    word = name.decode("ascii")
    return word[4:] in UID_PARSERS if word.startswith("UID ") else word in PARSERS


def parse_command(text: bytes, literals: Sequence[bytes]) -> Received | Malformed:
    """One command without its CRLF, its literals apart (see `cursor`)."""
    tag, _ = read_head(text)
    if tag is None:
        return Malformed(None, "Expected a tag")
    cursor = Cursor(text, literals)
    cursor.at = len(tag)
    try:
        parse = _parser(cursor)
        command = parse(cursor)
        cursor.end()
    except SyntaxFault as fault:
        return Malformed(tag, fault.text, fault.code, fault.no)
    return Received(tag, cast(Command, command))


def _parser(cursor: Cursor) -> Callable[[Cursor], object]:
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
