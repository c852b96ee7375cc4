"""The SMTP engine: commands, content, SASL responses; the same however the input is cut."""

from __future__ import annotations

import itertools
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.sasl_response import SaslCancelled, SaslMalformed, SaslResponse
from gatepost.proto.smtp.commands import (
    Auth,
    Bdat,
    Content,
    ContentEnd,
    Data,
    Fault,
    FaultKind,
    Hello,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Reset,
    StartTls,
)
from gatepost.proto.smtp.engine import MAX_AUTH, MAX_COMMAND, SmtpEngine
from gatepost.proto.smtp.reply import reply

CUTS = (0, 1, 2, 3, 7, 64)
GO = reply(354, "", "Go")
OK = reply(250, "2.0.0", "Ok")


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data] if not size else [data[i : i + size] for i in range(0, len(data), size)]


def converse(data: bytes, size: int = 0, accept: bool = True) -> tuple[list[object], bytes, int]:
    """Events (content joined), output, and the most that was ever held."""
    engine = SmtpEngine()
    events: list[object] = []
    most = 0
    for piece in pieces(data, size):
        engine.receive_data(piece)
        while (event := engine.next_event()) is not None:
            if isinstance(event, Content):
                if events and isinstance(events[-1], Content):
                    events[-1] = Content(events[-1].octets + event.octets)
                else:
                    events.append(event)
                continue
            events.append(event)
            if isinstance(event, Data) and accept:
                engine.accept_content(GO)
            elif isinstance(event, Auth | SaslResponse):
                engine.challenge(b"go on")
            else:
                engine.send(OK)
        most = max(most, engine.pending)
    return events, engine.take_output(), most


SESSION = (
    b"EHLO client.example\r\nMAIL FROM:<ada@example.org> SIZE=12 BODY=8BITMIME\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n"
    b"Subject: x\r\n\r\n..dot\r\n.\r\nRSET\r\nMAIL FROM:<> SMTPUTF8\r\nBDAT 5\r\nab\r\ncBDAT 2 LAST\r\n\r\nNOOP x\r\nQUIT\r\n"
)


@pytest.mark.parametrize("size", CUTS)
def test_a_whole_session_is_the_same_in_any_pieces(size: int) -> None:
    events, output, _ = converse(SESSION, size)
    assert events == [
        Hello("client.example", True),
        Mail("ada@example.org", size=12, body="8BITMIME"),
        Rcpt("bob@example.net"),
        Data(),
        Content(b"Subject: x\r\n\r\n.dot\r\n"),
        ContentEnd(True, False),
        Reset(),
        Mail("", smtputf8=True),
        Bdat(5, False),
        Content(b"ab\r\nc"),
        ContentEnd(False, False),
        Bdat(2, True),
        Content(b"\r\n"),
        ContentEnd(True, False),
        Noop(),
        Quit(),
    ]
    assert output.count(b"\r\n") == 13


ENDS = [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\n\n", b""]
SMUGGLES = [
    before + b"." + after
    for before, after in itertools.product(ENDS, ENDS)
    if not (before.endswith(b"\r\n") and after.startswith(b"\r\n"))
]


@pytest.mark.parametrize("fake", SMUGGLES, ids=repr)
@pytest.mark.parametrize("size", [0, 1, 3])
def test_no_false_end_ends_data(fake: bytes, size: int) -> None:
    """What follows a false end is content of the same message, never a command; the message is marked."""
    smuggled = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<x@example.org>\r\nDATA\r\nevil\r\n"
    data = b"DATA\r\nSubject: a\r\n\r\nbody" + fake + smuggled + b".\r\nQUIT\r\n"
    events, _, _ = converse(data, size)
    assert [type(event) for event in events] == [Data, Content, ContentEnd, Quit]
    end = events[2]
    assert isinstance(end, ContentEnd)
    body = data[6 : data.index(b"\r\n.\r\nQUIT") + 2]
    loose = body.replace(b"\r\n", b"")
    assert end.bare_line_end == (b"\r" in loose or b"\n" in loose)


@pytest.mark.parametrize("size", CUTS)
def test_dots_at_the_very_begin(size: int) -> None:
    assert converse(b"DATA\r\n.\r\nQUIT\r\n", size)[0] == [Data(), ContentEnd(True, False), Quit()]
    assert converse(b"DATA\r\n..\r\n.\r\n", size)[0] == [Data(), Content(b".\r\n"), ContentEnd(True, False)]
    assert converse(b"DATA\r\n...x\r\n.\r\n", size)[0] == [Data(), Content(b"..x\r\n"), ContentEnd(True, False)]
    assert converse(b"DATA\r\n.x\r\n.\r\n", size)[0] == [Data(), Content(b"x\r\n"), ContentEnd(True, False)]


@pytest.mark.parametrize("size", CUTS)
def test_bare_line_ends_across_chunks(size: int) -> None:
    whole = converse(b"BDAT 2\r\na\rBDAT 2 LAST\r\n\nb", size)[0]
    assert whole[-1] == ContentEnd(True, False)
    split = converse(b"BDAT 2\r\na\rBDAT 1 LAST\r\nb", size)[0]
    assert split[-1] == ContentEnd(True, True)
    empty = converse(b"BDAT 2\r\na\rBDAT 0 LAST\r\nNOOP\r\n", size)[0]
    assert empty[-3:] == [Bdat(0, True), ContentEnd(True, True), Noop()]


@pytest.mark.parametrize("size", CUTS)
def test_lines_over_their_limit_are_swallowed_whole(size: int) -> None:
    data = b"NOOP " + b"x" * MAX_COMMAND + b"\r\nNOOP\r\n" + b"y" * (3 * MAX_AUTH) + b"\r\nQUIT\r\n"
    events, _, most = converse(data, size)
    assert events == [Fault(FaultKind.TOO_LONG), Noop(), Fault(FaultKind.TOO_LONG), Quit()]
    assert most <= MAX_AUTH + max(64, size)


@pytest.mark.parametrize("size", CUTS)
def test_sasl_responses(size: int) -> None:
    data = (
        b"auth Plain AGEAYg==\r\n*\r\nAUTH LOGIN\r\nYQ==\r\n!!\r\nAUTH PLAIN =\r\n"
        + b"A" * (MAX_AUTH + 4)
        + b"\r\nQUIT\r\n"
    )
    assert converse(data, size)[0] == [
        Auth("PLAIN", SaslResponse(b"\0a\0b")),
        SaslCancelled(),
        Auth("LOGIN", None),
        SaslResponse(b"a"),
        SaslMalformed(),
        Auth("PLAIN", SaslResponse(b"")),
        SaslMalformed(),
        Quit(),
    ]


def test_a_long_initial_response_fits() -> None:
    assert isinstance(converse(b"AUTH OAUTHBEARER " + b"QUFB" * 2500 + b"\r\n")[0][0], Auth)


def test_a_response_shows_no_password() -> None:
    assert "secret" not in repr(Auth("PLAIN", SaslResponse(b"secret")))


def test_a_refused_data_leaves_commands_commands() -> None:
    assert converse(b"DATA\r\nSTARTTLS\r\n", accept=False)[0] == [Data(), StartTls()]


def test_only_crlf_ends_a_command() -> None:
    assert converse(b"NOOP\nQUIT\r\nNOOP\rQUIT\r\nNO\0OP\r\n")[0] == [Fault(FaultKind.OCTETS, "NOOP")] * 2 + [
        Fault(FaultKind.OCTETS)
    ]


def test_large_content_is_never_held() -> None:
    data = b"DATA\r\n" + b"x" * 3_000_000 + b"\r\n.\r\n"
    events, _, most = converse(data, 65536)
    assert events[1] == Content(b"x" * 3_000_000 + b"\r\n")
    assert most <= 65536


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    b"\r\n",
                    b".",
                    b"\r",
                    b"\n",
                    b"DATA\r\n",
                    b"BDAT 3\r\n",
                    b"BDAT 0 LAST\r\n",
                    b"AUTH X\r\n",
                    b"MAIL FROM:<a@b>\r\n",
                ]
            ),
            st.binary(max_size=12),
            st.text(string.ascii_letters + " :<>@", max_size=9).map(str.encode),
        ),
        max_size=30,
    ),
    st.integers(1, 9),
)
@settings(max_examples=150, deadline=None)
def test_cutting_changes_nothing_and_nothing_raises(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    assert converse(data)[:2] == converse(data, size)[:2]


@given(st.lists(st.sampled_from([b"a", b".", b"\r\n", b"..", b"\r\n."]), max_size=40).map(b"".join), st.integers(1, 7))
@settings(max_examples=150, deadline=None)
def test_stuffing_then_reading_gives_the_message_back(text: bytes, size: int) -> None:
    message = text + b"\r\n"
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in message.split(b"\r\n"))
    events, _, _ = converse(b"DATA\r\n" + stuffed + b".\r\n", size)
    assert events == [Data(), Content(message), ContentEnd(True, False)]
