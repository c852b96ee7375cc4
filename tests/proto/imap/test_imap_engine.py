"""The engine: assembling commands, literals and their budgets, and the laws of the engine contract."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.imap.commands import Append, Capability, Idle, Login, Noop, Select
from gatepost.proto.imap.engine import ImapEngine
from gatepost.proto.imap.events import GaveUp, IdleDone, Malformed, Received, SaslResponse
from gatepost.proto.imap.limits import BEFORE_LOGIN, SASL_LINE, after_login

AFTER = after_login(100_000)


def hear(data: bytes, limits=BEFORE_LOGIN, size: int | None = None):
    """All events, and the output, of `data` fed in pieces of `size`."""
    engine = ImapEngine(limits)
    events, output = [], b""
    for start in range(0, len(data), size or max(1, len(data))):
        engine.receive_data(data[start : start + (size or len(data))])
        while (event := engine.next_event()) is not None:
            events.append(event)
        output += engine.take_output()
    return events, output


def test_a_command_and_its_tag():
    assert hear(b"a1 noop\r\nA2 CAPABILITY\r\n")[0] == [Received("a1", Noop()), Received("A2", Capability())]


def test_a_synchronising_literal_is_asked_for():
    events, output = hear(b"a SELECT {5}\r\nInbox\r\n")
    assert events == [Received("a", Select(b"Inbox", read_only=False))]
    assert output == b"+ OK\r\n"


def test_non_synchronising_literals_are_not_asked_for():
    events, output = hear(b"a LOGIN {3+}\r\nada {6+}\r\npa\r\nss\r\n")
    [event] = events
    assert isinstance(event.command, Login)
    assert (event.command.login, event.command.password.reveal()) == ("ada", b"pa\r\nss")
    assert output == b""


def test_literals_before_login_are_small_and_nothing_is_asked_for():
    events, output = hear(b"a LOGIN ada {8193}\r\nb NOOP\r\n")
    assert events == [Malformed("a", "Literal too large", "TOOBIG", no=True), Received("b", Noop())]
    assert output == b""


def test_a_refused_literal_that_comes_anyway_is_read_past():
    """RFC 7888 §4: its octets are never read as commands."""
    octets = b"x NOOP\r\n" * 2000
    events, _ = hear(b"a LOGIN ada {%d+}\r\n%b\r\nb NOOP\r\n" % (len(octets), octets))
    assert events == [Malformed("a", "Literal too large", "TOOBIG", no=True), Received("b", Noop())]


def test_a_huge_literal_ends_the_connection_and_holds_nothing():
    engine = ImapEngine(BEFORE_LOGIN)
    engine.receive_data(b"a LOGIN ada {200000000+}\r\n")
    assert engine.next_event() == GaveUp("Literal too large", "TOOBIG")
    engine.receive_data(b"x" * 100_000)
    assert engine.next_event() is None
    assert engine.pending == 0


def test_literals_of_unknown_commands_are_refused_before_they_come():
    assert hear(b"a XYZZY {10}\r\nb NOOP\r\n")[0] == [Malformed("a", "Unknown command"), Received("b", Noop())]


def test_more_literals_than_a_command_may_have():
    events, _ = hear(b"a LOGIN" + b" {1+}\r\nx" * 5 + b"\r\nb NOOP\r\n")
    assert events == [Malformed("a", "Too many literals", "LIMIT"), Received("b", Noop())]


def test_an_over_long_line_ends_the_connection():
    """Its end may announce a literal whose octets would be read as commands."""
    events, _ = hear(b"a NOOP " + b"x" * 9000 + b" {8+}\r\nb LOGOUT\r\n")
    assert events == [GaveUp("Command too long")]
    assert hear(b"a " + b"x" * (SASL_LINE * 2) + b"\r\nb NOOP\r\n")[0] == [GaveUp("Line too long")]


def test_authenticate_may_have_a_long_initial_response():
    [event] = hear(b"a AUTHENTICATE OAUTHBEARER " + b"QUJD" * 3000 + b"\r\n")[0]
    assert isinstance(event, Received)


def test_append_takes_a_message_and_others_do_not():
    message = b"Subject: x\r\n\r\n\0\r\n" + b"y" * 90_000
    [event] = hear(b"a APPEND Sent (\\Seen) {%d+}\r\n%b\r\n" % (len(message), message), AFTER)[0]
    assert isinstance(event.command, Append)
    assert event.command.messages[0].content == message
    events, output = hear(b"a SUBSCRIBE {90000}\r\nb NOOP\r\n", AFTER)
    assert events[0] == Malformed("a", "Literal too large", "TOOBIG", no=True)
    assert output == b""


@pytest.mark.parametrize(
    "line",
    [b"", b" NOOP", b"+ NOOP", b"a", b"a ", b"a  NOOP", b"a NOOP ", b"a\0b NOOP", b"a FROB", b"a UID NOOP", b"a NOOP x",
     b"a LOGIN x", b'a LOGIN "x y', b"a SELECT \xff\"", b"a FETCH 0 FLAGS", b"a LOGIN {3", b"a FETCH 1 BODY[", b"a\rb NOOP"],
)  # fmt: skip
def test_what_is_no_command_is_malformed(line):
    events, _ = hear(line + b"\r\nz NOOP\r\n", AFTER)
    assert isinstance(events[0], Malformed)
    assert events[-1] == Received("z", Noop())


def test_sasl_responses_and_idle():
    engine = ImapEngine(BEFORE_LOGIN)
    engine.receive_data(b"AGFkYQBwdw==\r\n*\r\n!!!\r\n" + b"A" * (SASL_LINE + 9) + b"\r\ni IDLE\r\n")
    heard = []
    for _ in range(4):
        engine.challenge(b"hi")
        heard.append(engine.next_event())
    assert heard == [
        SaslResponse(b"\0ada\0pw"),
        SaslResponse(None, cancelled=True),
        SaslResponse(None),
        SaslResponse(None),
    ]
    assert engine.next_event() == Received("i", Idle())
    engine.idle()
    engine.receive_data(b"done\r\n")
    assert engine.next_event() == IdleDone()
    assert engine.take_output() == b"+ aGk=\r\n" * 4 + b"+ idling\r\n"


def packed(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
def test_compression(size):
    """RFC 4978: what was queued before is plain; what follows the command in one packet is not."""
    engine = ImapEngine(AFTER)
    text = b"a COMPRESS DEFLATE\r\n" + packed(b"b NOOP\r\nc SELECT {5}\r\nINBOX\r\n" * 3)
    heard, output, inflate = [], b"", zlib.decompressobj(-15)
    for start in range(0, len(text), size):
        engine.receive_data(text[start : start + size])
        while (event := engine.next_event()) is not None:
            heard.append(event.tag)
            engine.send(event.tag.encode() + b" OK\r\n")
            if event.tag == "a":
                engine.compress()
        output += engine.take_output()
    assert heard == ["a", "b", "c", "b", "c", "b", "c"]
    assert output.startswith(b"a OK\r\n")
    assert inflate.decompress(output[6:]) == b"b OK\r\n+ OK\r\nc OK\r\n" * 3


def test_a_bomb_is_inflated_a_block_at_a_time():
    engine = ImapEngine(AFTER)
    engine.compress()
    engine.receive_data(packed(b"x" * 50_000_000))
    assert engine.next_event() is None
    assert engine.pending < 200_000
    engine.receive_data(b"\xff\xff\xff")
    assert engine.next_event() == GaveUp("That was not compressed")
    engine.receive_data(b"more")
    assert engine.next_event() is None
    assert engine.pending == 0


_WORDS = [
    b"a ", b"NOOP", b"LOGIN ", b"{3}\r\n", b"{5+}\r\n", b"{99999+}\r\n", b"~{2+}\r\n", b"abc", b"\r\n", b" ", b'"', b"\\",
    b"UID ", b"FETCH ", b"1:*", b"(", b")", b"BODY[", b"]", b"SEARCH ", b"OR ", b"NOT ", b"\0", b"\xff", b"\r", b"\n", b"$",
    b"APPEND x ", b"STORE ", b"+FLAGS ", b"LIST ", b'"" *', b"SELECT ", b"*", b",",
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=40).map(b"".join), st.integers(1, 9), st.booleans())
def test_cutting_the_input_changes_nothing_and_nothing_raises(data, size, known):
    limits = AFTER if known else BEFORE_LOGIN
    whole, cut = hear(data, limits), hear(data, limits, size)
    assert [repr(event) for event in whole[0]] == [repr(event) for event in cut[0]]
    assert whole[1] == cut[1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([*_WORDS, b"x" * 5000]), max_size=60).map(b"".join))
def test_what_is_held_stays_within_the_budget(data):
    engine = ImapEngine(BEFORE_LOGIN)
    for start in range(0, len(data), 1024):
        engine.receive_data(data[start : start + 1024])
        while engine.next_event() is not None:
            pass
        engine.take_output()
        assert engine.pending <= BEFORE_LOGIN.line + BEFORE_LOGIN.literals * BEFORE_LOGIN.literal + SASL_LINE + 1024


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        (b"a UID REPLACE 1 X {70000}\r\n", True),
        (b"a uid copy 1 {10}\r\n", True),
        (b"a UID COPY 1 {70000}\r\n", False),
        (b"a UID APPEND X {10}\r\n", False),
        (b"a UID LOGIN {10}\r\n", False),
    ],
)
def test_the_uid_forms_take_the_literals_that_they_can_use(line, taken):
    engine = ImapEngine(after_login(100_000))
    engine.receive_data(line)
    assert (engine.next_event() is None) is taken
    assert (engine.take_output() == b"+ OK\r\n") is taken
