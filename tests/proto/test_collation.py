"""The order of text (RFC 5051)."""

from __future__ import annotations

import pytest

from gatepost.proto.collation import casemap


@pytest.mark.parametrize(
    ("words", "order"),
    [
        (["_", "b", "A", "[x]", "1"], ["1", "A", "b", "[x]", "_"]),  # letters stand before what follows Z in US-ASCII
        (["zoe", "Ärger", "Arm", "ärger"], ["Arm", "Ärger", "ärger", "zoe"]),  # taken apart: A, then the dots
        (["ﬁn", "fim", "fio"], ["fim", "fio", "ﬁn"]),  # a ligature has no title case, and is taken apart after
        (["\u01c6a", "\u01c5b", "\u01c4c"], ["\u01c6a", "\u01c5b", "\u01c4c"]),  # all three are title-cased alike
    ],
)
def test_order(words, order):
    assert sorted(words, key=casemap) == order


def test_equal():
    assert casemap("straße") != casemap("STRASSE")  # simple mappings only (RFC 5051 §2)
    assert casemap("É") == casemap("e\u0301")
