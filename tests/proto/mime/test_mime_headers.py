"""Header values as people read them: words, addresses, dates, parameters, subjects, message ids."""

from __future__ import annotations

import email.header
import email.utils
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.mime import MimeAddress, decode_text, index_message, parse_addresses, parse_date, wall_clock
from gatepost.proto.mime import dates as reader
from gatepost.proto.mime.index import message_ids
from gatepost.proto.mime.params import decoded_params
from gatepost.proto.mime.subject import base_subject


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b" plain ", "plain"),
        (b" folded\r\n line", "folded line"),
        (b"=?ISO-8859-1?Q?a?=", "a"),
        (b"=?ISO-8859-1?Q?a?= b", "a b"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),  # RFC 2047 §8's examples
        (b"=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a_b?=", "a b"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        (b"=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),  # RFC 2231 §5
        (b"=?utf-8?b?w6k=?=", "é"),
        (b"=?utf-8?b?w6k?=", "é"),  # padding forgotten
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),  # a character cut in two
        (b"=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        (b"x=?utf-8?q?a?=", "x=?utf-8?q?a?="),  # not by itself: RFC 8621 §4.1.2.2
        (b"=?no-such-charset?q?a?=", "=?no-such-charset?q?a?="),
        (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
        (b"=?utf-8?q?a=00=0D=0Ab?=", "ab"),
        (b"=?rot13?q?a?=", "=?rot13?q?a?="),
        (b"=?unicode_escape?q?=5Cx41?=", "=?unicode_escape?q?=5Cx41?="),
        ("caf\u0065\u0301".encode(), "café"),
        (b"caf\xe9", "café"),
        (b"(=?utf-8?q?a?=)", "(a)"),
        (b"=?gb2312?B?xOO6ww==?=", "你好"),
        (b"=?iso-2022-jp?B?GyRCJDMkcxsoQg==?=", "こん"),
        (b"\0", ""),
    ],
)
def test_decode_text(raw: bytes, text: str) -> None:
    assert decode_text(raw) == text


@settings(max_examples=60, deadline=None)
@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=60
    )
)
def test_words_of_the_standard_library_come_back(text: str) -> None:
    sent = email.header.Header(text, "utf-8", maxlinelen=76).encode(linesep="\r\n").encode("ascii")
    import unicodedata

    assert decode_text(sent) == unicodedata.normalize("NFC", text).strip()


def mailbox(name: str, address: str, group: str | None = None) -> MimeAddress:
    return MimeAddress(name, address, group)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"a@b", [mailbox("", "a@b")]),
        (b"A B <a@b>, c@d", [mailbox("A B", "a@b"), mailbox("", "c@d")]),
        (b'"B, A" <a@b>', [mailbox("B, A", "a@b")]),
        (b'"A \\"x\\" B"<a@b>', [mailbox('A "x" B', "a@b")]),
        (b"=?utf-8?q?J=C3=B6rg?= <a@b>", [mailbox("Jörg", "a@b")]),
        (b'"=?utf-8?q?J=C3=B6rg?=" <a@b>', [mailbox("Jörg", "a@b")]),
        ("Jörg <jörg@bücher.example>".encode(), [mailbox("Jörg", "jörg@bücher.example")]),
        (b"a@b (Name)", [mailbox("Name", "a@b")]),
        (b"(x) a (y) @ (z) b (w)", [mailbox("x", "a@b")]),
        (b"John.Q.Public <a@b>", [mailbox("John.Q.Public", "a@b")]),
        (b"G: a@b, C <c@d>;", [mailbox("", "a@b", "G"), mailbox("C", "c@d", "G")]),
        (b"Nobody:;", [mailbox("", "", "Nobody")]),
        (b"G: a@b", [mailbox("", "a@b", "G")]),
        (b"<>", [mailbox("", "")]),
        (b"Only A Name", [mailbox("", "Only A Name")]),
        (b"a@b,, ,c@d,", [mailbox("", "a@b"), mailbox("", "c@d")]),
        (b"<a@b", [mailbox("", "a@b")]),
        (b"Name a@b", [mailbox("Name", "a@b")]),
        (b'"never ends <a@b>', [mailbox('"never ends', "a@b")]),
        (b'"x y"@b', [mailbox("", '"x y"@b')]),
        (b"[Bug 1] X <a@b>", [mailbox("[Bug 1] X", "a@b")]),
        (b"a@[IPv6:2001:db8::1]", [mailbox("", "a@[IPv6:2001:db8::1]")]),
        (b"<mailto:a@b>", [mailbox("", "a@b")]),
        (b"a@b; c@d", [mailbox("", "a@b"), mailbox("", "c@d")]),
        (b"a@b\r\n ,\r\n\tc@d", [mailbox("", "a@b"), mailbox("", "c@d")]),
        (b"a@b@c", [mailbox("", '"a@b"@c')]),
        (b"", []),
    ],
)
def test_parse_addresses(raw: bytes, found: list[MimeAddress]) -> None:
    assert list(parse_addresses(raw)) == found


@settings(max_examples=100, deadline=None)
@given(st.text('ab@<>()",:;\\ \r\n[].é=?', max_size=40))
def test_addresses_never_raise(text: str) -> None:
    for address in parse_addresses(text.encode()):
        assert "\n" not in address.email


@pytest.mark.parametrize(
    ("raw", "utc"),
    [
        (b"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21 15:55:06"),
        (b"21 Nov 97 09:55:06 GMT", "1997-11-21 09:55:06"),
        (b"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", None),
        (b"Thu, 13 Feb 1969 23:32 -0330", "1969-02-14 03:02:00"),
        (b" Thu,\r\n 13\r\n Feb 1969 23:32:54 -0330 (Newfoundland Time)", "1969-02-14 03:02:54"),
        (b"Wed, 17 Jul 1996 02:23:25 PDT", "1996-07-17 09:23:25"),
        (b"Wed, 17 Jul 1996 02:23:25 XYZ", "1996-07-17 02:23:25"),
        (b"17-Jul-1996 02:23:25 +0000", "1996-07-17 02:23:25"),
        (b"Wed Jul 17 02:23:25 1996", "1996-07-17 02:23:25"),
        (b"Wed, 17 July 2024 02:23:25 +0200", "2024-07-17 00:23:25"),
        (b"1 Jan 49 00:00 +0000", "2049-01-01 00:00:00"),
        (b"1 Jan 101 00:00 +0000", "2001-01-01 00:00:00"),
        (b"31 Dec 2016 23:59:60 +0000", "2016-12-31 23:59:59"),
        (b"32 Jan 2020 00:00 +0000", None),
        (b"29 Feb 2023 00:00 +0000", None),
        (b"1 Foo 2020 00:00 +0000", None),
        (b"tomorrow", None),
        (b"", None),
        (b"1 Jan 0000 00:00 +0000", None),
    ],
)
def test_parse_date(raw: bytes, utc: str | None) -> None:
    found = parse_date(raw)
    shown = None if found is None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(found))
    assert shown == utc


@settings(max_examples=50)
@given(st.integers(0, 4_000_000_000))
def test_dates_of_the_standard_library(at: int) -> None:
    assert parse_date(email.utils.formatdate(at).encode()) == at


@given(
    st.sampled_from(["", " ", "Mon, ", " Tue, ", "\t"]),
    st.integers(0, 32),
    st.sampled_from(["Jan", "FEB", "foo", "dec"]),
    st.integers(0, 9999),
    st.tuples(st.integers(0, 25), st.integers(0, 61), st.integers(0, 62)),
    st.sampled_from(["+0000", "-0530", "+9999", "GMT", "EST", "+0100 (CET)", "+01000", "-0000 (x y)", "", "+0100x"]),
)
def test_a_usual_date_is_read_as_any_other(
    before: str, day: int, month: str, year: int, clock: tuple[int, int, int], zone: str
) -> None:
    def as_utc(text: str) -> float | None:
        return parse_date(f"{text} +0000".encode())

    text = f"{before}{day} {month} {year:04} {clock[0]:02}:{clock[1]:02}:{clock[2]:02}"
    raw = f"{text} {zone}".encode()
    usual = reader._read_usual(raw)
    assert usual is None or usual == reader._read_any(raw)
    if zone not in ("+01000", "+0100x"):
        assert wall_clock(raw) == as_utc(text)


@pytest.mark.parametrize(
    ("raw", "utc"),
    [
        (b"Mon Mar  3 10:11:12 2003", 1046686272.0),
        (b"3 Mar 2003 10:11 +0200", 1046686260.0),
        (b"3 Mar 2003 10:11:12 EST", 1046686272.0),
        (b"", None),
    ],
)
def test_the_wall_clock_knows_no_zone(raw: bytes, utc: float | None) -> None:
    assert wall_clock(raw) == utc


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        (b"a/b; x=1; Y=2", {"x": "1", "y": "2"}),
        (b'a/b; x="a;b\\"c"', {"x": 'a;b"c'}),
        # RFC 2231 §3, §4 and §4.1
        (b'a/b; URL*0="ftp://"; URL*1="cs.utk.edu/x"', {"url": "ftp://cs.utk.edu/x"}),
        (b"a/b; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", {"title": "This is ***fun***"}),
        (
            b"a/b; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
            {"title": "This is even more ***fun*** isn't it!"},
        ),
        (b"a/b; n*1=b; n*0=a", {"n": "ab"}),
        (b"a/b; n*=iso-8859-1''%e9; n=e", {"n": "é"}),
        (b"a/b; filename==?utf-8?q?caf=C3=A9?=", {"filename": "café"}),
        (b'a/b; filename="caf\xc3\xa9"', {"filename": "café"}),
        (b"a/b; name=my file.txt; x=y z", {"name": "my file.txt", "x": "y"}),
        (b"a/b; x=1; x=2", {"x": "1"}),
        (b'a/b; x="not ended', {"x": "not ended"}),
        (b"a/b;;; =x; y", {}),
        (b"a/b", {}),
    ],
)
def test_parameters(raw: bytes, pairs: dict[str, str]) -> None:
    assert dict(decoded_params(raw)) == pairs


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("Re: hello", "hello"),
        ("RE:Fwd: fw: hello", "hello"),
        ("Re[2]: hello", "hello"),
        ("[list] Re: [list] hello", "hello"),
        ("hello (fwd) (FWD)", "hello"),
        ("[Fwd: Re: hello]", "hello"),
        ("[only a blob]", "[only a blob]"),
        ("[a] [b]", "[b]"),
        ("Re:", ""),
        ("Regards", "Regards"),
        ("  a   b\t", "a b"),
        ("", ""),
    ],
)
def test_base_subject(subject: str, base: str) -> None:
    assert base_subject(subject) == base


def test_message_ids() -> None:
    assert message_ids(b"<a@b>\r\n <c@d> junk <a@b>") == ("a@b", "c@d")
    assert message_ids(b"a@b c@d") == ("a@b", "c@d")
    assert message_ids(b"") == ()


def test_summary_of_a_message() -> None:
    index = index_message(
        b"From: =?utf-8?q?Ad=C3=A4?= <ada@example.org>, x@y\r\nTo: Bob <bob@example.org>\r\nCc: c@d\r\n"
        b"Subject: Re: =?utf-8?q?caf=C3=A9?=\r\nMessage-ID: <1@x>\r\nIn-Reply-To: <0@x>\r\nReferences: <a@x> <0@x>\r\n"
        b"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n\r\nHello,\r\n\r\nhow are you?\r\n"
    )
    assert index.sender == "Adä <ada@example.org>"
    assert index.recipients == "Bob <bob@example.org>, c@d"
    assert (index.subject, index.base_subject) == ("Re: café", "café")
    assert (index.message_id, index.in_reply_to, index.references) == ("1@x", ("0@x",), ("a@x", "0@x"))
    assert index.sent_at == 880127706.0
    assert index.preview == "Hello, how are you?"
