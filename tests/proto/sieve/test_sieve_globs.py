"""`:matches` (RFC 5228 §2.7.1): the same as the non-greedy regular expression, and linear where that is not."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.sieve.globs import Glob


def captured(pattern: bytes, value: bytes) -> list[bytes] | None:
    spans = Glob(pattern).match(value)
    return None if spans is None else [value[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("pattern", "value", "found"),
    [
        (b"", b"", []),
        (b"", b"x", None),
        (b"*", b"", [b""]),
        (b"**", b"ab", [b"", b"ab"]),
        (b"?", b"a", [b"a"]),
        (b"a*b*c", b"axbybzc", [b"x", b"ybz"]),
        (b"*<*@*", b"a <b@c>", [b"a ", b"b", b"c>"]),
        (b"\\*\\?\\\\", b"*?\\", []),
        (b"\\a", b"a", []),
        (b"a\\", b"a\\", []),
        (b"*a?c*", b"xaxcyabc", [b"x", b"x", b"yabc"]),
        (b"*??", b"ab", [b"", b"a", b"b"]),
        (b"*??", b"a", None),
        (b"ab*bc", b"abc", None),
    ],
)
def test_captures(pattern: bytes, value: bytes, found: list[bytes] | None) -> None:
    assert captured(pattern, value) == found


@settings(max_examples=300)
@given(st.text("ab*?", max_size=8), st.text("ab", max_size=12))
def test_same_as_a_regular_expression(pattern: str, value: str) -> None:
    expression = "".join({"*": "(.*?)", "?": "(.)"}.get(c, c) for c in pattern)
    match = re.fullmatch(expression, value, re.DOTALL)
    expected = None if match is None else [group.encode() for group in match.groups()]
    assert captured(pattern.encode(), value.encode()) == expected


def test_no_backtracking() -> None:
    begun = time.process_time()
    assert Glob(b"*a" * 500 + b"b").match(b"a" * 100_000) is None
    assert time.process_time() - begun < 1
