"""Rendering: nothing that is rendered ends its line or its string early."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.imap.cursor import Cursor
from gatepost.proto.imap.envelope import first_mailbox
from gatepost.proto.imap.render.mailbox import Listed, listed, status_data
from gatepost.proto.imap.render.status import bad, bye, no, ok
from gatepost.proto.imap.render.text import astring, literal8, string


def read_back(text: bytes) -> bytes:
    """What a string's text means, read by our own cursor."""
    if text.startswith(b"{"):
        head, _, octets = text.partition(b"\r\n")
        return Cursor(head + b"\r\n", [octets]).string()
    return Cursor(text).astring()


@given(st.binary(max_size=40).filter(lambda octets: b"\0" not in octets))
@settings(max_examples=200)
def test_strings_survive(octets):
    assert read_back(string(octets)) == octets
    assert read_back(astring(octets)) == octets


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20))
@settings(max_examples=200)
def test_utf8_is_quoted_only_where_it_was_enabled(text):
    plain, quoted = string(text.encode()), string(text.encode(), utf8=True)
    assert plain.partition(b"\r\n")[0].isascii()
    if quoted.startswith(b'"'):
        assert not {10, 13, 0} & set(quoted)


def test_forms():
    assert astring(b"INBOX") == b"INBOX"
    assert astring(b"nil") == b'"nil"'
    assert astring(b"") == b'""'
    assert astring(b"a]") == b"a]"
    assert string(b'a"\\') == b'"a\\"\\\\"'
    assert string(b"a\r\n") == b"{3}\r\na\r\n"
    assert literal8(b"\0") == b"~{1}\r\n\0"
    assert string("ü".encode()) == b"{2}\r\n\xc3\xbc"
    assert string("ü".encode(), utf8=True) == b'"\xc3\xbc"'


def test_statuses():
    assert ok("done", "READ-WRITE").render("a") == b"a OK [READ-WRITE] done\r\n"
    assert bye("end").render() == b"* BYE end\r\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [("", ""), ("a\r\nb", ""), ("a\x7f", ""), ("é", ""), ("a", "X]"), ("a", "X\n"), ("a", " X"), ("a\0", "")],
)
def test_statuses_refuse_control_characters(text, code):
    for make in (ok, no, bad, bye):
        with pytest.raises(ValueError):
            make(text, code)


def test_mailbox_data():
    assert listed(Listed("a b/ü", ("\\HasNoChildren",)), utf8=False) == b'* LIST (\\HasNoChildren) "/" "a b/&APw-"\r\n'
    assert status_data("x", [("MESSAGES", 1), ("MAILBOXID", "M1"), ("APPENDLIMIT", None)], utf8=False) == (
        b"* STATUS x (MESSAGES 1 MAILBOXID (M1) APPENDLIMIT NIL)\r\n"
    )


def test_the_first_mailbox_of_an_envelope():
    envelope = (
        b'("Mon" {3}\r\n)(( (("A \\"(\\" B" NIL "ann" "x.y")("C" NIL "cal" "x.y")) NIL NIL '
        b'(("D" NIL {3}\r\ndan "x.y")) NIL NIL NIL "<i@d>")'
    )
    assert first_mailbox(envelope, "FROM") == "ann"
    assert first_mailbox(envelope, "TO") == "dan"
    assert first_mailbox(envelope, "CC") == ""
    assert first_mailbox(b"garbage", "CC") == ""
