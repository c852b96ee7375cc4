"""ENVELOPE, BODY and BODYSTRUCTURE: RFC 9051 §7.5.2's rules, and a grammar check of whatever comes out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.mime import index_message


def envelope(header: str) -> str:
    return index_message(header.replace("\n", "\r\n").encode("utf-8", "surrogateescape")).envelope.decode("latin-1")


def structure(text: str) -> str:
    return index_message(text.replace("\n", "\r\n").encode()).bodystructure.decode()


def test_rfc_example() -> None:
    assert envelope(
        """Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev2 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.ed>
"""
    ) == (
        '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" '
        '(("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) '
        '(("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) '
        '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL '
        '"<B27397-0100000@cac.washington.ed>")'
    )


def test_absent_is_nil_and_empty_is_empty() -> None:
    assert envelope("X: y\n") == "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
    assert envelope("Date:\nSubject: \nIn-Reply-To:\nMessage-ID:\nTo:\nFrom:\n") == (
        '("" "" NIL NIL NIL NIL NIL NIL "" "")'
    )


def test_sender_and_reply_to_default_to_from() -> None:
    assert envelope("From: a@b\nSender:\nReply-To: c@d\n") == (
        '(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "c" "d")) NIL NIL NIL NIL NIL)'
    )


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        ("undisclosed-recipients:;", '((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL))'),
        (
            'A Group: x@y, "J \\"K\\"" <j@k>; z@z',
            '((NIL NIL "A Group" NIL)(NIL NIL "x" "y")("J \\"K\\"" NIL "j" "k")(NIL NIL NIL NIL)(NIL NIL "z" "z"))',
        ),
        ("<@a,@b:c@d>", '((NIL "@a,@b" "c" "d"))'),
        ("c@d (A Comment)", '(("A Comment" NIL "c" "d"))'),
        ('"john doe"@d', '((NIL NIL "john doe" "d"))'),
        ("=?utf-8?q?caf=C3=A9?= <c@d>", '(("=?utf-8?q?caf=C3=A9?=" NIL "c" "d"))'),
        ("local", '((NIL NIL "local" ""))'),
        ("a@[192.0.2.1]", '((NIL NIL "a" "[192.0.2.1]"))'),
        ("a\n b <c@d>", '(("a b" NIL "c" "d"))'),
    ],
)
def test_addresses(value: str, rendered: str) -> None:
    assert envelope(f"To: {value}\n") == f"(NIL NIL NIL NIL NIL {rendered} NIL NIL NIL NIL)"


def test_eight_bit_goes_as_a_literal_and_nul_not_at_all() -> None:
    assert index_message("Subject: café".encode()).envelope.startswith(b"(NIL {5}\r\ncaf\xc3\xa9 NIL")
    assert index_message(b"Subject: a\0b").envelope.startswith(b'(NIL "ab" NIL')
    assert index_message(b"Subject: a\rb\r\n").envelope.startswith(b'(NIL "a b" NIL')


def test_quotes_and_backslashes() -> None:
    assert envelope('Subject: say "hi" \\o/\n').startswith('(NIL "say \\"hi\\" \\\\o/" NIL')


def test_text() -> None:
    assert structure("X: y\n\none\ntwo\n") == (
        '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 10 2 NIL NIL NIL NIL)'
    )
    assert structure("Content-Type: text/plain\n\n") == '("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0 NIL NIL NIL NIL)'


def test_extension_data() -> None:
    assert structure(
        'Content-Type: image/png; name="a b.png"; x*0=y\nContent-ID: <i@d>\nContent-Description: A picture\n'
        "Content-Transfer-Encoding: base64\nContent-MD5: Q2hlY2s=\nContent-Disposition: inline; filename=x\n"
        "Content-Language: en, de\nContent-Location: http://x\n\nAAAA"
    ) == (
        '("IMAGE" "PNG" ("NAME" "a b.png" "X*0" "y") "<i@d>" "A picture" "BASE64" 4 "Q2hlY2s=" '
        '("INLINE" ("FILENAME" "x")) ("en" "de") "http://x")'
    )


def test_multipart_and_enclosed_message() -> None:
    text = (
        "Content-Type: multipart/mixed; boundary=b\nContent-Language: en\n\n--b\n\nhi\n--b\nContent-Type: message/rfc822\n\n"
        "Subject: in\n\nbody\n--b--\n"
    )
    assert structure(text) == (
        '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2 1 NIL NIL NIL NIL)'
        '("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 19 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) '
        '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 4 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL) '
        '"MIXED" ("BOUNDARY" "b") NIL "en" NIL)'
    )
    assert index_message(text.replace("\n", "\r\n").encode()).body == (
        b'(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2 1)'
        b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 19 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) '
        b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 4 1) 3) "MIXED")'
    )


_ATOM = re.compile(rb"NIL|[0-9]+")
_QUOTED = re.compile(rb'"(?:[^"\\\r\n\x00\x80-\xff]|\\["\\])*"')
_LITERAL = re.compile(rb"\{([0-9]+)\}\r\n")


def read(data: bytes, at: int = 0) -> tuple[object, int]:
    """One value of RFC 9051's grammar; fails where the octets are not one."""
    if data[at : at + 1] == b"(":
        items, at = [], at + 1
        while data[at : at + 1] != b")":
            item, at = read(data, at)
            items.append(item)
            if data[at : at + 1] == b" ":
                at += 1
        return items, at + 1
    if match := _LITERAL.match(data, at):
        end = match.end() + int(match[1])
        assert end <= len(data)
        assert b"\0" not in data[match.end() : end]
        return data[match.end() : end], end
    match = _QUOTED.match(data, at) or _ATOM.match(data, at)
    assert match, data[at : at + 40]
    return match[0], match.end()


NAMES = st.sampled_from(
    ["From", "To", "Sender", "Subject", "Date", "Content-Type", "Content-Disposition", "Content-ID", "Content-Language",
     "Content-Location", "Content-Description", "Content-MD5", "Content-Transfer-Encoding"]
)  # fmt: skip
VALUES = st.binary(max_size=20) | st.sampled_from(
    [b"multipart/mixed; boundary=b", b"message/rfc822", b'image/x; a="\\"\xff"; b', b'x; y="', b"a:b@c;<d@>,(\xff"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES) | st.just(("", b"")), max_size=12))
def test_output_is_always_grammatical(fields: list[tuple[str, bytes]]) -> None:
    content = b"".join(name.encode() + b": " + value + b"\r\n" if name else b"\r\n--b\r\n" for name, value in fields)
    index = index_message(content)
    for rendered, length in ((index.envelope, 10), (index.body, 0), (index.bodystructure, 0)):
        value, end = read(rendered)
        assert end == len(rendered)
        assert isinstance(value, list)
        assert not length or len(value) == length
