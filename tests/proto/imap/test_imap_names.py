"""Mailbox names, dates and sequence sets as they are written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.model.uidset import MAX_UID, UidSet
from gatepost.proto.imap.dates import parse_date, parse_date_time, render_date_time
from gatepost.proto.imap.names import BadName, decode_name, decode_utf7, encode_name, encode_utf7
from gatepost.proto.imap.sequence import parse_sequence, parse_uids

_NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("INBOX", "INBOX"),
        ("R&D", "R&-D"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # RFC 3501 §5.1.3
        ("Entwürfe", "Entw&APw-rfe"),
        ("🐘", "&2D3cGA-"),
    ],
)
def test_modified_utf7(name, written):
    assert encode_utf7(name) == written
    assert decode_utf7(written) == name


@pytest.mark.parametrize("written", ["&", "a&b", "&AGE-", "&A-", "&2D0-", "&U,BTFw-&ZeVnLIqe-", "&U/BTFw-"])
def test_what_is_not_modified_utf7(written):
    with pytest.raises(BadName):
        decode_utf7(written)


@given(_NAMES, st.booleans())
@settings(max_examples=200)
def test_names_survive(name, utf8):
    assert decode_name(encode_name(name, utf8), utf8) == name


@given(st.binary(max_size=30), st.booleans())
@settings(max_examples=200)
def test_decoding_raises_nothing_else(octets, utf8):
    try:
        decode_name(octets, utf8)
    except BadName:
        pass


def test_dates():
    assert parse_date(b"14-Nov-2023") == 1699920000.0
    assert parse_date(b"1-jan-1970") == 0.0
    assert parse_date_time(b"14-Nov-2023 23:13:20 +0100") == 1700000000.0
    assert parse_date_time(b" 4-Nov-2023 23:13:20 -0100") is not None
    assert render_date_time(1700000000.9) == '"14-Nov-2023 22:13:20 +0000"'
    assert render_date_time(1e30) == '" 1-Jan-1970 00:00:00 +0000"'


@pytest.mark.parametrize(
    "text", [b"", b"31-Feb-2023", b"1-Foo-2023", b"1-Jan-23", b"1-Jan-0000", "١-Jan-2023".encode(), b"1-Jan-2023\n"]
)
def test_what_is_no_date(text):
    assert parse_date(text) is None
    assert parse_date_time(text + b" 00:00:00 +0000") is None


@given(st.integers(-62135596800, 253402300799))
@settings(max_examples=100)
def test_date_times_survive(at):
    assert parse_date_time(render_date_time(at).strip('"').encode()) == at


def test_sequences():
    assert parse_sequence(b"3,1:2,*:5").resolve(9) == UidSet([(1, 3), (5, 9)])
    assert parse_sequence(b"$").saved
    assert parse_sequence(b"4294967295").highest == MAX_UID
    assert parse_uids(b"1:3,9") == UidSet([(1, 3), (9, 9)])
    for text in (
        b"",
        b"0",
        b"1:",
        b":1",
        b"1,,2",
        b"01",
        b"4294967296",
        b"1:2:3",
        b"$,1",
        b"-1",
        b"99999999999999999999",
    ):
        assert parse_sequence(text) is None
    assert parse_uids(b"1:*") is None
    assert parse_uids(b"$") is None
