"""Strings on the wire: atoms, quoted strings, literals (RFC 9051 §4).

Law: what is rendered cannot end its line or its string early, whatever the text holds.
"""

from __future__ import annotations

import re

_ATOM = re.compile(rb'[^\x00-\x20(){%*"\\\x7f-\xff]+')
_QUOTABLE = re.compile(rb"[\x20-\x7e]*")
_QUOTABLE_UTF8 = re.compile(rb"[^\x00-\x1f\x7f]*")
_ESCAPED = re.compile(rb'(["\\])')
_MAX_QUOTED = 4096
NIL = b"NIL"


def string(octets: bytes, utf8: bool = False) -> bytes:
    """Quoted where that can be, else a literal. With `utf8` UTF-8 may be quoted too (RFC 9051 §4.3, RFC 6855 §3)."""
    quotable = _QUOTABLE_UTF8 if utf8 and _is_utf8(octets) else _QUOTABLE
    if len(octets) <= _MAX_QUOTED and quotable.fullmatch(octets):
        return b'"' + _ESCAPED.sub(rb"\\\1", octets) + b'"'
    return literal(octets)


def astring(octets: bytes, utf8: bool = False) -> bytes:
    """As an atom where that can be. NIL is quoted: some clients read it as no string."""
    if _ATOM.fullmatch(octets) and octets.upper() != NIL:
        return octets
    return string(octets, utf8)


def nstring(octets: bytes | None) -> bytes:
    """A string, or NIL for None."""
    return NIL if octets is None else string(octets)


def literal(octets: bytes) -> bytes:
    """A literal. NUL may not be in one (RFC 9051 §9 CHAR8): such octets need `literal8`."""
    return b"{%d}\r\n%b" % (len(octets), octets)


def literal8(octets: bytes) -> bytes:
    """A literal8 (RFC 3516 §3)."""
    return b"~{%d}\r\n%b" % (len(octets), octets)


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
