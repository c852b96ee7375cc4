"""The form in which people's searches are compared."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.proto.searchform import search_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("straße", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("ﬁle", "FILE"),
        ("Ａ１", "a1"),
        ("ｶﾞ", "ガ"),
        ("a\u00a0b", "a b"),
        ("é", "e\u0301"),
        ("Å", "\u212b"),
        ("\u212a", "k"),
        ("q\u0323\u0307", "q\u0307\u0323"),
        ("ſ", "S"),
        ("ǅ", "ǆ"),
        ("İ", "i\u0307"),
        ("Ꭰ", "ꭰ"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert search_form(one) == search_form(other)


@pytest.mark.parametrize(("one", "other"), [("ı", "i"), ("ø", "o"), ("한", "하"), ("ж", "з"), ("ａ", "b")])
def test_not_the_same(one: str, other: str) -> None:
    assert search_form(other) not in search_form(one)


@pytest.mark.parametrize(("piece", "text"), [("cafe", "Café"), ("CAFÉ", "un café"), ("국", "한국어")])
def test_within(piece: str, text: str) -> None:
    assert search_form(piece) in search_form(text)


@given(st.text())
def test_a_fixed_point_that_case_and_composition_do_not_change(text: str) -> None:
    form = search_form(text)
    assert search_form(form) == form
    for same in (unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text), text.casefold()):
        assert search_form(same) == form
