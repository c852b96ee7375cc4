"""Parameters of MAIL and RCPT (RFC 5321 §4.1.2 esmtp-param). Keywords in any case; values as they came.

A new parameter is a reader and one line in a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9\-]*)(?:=([!-<>-~\u0080-\U0010ffff]+))?")
_SIZE = re.compile(r"[0-9]{1,20}", re.ASCII)
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+", re.ASCII)

MAX_PARAMETERS = 32


class BadParameter(ValueError):
    """A parameter whose value is wrong, that comes twice, or whose form is wrong: 501."""


class UnknownParameter(ValueError):
    """A parameter that no offered extension defines: 555."""


def _size(value: str | None) -> int:
    """RFC 1870 §6: 1 to 20 digits."""
    if value is None or not _SIZE.fullmatch(value):
        raise BadParameter("SIZE")
    return int(value)


def _body(value: str | None) -> str:
    """RFC 6152 §3; BINARYMIME is not offered."""
    word = (value or "").upper() if (value or "").isascii() else ""
    if word not in ("7BIT", "8BITMIME"):
        raise BadParameter("BODY")
    return word


def _smtputf8(value: str | None) -> bool:
    """RFC 6531 §3.4: no value."""
    if value is not None:
        raise BadParameter("SMTPUTF8")
    return True


def _auth(value: str | None) -> str:
    """RFC 4954 §5: read, and treated as `<>` by the session, since no client is trusted to vouch for another."""
    if value is None or not _XTEXT.fullmatch(value):
        raise BadParameter("AUTH")
    return value


Reader = Callable[[str | None], object]

MAIL: Mapping[str, Reader] = {"SIZE": _size, "BODY": _body, "SMTPUTF8": _smtputf8, "AUTH": _auth}
RCPT: Mapping[str, Reader] = {}


def read_parameters(text: str, table: Mapping[str, Reader]) -> dict[str, object]:
    """What follows the path. Raises BadParameter, UnknownParameter."""
    values: dict[str, object] = {}
    if not text:
        return values
    if not text.startswith(" "):
        raise BadParameter("no space after the path")
    words = [word for word in text.split(" ") if word]
    if len(words) > MAX_PARAMETERS:
        raise BadParameter("too many")
    for word in words:
        match = _PARAMETER.fullmatch(word)
        if not match:
            raise BadParameter("form")
        keyword = match[1].upper()
        if keyword not in table:
            raise UnknownParameter(keyword)
        if keyword in values:
            raise BadParameter("twice")
        values[keyword] = table[keyword](match[2])
    return values
