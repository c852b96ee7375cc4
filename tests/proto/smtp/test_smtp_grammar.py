"""Command lines and envelope addresses (RFC 5321 §4.1, RFC 6531 §3.3)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.smtp.address import read_mailbox, valid_domain
from gatepost.proto.smtp.commands import Bdat, Fault, FaultKind, Hello, Mail, Rcpt
from gatepost.proto.smtp.grammar import VERBS, parse_command
from gatepost.proto.smtp.reply import Reply, reply

GOOD = {
    b"mail from:<A.b+c@Example.ORG>": Mail("A.b+c@Example.ORG"),
    b"MAIL FROM:<>": Mail(""),
    b"MAIL FROM:<> ": Mail(""),
    b"MAIL FROM: <a@b.c>": Mail("a@b.c", spaced=True),
    b"MAIL FROM:<a@b.c> size=99 body=8bitmime": Mail("a@b.c", size=99, body="8BITMIME"),
    b"MAIL FROM:<a@b.c> AUTH=e+3Dmc2@example.com": Mail("a@b.c"),
    b'MAIL FROM:<"a b>c"@d.e>': Mail('"a b>c"@d.e'),
    b'MAIL FROM:<"plain"@d.e>': Mail("plain@d.e"),
    b'MAIL FROM:<"a\\b\\""@d.e>': Mail('"ab\\""@d.e'),
    "MAIL FROM:<ä@bücher.example> SMTPUTF8".encode(): Mail("ä@bücher.example", smtputf8=True, international=True),
    b"RCPT TO:<@x.y,@z:a@b.c>": Rcpt("a@b.c"),
    b"RCPT TO:<a@[192.0.2.1]>": Rcpt("a@[192.0.2.1]"),
    b"RCPT TO:<a@[IPv6:2001:db8::1]>": Rcpt("a@[IPv6:2001:db8::1]"),
    b"RCPT TO:<PostMaster>": Rcpt("postmaster"),
    b"RCPT TO:<postmaster@b.c>": Rcpt("postmaster@b.c"),
    b"HELO my_pc": Hello("my_pc", False),
    b"EHLO [127.0.0.1]": Hello("[127.0.0.1]", True),
    b"bdat 10 last": Bdat(10, True),
}

BAD = {
    b"": FaultKind.UNKNOWN,
    b"FOO": FaultKind.UNKNOWN,
    "ſTARTTLS".encode(): FaultKind.UNKNOWN,
    b"EXPN list": FaultKind.NOT_OFFERED,
    b"EHLO": FaultKind.SYNTAX,
    b"EHLO a b": FaultKind.SYNTAX,
    b"EHLO a(comment)": FaultKind.SYNTAX,
    b"MAIL FROM a@b.c": FaultKind.SYNTAX,
    b"MAIL FROM:a@b.c": FaultKind.SENDER,
    b"MAIL FROM:<a@b.c": FaultKind.SENDER,
    b"MAIL FROM:<a b@b.c>": FaultKind.SENDER,
    b"MAIL FROM:<a..b@b.c>": FaultKind.SENDER,
    b"MAIL FROM:<.a@b.c>": FaultKind.SENDER,
    b"MAIL FROM:<a@b_c.d>": FaultKind.SENDER,
    b"MAIL FROM:<a@-b.c>": FaultKind.SENDER,
    b"MAIL FROM:<a@b.c.>": FaultKind.SENDER,
    b"MAIL FROM:<a@[999.1.1.1]>": FaultKind.SENDER,
    b"MAIL FROM:<" + b"a" * 65 + b"@b.c>": FaultKind.SENDER,
    b"MAIL FROM:<a@" + b"b." * 130 + b"c>": FaultKind.SENDER,
    b"MAIL FROM:<a@b.c>SIZE=1": FaultKind.SYNTAX,
    b"MAIL FROM:<a@b.c> SIZE=x": FaultKind.SYNTAX,
    b"MAIL FROM:<a@b.c> SIZE=" + b"9" * 21: FaultKind.SYNTAX,
    b"MAIL FROM:<a@b.c> SIZE=1 SIZE=2": FaultKind.SYNTAX,
    b"MAIL FROM:<a@b.c> BODY=BINARYMIME": FaultKind.SYNTAX,
    b"MAIL FROM:<a@b.c> SMTPUTF8=yes": FaultKind.SYNTAX,
    b"MAIL FROM:<a@b.c> RET=FULL": FaultKind.PARAMETER,
    b"RCPT TO:<>": FaultKind.RECIPIENT,
    b"RCPT TO:<someone>": FaultKind.RECIPIENT,
    b"RCPT TO:<a@b.c> NOTIFY=NEVER": FaultKind.PARAMETER,
    b"RCPT TO:<a@b.c>\tx": FaultKind.OCTETS,
    b"RCPT TO:<a\xff@b.c>": FaultKind.OCTETS,
    b"DATA now": FaultKind.SYNTAX,
    b"STARTTLS x": FaultKind.SYNTAX,
    b"BDAT": FaultKind.SYNTAX,
    b"BDAT -1": FaultKind.SYNTAX,
    b"BDAT 1 LOST": FaultKind.SYNTAX,
    b"BDAT " + b"1" * 19: FaultKind.SYNTAX,
    b"AUTH": FaultKind.SYNTAX,
    b"VRFY": FaultKind.SYNTAX,
}


@pytest.mark.parametrize("line", GOOD, ids=repr)
def test_good_lines(line: bytes) -> None:
    assert parse_command(line) == GOOD[line]


@pytest.mark.parametrize("line", BAD, ids=lambda line: repr(line[:40]))
def test_bad_lines(line: bytes) -> None:
    fault = parse_command(line)
    assert isinstance(fault, Fault)
    assert fault.kind is BAD[line]


@given(st.one_of(st.binary(max_size=80), st.tuples(st.sampled_from(sorted(VERBS)), st.text(max_size=60)).map(" ".join)))
@settings(max_examples=300, deadline=None)
def test_no_line_raises(line: bytes | str) -> None:
    parse_command(line.encode(errors="surrogatepass") if isinstance(line, str) else line)


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_an_accepted_mailbox_reads_the_same_again(text: str) -> None:
    first = read_mailbox(f"{text.encode(errors='ignore').decode()}@example.org")
    if first is not None:
        assert read_mailbox(first.address) == first


def test_domains() -> None:
    assert valid_domain("a" * 63 + ".example")
    assert not valid_domain("a" * 64 + ".example")
    assert valid_domain("[IPv6:::1]")
    assert not valid_domain("[IPv6:zz]")
    assert valid_domain("[tag:anything]")


def test_replies_cannot_break_out() -> None:
    assert reply(250, "2.0.0", "a", "b").encode() == b"250-2.0.0 a\r\n250 2.0.0 b\r\n"
    assert reply(250, "", "host").encode() == b"250 host\r\n"
    for bad in ("a\r\nb", "a\nb", "a\0", "a\x7f", "a\u2028b", "x" * 600):
        with pytest.raises(ValueError):
            reply(250, "2.0.0", bad)
    for code, status, lines in ((250, "5.0.0", ("x",)), (250, "2.0", ("x",)), (99, "", ("x",)), (250, "", ())):
        with pytest.raises(ValueError):
            Reply(code, status, lines)
