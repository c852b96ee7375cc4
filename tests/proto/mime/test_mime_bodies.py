"""Bodies: encodings, charsets, HTML, previews, and which parts are attachments."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.mime import body as bodies
from gatepost.proto.mime import decoded_body, html_text, index_message, part_text, search_text
from gatepost.proto.mime.bodyparts import body_parts


def decoded(encoding: str, body: bytes) -> bytes:
    content = b"Content-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n" + body
    return decoded_body(content, index_message(content).root)


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_base64_comes_back(data: bytes) -> None:
    assert decoded("base64", base64.encodebytes(data).replace(b"\n", b"\r\n")) == data


@pytest.mark.parametrize(
    ("encoding", "body", "found"),
    [
        ("base64", b"aGVs\r\nbG8=", b"hello"),
        ("BASE64", b"aGVsbG8", b"hello"),
        ("base64", b"aG*Vs\x00bG8=!", b"hello"),
        ("base64", b"aGVsb", b"hel"),
        ("base64", b"", b""),
        ("base64", b"====", b""),
        ("quoted-printable", b"a=3Db=\r\nc =E9", b"a=bc \xe9"),
        ("quoted-printable", b"=XX=", b"=XX"),
        ("quoted-printable", b"a \t\r\nb= \nc =20 \n d\t", b"a\r\nbc  \n d"),
        ("x-unknown", b"=41", b"=41"),
        ("7bit", b"\xff", b"\xff"),
        ("x-uuencode", b"begin 644 x\r\n#8V%T\r\n`\r\nend\r\n", b"cat"),
    ],
)
def test_encodings(encoding: str, body: bytes, found: bytes) -> None:
    assert decoded(encoding, body) == found


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("", b"caf\xc3\xa9", "café"),
        ("", b"caf\xe9", "café"),
        ("us-ascii", b"caf\xe9", "café"),
        ("utf-8", b"caf\xe9", "café"),  # labelled wrongly
        ("utf-8", b"\xc3\xa9\xff", "é\ufffd"),
        ("iso-8859-1", b"\x93x\x94", "“x”"),  # Windows-1252 in truth
        ("no-such", b"caf\xc3\xa9", "café"),
        ("punycode", b"a-b", "a-b"),
        ("utf-16le", "é".encode("utf-16le"), "é"),
        ("gb2312", "你好".encode("gb18030"), "你好"),
        ('"UTF-8"', b"\xc3\xa9\r\n", "é\r\n"),
    ],
)
def test_charsets(charset: str, body: bytes, text: str) -> None:
    content = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + body
    assert part_text(content, index_message(content).root) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>one</p><p>two &amp; three</p>", "one\ntwo & three"),
        ("a<br>b<BR/>c", "a\nb\nc"),
        ("<style>x{}</style>a<script>if (a<b) '</p>'</script>b", "ab"),
        ("<head><title>t</title></head><body>b</body>", "b"),
        ("a<!-- <p>x --> b", "a b"),
        ("a<!-- never ends", "a"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("a <b", "a <b"),
        ("a\u200b\u00ad&nbsp;b&#x41;", "a bA"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1\n2"),
        ("<!DOCTYPE html>x", "x"),
        ("", ""),
    ],
)
def test_html(source: str, text: str) -> None:
    assert html_text(source) == text


@settings(max_examples=100, deadline=None)
@given(st.text("<>!-/ap&;#sctyle\"' \n", max_size=80))
def test_html_never_raises(source: str) -> None:
    html_text(source)


MIXED = (
    "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/alternative; boundary=a\n\n"
    "--a\n\nplain words\n--a\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<p>html words</p>\n"
    "--r\nContent-Type: image/png\nContent-Disposition: inline\n\nx\n--r--\n--a--\n--m\n"
    "Content-Type: application/pdf\nContent-Disposition: attachment; filename=x.pdf\n\nx\n--m\n"
    "Content-Type: message/rfc822\n\nSubject: y\n\ninner words\n--m--\n"
)


def test_body_parts() -> None:
    found = body_parts(index_message(MIXED.encode()).root)
    assert [part.subtype for part in found.text] == ["plain"]
    assert [part.subtype for part in found.html] == ["html"]
    assert [part.subtype for part in found.attachments] == ["png", "pdf", "rfc822"]


def test_search_text_sees_everything() -> None:
    text = search_text(MIXED.encode(), index_message(MIXED.encode()).root)
    assert "plain words" in text
    assert "html words" in text
    assert "inner words" in text
    assert "<p>" not in text


@pytest.mark.parametrize(
    ("content", "has"),
    [
        (MIXED, True),
        ("Subject: x\n\ny", False),
        ("Content-Type: text/html\n\ny", False),
        ("Content-Type: application/pdf\n\ny", True),
        ("Content-Type: text/plain\nContent-Disposition: attachment\n\ny", True),
        (MIXED.split("--m\nContent-Type: application/pdf")[0] + "--m--\n", False),  # an inline picture only
    ],
)
def test_has_attachment(content: str, has: bool) -> None:
    assert index_message(content.encode()).has_attachment is has


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (MIXED, "plain words"),
        ("Content-Type: text/html\n\n<style>x</style><p>Hello&nbsp;<b>you</b></p><p>there", "Hello you there"),
        ("Subject: x\n\n", ""),
        ("Subject: x\n\n\n  -----------\n  a\tb \n\n", "a b"),
        ("Content-Type: image/png\n\nxxxx", ""),
        ("Content-Transfer-Encoding: base64\n\naGVsbG8=", "hello"),
    ],
)
def test_preview(content: str, text: str) -> None:
    assert index_message(content.encode()).preview == text


def test_preview_is_short() -> None:
    for body in ("word " * 5000, "é" * 5000, "x\n" * 5000):
        preview = index_message(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body.encode()).preview
        assert 200 < len(preview) <= 256
        assert "\ufffd" not in preview


_ONE_BLANK = re.compile(r"[\s\x00-\x1f\x7f\u00ad\u034f\u200b-\u200f\u2060\ufeff]+")
_RULER = re.compile(r"(?:[-=_*~#+]\s?){4,}")


@given(
    st.lists(
        st.sampled_from(
            ["-" * 3, "=" * 5, "- " * 4, "word ", "\r\n", "\ufffd", "\x01", "\u200b\xa0", "  ", "x" * 90, "*", "# "]
        ),
        max_size=120,
    )
)
def test_preview_needs_no_more_than_it_reads(parts: list[str]) -> None:
    text = "".join(parts)
    line = _ONE_BLANK.sub(" ", _RULER.sub(" ", text[:4096])).strip().rstrip("\ufffd")
    expected = line if len(line) <= bodies.PREVIEW else line[: bodies.PREVIEW - 1].rstrip() + "…"
    content = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode()
    if len(text.encode()) <= 4096:
        assert index_message(content).preview == expected
