"""Kept searches: values for names, whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.model import search as model
from gatepost.proto.imap.commands.keys import AllOf, Filter, Term
from gatepost.proto.imap.cursor import SyntaxFault
from gatepost.proto.imap.filters import MAX_DEPTH, Expansion, UndefinedFilter, names_in, parse_filter

SEEN = Term(model.HasFlag("\\Seen"))


def test_a_value_may_hold_literals():
    assert parse_filter(b'BODY {3}\r\na"b SEEN') == (AllOf((Term(model.Body('a"b')), SEEN)), False)
    assert parse_filter(b"MODSEQ 3")[1]
    for bad in (b"", b"OR SEEN", b"BODY {9}\r\nx", b"BODY {9}", b"SEEN ", b"FILTER"):
        with pytest.raises(SyntaxFault):
            parse_filter(bad)


def test_how_deep_names_may_go():
    values = {str(n): b"FILTER %d" % (n + 1) for n in range(20)} | {str(MAX_DEPTH): b"SEEN"}
    assert Expansion(values.get).expand(Filter("1")) == SEEN
    with pytest.raises(UndefinedFilter):
        Expansion(values.get).expand(Filter("0"))


def test_doubling_ends():
    values = {str(n): b"OR FILTER %d FILTER %d" % (n + 1, n + 1) for n in range(9)} | {"9": b"SEEN"}
    with pytest.raises(UndefinedFilter):
        Expansion(values.get).expand(Filter("0"))


@given(st.dictionaries(st.sampled_from("abc"), st.binary(max_size=40) | st.lists(
    st.sampled_from([b"FILTER a", b"FILTER b", b"NOT", b"OR", b"(", b")", b"SEEN", b"FILTER c", b"{1}\r\nx"]), max_size=6
).map(b" ".join)))  # fmt: skip
def test_no_value_does_harm(values):
    expansion = Expansion(values.get)
    try:
        assert not names_in(expansion.expand(Filter("a")))
    except UndefinedFilter:
        pass
