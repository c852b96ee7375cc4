"""The ManageSieve engine: commands, literals, SASL responses; the same however the input is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.managesieve.commands import (
    Authenticate,
    Capability,
    CheckScript,
    DeleteScript,
    Fault,
    FaultKind,
    GetScript,
    HaveSpace,
    ListScripts,
    Logout,
    Noop,
    PutScript,
    RenameScript,
    SetActive,
    StartTls,
    Unauthenticate,
)
from gatepost.proto.managesieve.engine import BEFORE_SIGN_IN, MAX_LINE, ManageSieveEngine
from gatepost.proto.managesieve.grammar import read_name
from gatepost.proto.managesieve.reply import Kind, Reply, encode_string, no, ok
from gatepost.proto.sasl_response import SaslCancelled, SaslMalformed, SaslResponse

CUTS = (0, 1, 2, 3, 7, 64)


def converse(data: bytes, size: int = 0) -> tuple[list[object], bytes, int]:
    engine = ManageSieveEngine()
    events: list[object] = []
    most = 0
    for start in range(0, len(data), size or len(data) or 1):
        engine.receive_data(data[start : start + (size or len(data))])
        while (event := engine.next_event()) is not None:
            events.append(event)
            if isinstance(event, Authenticate | SaslResponse):
                engine.challenge(b"more")
            else:
                engine.send(ok())
        most = max(most, engine.pending)
    return events, engine.take_output(), most


@pytest.mark.parametrize("size", CUTS)
def test_every_command_in_any_pieces(size: int) -> None:
    data = (
        b'capability\r\nStartTls\r\nAUTHENTICATE "plain" "AGEAYg=="\r\n{1+}\r\n*\r\nAUTHENTICATE "LOGIN"\r\n"YQ=="\r\n""\r\n"?"\r\n'
        b'HAVESPACE "a" 99\r\nPUTSCRIPT "my \\"script\\"" {7+}\r\nkeep;\r\n\r\nPutscript {1+}\r\na "stop;"\r\nLISTSCRIPTS\r\n'
        b'SETACTIVE ""\r\nSETACTIVE {1+}\r\na\r\nGETSCRIPT "a"\r\nDELETESCRIPT "a"\r\nRENAMESCRIPT "a" {1+}\r\nb\r\n'
        b'CHECKSCRIPT {0+}\r\n\r\nNOOP\r\nNOOP "x\\\\y"\r\nUNAUTHENTICATE\r\nLOGOUT\r\n'
    )
    assert converse(data, size)[0] == [
        Capability(),
        StartTls(),
        Authenticate("PLAIN", SaslResponse(b"\0a\0b")),
        SaslCancelled(),
        Authenticate("LOGIN"),
        SaslResponse(b"a"),
        SaslResponse(b""),
        SaslMalformed(),
        HaveSpace("a", 99),
        PutScript('my "script"', b"keep;\r\n"),
        PutScript("a", b"stop;"),
        ListScripts(),
        SetActive(""),
        SetActive("a"),
        GetScript("a"),
        DeleteScript("a"),
        RenameScript("a", "b"),
        CheckScript(b""),
        Noop(),
        Noop(b"x\\y"),
        Unauthenticate(),
        Logout(),
    ]


FAULTS = {
    b"": FaultKind.SYNTAX,
    b'"NOOP"': FaultKind.SYNTAX,
    b"FROB": FaultKind.UNKNOWN,
    b"GETSCRIPT a": FaultKind.SYNTAX,
    b'GETSCRIPT "a': FaultKind.SYNTAX,
    b'GETSCRIPT "a\\x"': FaultKind.SYNTAX,
    b'GETSCRIPT "a""b"': FaultKind.SYNTAX,
    b'GETSCRIPT "a" "b"': FaultKind.SYNTAX,
    b'GETSCRIPT ""': FaultKind.NAME,
    b'GETSCRIPT "a\x01"': FaultKind.NAME,
    b'GETSCRIPT "\xff"': FaultKind.NAME,
    'GETSCRIPT "\u2028"'.encode(): FaultKind.NAME,
    b'GETSCRIPT "' + b"a" * 129 + b'"': FaultKind.NAME,
    b'HAVESPACE "a" 01': FaultKind.SYNTAX,
    b'HAVESPACE "a" 4294967296': FaultKind.SYNTAX,
    b'HAVESPACE "a" "1"': FaultKind.SYNTAX,
    b"LOGOUT now": FaultKind.SYNTAX,
    b"NO\nOP": FaultKind.SYNTAX,
    b'FROB "x" {4+}\r\nNOOP': FaultKind.UNKNOWN,
    b"?( {4+}\r\nNOOP": FaultKind.SYNTAX,
    b"NOOP" + b" a" * 30: FaultKind.SYNTAX,
    b'PUTSCRIPT "a" {20000+}\r\n' + b"x" * 20000: FaultKind.TOO_LARGE,
    b"PUTSCRIPT {9000+}\r\n" + b"x" * 9000 + b" {9000+}\r\n" + b"LOGOUT\r\n" + b"x" * 8992: FaultKind.TOO_LARGE,
    b"GETSCRIPT {1}": FaultKind.LOST,
    b"GETSCRIPT {4294967296+}": FaultKind.LOST,
    b"GETSCRIPT {99999999999+}": FaultKind.LOST,
    b"GETSCRIPT {99999999999}": FaultKind.LOST,
    b"NOOP " + b"x" * MAX_LINE: FaultKind.LOST,
}


@pytest.mark.parametrize("line", FAULTS, ids=lambda line: repr(line[:30]))
@pytest.mark.parametrize("size", [0, 3, 64])
def test_faults(line: bytes, size: int) -> None:
    """What follows a fault is read where it really begins."""
    events, _, most = converse(line + b"\r\nNOOP\r\n", size)
    assert events == [Fault(FAULTS[line]), Noop()]
    assert most <= MAX_LINE + BEFORE_SIGN_IN + 64


def test_a_literal_over_the_budget_is_never_held() -> None:
    data = b'PUTSCRIPT "a" {3000000+}\r\n' + b"x" * 3_000_000 + b"\r\n"
    events, _, most = converse(data, 4096)
    assert events == [Fault(FaultKind.TOO_LARGE)]
    assert most <= BEFORE_SIGN_IN + 4096


@pytest.mark.parametrize("size", CUTS)
def test_a_response_that_is_none_is_malformed(size: int) -> None:
    for response in (b"bare", b'"YQ==" "YQ=="', b'"unfinished', b"{20000+}\r\n" + b"A" * 20000):
        data = b'AUTHENTICATE "LOGIN"\r\n' + response + b"\r\nNOOP\r\n"
        assert converse(data, size)[0] == [Authenticate("LOGIN"), SaslMalformed(), Noop()]


def test_names() -> None:
    assert read_name("a\u0308".encode()) == "ä"  # RFC 5198 §2: NFC
    assert read_name(("ä" * 128).encode()) == "ä" * 128
    for bad in (b"", b"a" * 129, b"\0", b"a\r\nb", b"\x7f", "\u0085".encode(), "\u2029".encode(), b"\xc3"):
        assert read_name(bad) is None
    assert read_name(b"", empty=True) == ""


def test_replies() -> None:
    assert ok().encode() == b"OK\r\n"
    assert no('No "such"', "NONEXISTENT").encode() == b'NO (NONEXISTENT) "No \\"such\\""\r\n'
    assert Reply(Kind.OK, "Done", "TAG", b"a\r\nb").encode() == b'OK (TAG {4}\r\na\r\nb) "Done"\r\n'
    assert ok("one\r\ntwo").encode() == b"OK {8}\r\none\r\ntwo\r\n"
    assert encode_string(b"x" * 2000).startswith(b"{2000}\r\n")
    for bad in ("a\nb", "a\rb", "\0", "\x7f", "\u2028"):
        with pytest.raises(ValueError):
            no(bad)
    for code in ("a)", "A B", "/A"):
        with pytest.raises(ValueError):
            no("x", code)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    b"\r\n",
                    b" ",
                    b'"',
                    b'"a"',
                    b"{3+}\r\n",
                    b"{0+}\r\n",
                    b"{5}",
                    b'AUTHENTICATE "X"\r\n',
                    b"PUTSCRIPT ",
                    b"NOOP",
                ]
            ),
            st.binary(max_size=9),
        ),
        max_size=30,
    ).map(b"".join),
    st.integers(1, 9),
)
@settings(max_examples=200, deadline=None)
def test_cutting_changes_nothing_and_nothing_raises(data: bytes, size: int) -> None:
    assert converse(data)[:2] == converse(data, size)[:2]


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_a_string_sent_reads_the_same(octets: bytes) -> None:
    data = (
        encode_string(octets).replace(b"}\r\n", b"+}\r\n", 1)
        if encode_string(octets).startswith(b"{")
        else encode_string(octets)
    )
    assert converse(b"NOOP " + data + b"\r\n")[0] == [Noop(octets)]
