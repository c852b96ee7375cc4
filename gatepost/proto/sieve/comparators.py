"""Comparators (RFC 4790 §9) over octets, as RFC 5228 §2.7.3 asks. A new one is a line in the table."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

_DIGITS = re.compile(rb"[0-9]+")


class Comparator(msgspec.Struct, frozen=True):
    """`fold` gives equal octets for equal strings and keeps their length where `substring` matches are allowed;
    `rank` gives what is compared for order."""

    fold: Callable[[bytes], bytes]
    rank: Callable[[bytes], tuple[int, int, bytes]]
    substring: bool = True


def _same(text: bytes) -> bytes:
    return text


def _upper(text: bytes) -> bytes:
    return text.upper()  # of bytes: US-ASCII only (RFC 4790 §9.2.1)


def _number(text: bytes) -> tuple[int, int, bytes]:
    """RFC 4790 §9.1.1: leading digits; whatever has none is positive infinity. Longer numbers are greater ones."""
    match = _DIGITS.match(text)
    if match is None:
        return (1, 0, b"")
    digits = match[0].lstrip(b"0")
    return (0, len(digits), digits)


def _numeral(text: bytes) -> bytes:
    infinite, _, digits = _number(text)
    return b"x" if infinite else digits


COMPARATORS: dict[bytes, Comparator] = {
    b"i;octet": Comparator(_same, lambda text: (0, 0, text)),
    b"i;ascii-casemap": Comparator(_upper, lambda text: (0, 0, text.upper())),
    b"i;ascii-numeric": Comparator(_numeral, _number, substring=False),
}
ALWAYS_KNOWN = frozenset({b"i;octet", b"i;ascii-casemap"})
"""These need no `require` (RFC 5228 §2.7.3)."""
