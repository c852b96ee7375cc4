"""What a peer may not do to us: inject before TLS, send lines without end, smuggle, go silent, or go away half-way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from running import ADA, ADA_PASSWORD, GRACE, GRACE_PASSWORD, Running, plain

from gatepost.cli.knock import Answer
from gatepost.model.connection import Door
from gatepost.model.events import Delivered

Start = Callable[..., Awaitable[Running]]
PEER = "127.0.5.1"

STARTTLS = {
    Door.SMTP: (b"EHLO x\r\n", b"STARTTLS\r\n", b"EHLO injected\r\nMAIL FROM:<>\r\n"),
    Door.SUBMISSION: (b"EHLO x\r\n", b"STARTTLS\r\n", b"EHLO injected\r\n"),
    Door.IMAP: (b"", b"a STARTTLS\r\n", b"b CAPABILITY\r\n"),
    Door.POP3: (b"", b"STLS\r\n", b"CAPA\r\n"),
    Door.MANAGESIEVE: (b"", b"STARTTLS\r\n", b"CAPABILITY\r\n"),
}


async def _all(reader: asyncio.StreamReader, seconds: float = 10) -> bytes:
    """Until the server closes; a reset counts as closing."""
    text = b""
    async with asyncio.timeout(seconds):
        try:
            while more := await reader.read(65536):
                text += more
        except OSError:
            pass
    return text


@pytest.mark.parametrize("door", STARTTLS)
async def test_plaintext_before_tls_ends_the_connection(start: Start, door: Door) -> None:
    running = await start()
    hello, starttls, injected = STARTTLS[door]
    reader, writer = await running.open(door, PEER)
    await reader.read(4096)
    if hello:
        writer.write(hello)
        await reader.read(4096)
    writer.write(starttls + injected)
    answer = await _all(reader)
    # no answer to what was injected: at most the go-ahead, then the end
    assert answer.count(b"\r\n") <= 1
    assert b"CAPABILITY IMAP" not in answer


@pytest.mark.parametrize("door", [Door.SMTP, Door.IMAP, Door.POP3, Door.MANAGESIEVE, Door.HTTP])
async def test_a_line_without_end_is_bounded(start: Start, door: Door) -> None:
    running = await start()
    assert running.server is not None
    reader, writer = await running.open(door, PEER)
    junk = b"A" * 65536
    sent = 0
    worst = 0
    try:
        async with asyncio.timeout(30):
            while sent < 16 * 1024 * 1024:
                writer.write(junk)
                await writer.drain()
                sent += len(junk)
                worst = max(worst, running.server.budget.held)
    except OSError:
        pass
    assert worst < 1024 * 1024
    writer.transport.abort()
    assert await running.sign_in("127.0.5.2", ADA_PASSWORD) is Answer.GRANTED
    _ = reader


async def test_a_literal_before_login_is_refused(start: Start) -> None:
    running = await start()
    reader, writer = await running.open(Door.IMAP, PEER)
    await reader.readline()
    writer.write(b"a LOGIN {200000000+}\r\n" + b"x" * 200_000)
    answer = await reader.read(4096)
    assert b"+ " not in answer[:2]
    assert b"BAD" in answer or b"BYE" in answer or b"NO" in answer


@pytest.mark.parametrize("end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n"])
@pytest.mark.parametrize("door", [Door.SMTP, Door.SUBMISSION])
async def test_nothing_is_smuggled(start: Start, end: bytes, door: Door) -> None:
    running = await start()
    reader, writer = await running.open(door, PEER)
    auth = f"AUTH PLAIN {plain(GRACE, GRACE_PASSWORD)}\r\n".encode() if door is Door.SUBMISSION else b""
    letter = b"From: grace@example.org\r\nSubject: outer\r\n\r\nbody"
    inner = b"MAIL FROM:<grace@example.org>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\nSubject: inner\r\n\r\nx\r\n.\r\n"
    writer.write(b"EHLO x\r\n" + auth + b"MAIL FROM:<grace@example.org>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n")
    await asyncio.sleep(0)
    writer.write(letter + end + inner + b"QUIT\r\n")
    answer = await _all(reader)
    assert b"221 " in answer
    # the bare CR or LF makes the whole of it one refused message
    assert running.of(Delivered) == []
    assert answer.count(b"\r\n354 ") == 1


async def test_a_half_closed_peer_is_still_answered(start: Start) -> None:
    running = await start()
    reader, writer = await running.open(Door.SMTP, PEER)
    writer.write(b"EHLO x\r\nMAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n")
    writer.write(b"Subject: half\r\n\r\nclosed\r\n.\r\nQUIT\r\n")
    writer.write_eof()
    answer = await _all(reader)
    assert answer.rstrip().endswith(b"221 2.0.0 mail.example.org closing") or b"221 " in answer
    assert len(running.of(Delivered)) == 1


async def test_a_message_cut_off_half_way_is_not_delivered(start: Start) -> None:
    running = await start()
    reader, writer = await running.open(Door.SMTP, PEER)
    writer.write(b"EHLO x\r\nMAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n")
    writer.write(b"Subject: never finished\r\n\r\nand then")
    await reader.read(4096)
    writer.close()
    await asyncio.sleep(0.1)
    assert running.of(Delivered) == []
    assert running.server is not None
    async with asyncio.timeout(5):
        while len(running.server.house.live):
            await asyncio.sleep(0.01)
    assert running.server.budget.held == 0


async def test_a_silent_peer_is_shown_out(start: Start) -> None:
    running = await start(extra='---\n[imap]\nlogin_timeout = "300ms"\n[pop3]\nsign_in_timeout = "300ms"')
    for door in (Door.IMAP, Door.POP3):
        reader, _writer = await running.open(door, PEER)
        answer = await _all(reader, 10)
        assert answer.count(b"\r\n") == 2, door
    _ = ADA
