"""The POP3 engine: commands, SASL responses, dot-stuffing; the same however the input is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.pop3.commands import (
    Auth,
    Capa,
    Dele,
    Fault,
    FaultKind,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from gatepost.proto.pop3.engine import MAX_AUTH, MAX_COMMAND, Pop3Engine
from gatepost.proto.pop3.reply import err, ok
from gatepost.proto.pop3.stuffing import BodyLines, DotStuffer
from gatepost.proto.sasl_response import SaslCancelled, SaslMalformed, SaslResponse

CUTS = (0, 1, 2, 3, 7, 64)


def converse(data: bytes, size: int = 0) -> tuple[list[object], bytes, int]:
    engine = Pop3Engine()
    events: list[object] = []
    most = 0
    for start in range(0, len(data), size or len(data) or 1):
        engine.receive_data(data[start : start + (size or len(data))])
        while (event := engine.next_event()) is not None:
            events.append(event)
            if isinstance(event, Auth | SaslResponse):
                engine.challenge(b"more")
            else:
                engine.send(ok("Done"))
        most = max(most, engine.pending)
    return events, engine.take_output(), most


@pytest.mark.parametrize("size", CUTS)
def test_every_command_in_any_pieces(size: int) -> None:
    data = (
        b"capa\r\nSTLS\r\nUTF8\r\nUSER ada lovelace\r\nPASS  two  blanks \r\nAUTH plain =\r\n*\r\nAUTH LOGIN\r\nYQ==\r\n?\r\n"
        b"STAT\r\nLIST\r\nlist 2\r\nUIDL\r\nUIDL 3\r\nRETR 1\r\nTOP 1 0\r\nDELE 4\r\nNOOP\r\nRSET\r\nQUIT\r\n"
    )
    assert converse(data, size)[0] == [
        Capa(),
        Stls(),
        Utf8(),
        User("ada lovelace"),
        Pass(b" two  blanks "),
        Auth("PLAIN", SaslResponse(b"")),
        SaslCancelled(),
        Auth("LOGIN"),
        SaslResponse(b"a"),
        SaslMalformed(),
        Stat(),
        List(),
        List(2),
        Uidl(),
        Uidl(3),
        Retr(1),
        Top(1, 0),
        Dele(4),
        Noop(),
        Rset(),
        Quit(),
    ]


FAULTS = {
    b"": FaultKind.UNKNOWN,
    b"APOP ada c4c9334bac560ecc979e58001b3e22fb": FaultKind.UNKNOWN,
    b"RETR": FaultKind.SYNTAX,
    b"RETR x": FaultKind.SYNTAX,
    b"RETR 1 2": FaultKind.SYNTAX,
    b"RETR -1": FaultKind.SYNTAX,
    "RETR ٣".encode(): FaultKind.SYNTAX,
    b"RETR " + b"1" * 11: FaultKind.SYNTAX,
    b"TOP 1": FaultKind.SYNTAX,
    b"USER": FaultKind.SYNTAX,
    b"PASS": FaultKind.SYNTAX,
    b"AUTH PLAIN = =": FaultKind.SYNTAX,
    b"STAT now": FaultKind.SYNTAX,
    b"USER a\xff": FaultKind.OCTETS,
    b"USER a\0b": FaultKind.OCTETS,
    b"NOOP\nQUIT": FaultKind.OCTETS,
    b"PASS " + b"x" * MAX_COMMAND: FaultKind.TOO_LONG,
    b"AUTH PLAIN " + b"x" * MAX_AUTH: FaultKind.TOO_LONG,
}


@pytest.mark.parametrize("line", FAULTS, ids=lambda line: repr(line[:30]))
@pytest.mark.parametrize("size", [0, 3])
def test_faults(line: bytes, size: int) -> None:
    events, _, most = converse(line + b"\r\nNOOP\r\n", size)
    assert events == [Fault(FAULTS[line]), Noop()]
    assert most <= MAX_AUTH + 8


def test_a_password_shows_in_no_repr() -> None:
    assert "secret" not in repr(Pass(b"secret"))


def test_replies_cannot_break_out() -> None:
    assert err("No", "IN-USE").encode() == b"-ERR [IN-USE] No\r\n"
    for bad in ("a\r\nb", "\0", "\x7f", "ä", "[X] y", "x" * 600):
        with pytest.raises(ValueError):
            ok(bad)
    with pytest.raises(ValueError):
        err("x", "a]")


def sent(message: bytes, size: int) -> bytes:
    engine = Pop3Engine()
    engine.begin_content()
    for start in range(0, len(message), size):
        engine.send_content(message[start : start + size])
    engine.end_content()
    return engine.take_output()


def test_stuffing_by_example() -> None:
    assert sent(b"", 1) == b".\r\n"
    assert sent(b".\r\n..\r\na.\r\n", 1) == b"..\r\n...\r\na.\r\n.\r\n"
    assert sent(b"no end", 2) == b"no end\r\n.\r\n"
    assert sent(b"half\r", 2) == b"half\r\r\n.\r\n"
    assert sent(b"a\n.\nb\r\n", 3) == b"a\n..\nb\r\n.\r\n"


@given(st.lists(st.sampled_from([b"a", b".", b"\r\n", b"\n", b"\r"]), max_size=40).map(b"".join), st.integers(1, 7))
@settings(max_examples=200, deadline=None)
def test_no_line_of_a_message_is_a_lone_dot(message: bytes, size: int) -> None:
    """Neither for a client that reads up to CRLF nor for one that reads up to LF; and cutting changes nothing."""
    octets = sent(message, size)
    assert octets == sent(message, 1000)
    assert octets.endswith(b".\r\n")
    inner = octets[:-3]
    assert not inner or inner.endswith(b"\r\n")
    assert all(line.rstrip(b"\r") != b"." for line in inner.split(b"\n"))


@given(st.lists(st.sampled_from([b"a", b".", b"\r\n"]), max_size=40).map(b"".join), st.integers(1, 7))
@settings(max_examples=100, deadline=None)
def test_a_client_gets_the_message_back(message: bytes, size: int) -> None:
    stuffed = sent(message, size)[:-3]
    lines = [line[1:] if line.startswith(b".") else line for line in stuffed.split(b"\r\n")]
    whole = message if not message or message.endswith(b"\r\n") else message + b"\r\n"
    assert b"\r\n".join(lines) == whole


@given(st.binary(max_size=60), st.integers(0, 5), st.integers(1, 7))
@settings(max_examples=100, deadline=None)
def test_body_lines(body: bytes, limit: int, size: int) -> None:
    lines = BodyLines(limit)
    taken = b"".join(lines.take(body[start : start + size]) for start in range(0, len(body), size))
    assert taken == b"".join(
        part + b"\n" if number < body.count(b"\n") else part for number, part in enumerate(body.split(b"\n")[:limit])
    )


@given(
    st.lists(
        st.one_of(st.sampled_from([b"\r\n", b"\n", b"AUTH X\r\n", b"RETR 1\r\n", b"YQ==\r\n"]), st.binary(max_size=9)),
        max_size=30,
    ).map(b"".join),
    st.integers(1, 9),
)
@settings(max_examples=150, deadline=None)
def test_cutting_changes_nothing_and_nothing_raises(data: bytes, size: int) -> None:
    assert converse(data)[:2] == converse(data, size)[:2]


def test_a_stuffer_is_new_for_each_message() -> None:
    stuffer = DotStuffer()
    assert stuffer.feed(b"") == b""
    assert stuffer.end() == b".\r\n"
