"""SASLprep (RFC 4013) of passwords and identifiers, on the tables of the standard library: both ends of SCRAM must hash the same
octets."""

from __future__ import annotations

import stringprep
import unicodedata

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,  # unassigned code points: a stored string has none (RFC 3454 §7)
)


class Unpreparable(ValueError):
    """The text holds what SASLprep forbids; the text is not repeated, it may be a password."""


def saslprep(text: str) -> str:
    """The prepared text. Raises Unpreparable."""
    mapped = "".join(
        " " if stringprep.in_table_c12(c) else c  # RFC 4013 §2.1
        for c in text
        if not stringprep.in_table_b1(c)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    if not prepared or any(forbidden(c) for c in prepared for forbidden in _PROHIBITED):
        raise Unpreparable("not a text that SASLprep allows")
    if any(stringprep.in_table_d1(c) for c in prepared):  # RFC 3454 §6: all of it runs right to left
        ends = stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1])
        if not ends or any(stringprep.in_table_d2(c) for c in prepared):
            raise Unpreparable("not a text that SASLprep allows")
    return prepared
