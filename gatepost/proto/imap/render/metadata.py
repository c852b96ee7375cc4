"""METADATA responses (RFC 5464 §4.4)."""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.proto.imap.render.mailbox import mailbox_name
from gatepost.proto.imap.render.text import NIL, astring, literal8, string

SERVER = b'""'


def metadata_values(mailbox: bytes, values: Iterable[tuple[str, bytes | None]], utf8: bool) -> bytes:
    """`* METADATA mailbox (entry value ...)`; `mailbox` as rendered."""
    items = b" ".join(astring(name.encode("ascii")) + b" " + _value(value, utf8) for name, value in values)
    return b"* METADATA %b (%b)\r\n" % (mailbox, items)


def metadata_names(mailbox: bytes, names: Iterable[str]) -> bytes:
    """`* METADATA mailbox entry ...`: these have changed."""
    return b"* METADATA %b %b\r\n" % (mailbox, b" ".join(astring(name.encode("ascii")) for name in names))


def metadata_mailbox(path: str | None, utf8: bool) -> bytes:
    """The name of a mailbox; for None the server's."""
    return SERVER if path is None else mailbox_name(path, utf8)


def _value(value: bytes | None, utf8: bool) -> bytes:
    if value is None:
        return NIL
    return literal8(value) if b"\0" in value else string(value, utf8)
