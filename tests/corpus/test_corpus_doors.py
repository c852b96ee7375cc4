"""The same messages by the other ways in and out: SMTP takes them, POP3 gives them back."""

from __future__ import annotations

import re

import pytest
from corpus_messages import some
from lineroom import HOST, PASSWORD, Peer, Room

from gatepost.model.connection import Door
from gatepost.net.conversation import Budget
from gatepost.services.pop3.options import Pop3Options
from gatepost.services.pop3.service import Pop3Service
from gatepost.services.smtp.options import SmtpOptions
from gatepost.services.smtp.service import SmtpService


def stuffed(content: bytes) -> bytes:
    """As DATA carries it (RFC 5321 §4.5.2): ending in CRLF, then the dot."""
    whole = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", whole) + b".\r\n"


def has_bare_end(content: bytes) -> bool:
    return re.search(rb"\r(?!\n)|(?<!\r)\n", content) is not None


@pytest.mark.timeout(180)
async def test_delivered_by_smtp_and_fetched_by_pop3(room: Room) -> None:
    messages = some(largest=200_000)
    smtp = SmtpService(
        role="mx",
        auth=room.auth,
        intake=room.intake,
        submission=room.submission,
        journal=room.journal,
        clock=room.clock,
        budget=Budget(256 << 20),
        hostname=HOST,
        options=SmtpOptions(),
    )
    taken: list[bytes] = []
    peer = await room.peer(await room.door(smtp, Door.SMTP))
    await reply(peer)
    await says(peer, b"EHLO client.example", b"250")
    for name, content in messages.items():
        await says(peer, b"MAIL FROM:<>", b"250")
        await says(peer, b"RCPT TO:<ada@example.org>", b"250")
        await says(peer, b"DATA", b"354")
        peer.write(stuffed(content))
        answer = await reply(peer)
        if has_bare_end(content):
            assert answer.startswith(b"5"), name
            peer = await room.peer(await room.door(smtp, Door.SMTP))  # such a peer gets few chances
            await reply(peer)
            await says(peer, b"EHLO client.example", b"250")
        elif answer.startswith(b"250"):
            taken.append(content)
        else:
            assert answer.startswith((b"552", b"554", b"550")), (name, answer)
    assert len(taken) > 100
    await fetched(room, taken)


async def fetched(room: Room, taken: list[bytes]) -> None:
    """RETR and TOP of everything; what is said first stands in the trace fields before it."""
    service = Pop3Service(
        auth=room.auth,
        mailboxes=room.mailboxes,
        journal=room.journal,
        clock=room.clock,
        budget=Budget(64 << 20),
        hostname=HOST,
        options=Pop3Options(),
    )
    peer = await room.peer(await room.door(service, Door.POP3))
    await peer.line()
    await says(peer, b"UTF8", b"+OK")
    await says(peer, b"USER ada@example.org", b"+OK")
    await says(peer, b"PASS " + PASSWORD.encode(), b"+OK %d " % len(taken))
    stored = await room.inbox()
    for number, (content, kept) in enumerate(zip(taken, stored, strict=True), 1):
        whole = content if content.endswith(b"\r\n") else content + b"\r\n"
        assert kept.endswith(whole)
        peer.write(b"RETR %d\r\n" % number)
        assert await peer.line() == b"+OK %d octets\r\n" % len(kept)
        assert await lines(peer) == kept
        peer.write(b"TOP %d 3\r\n" % number)
        assert (await peer.line()).startswith(b"+OK")
        top = await lines(peer)
        header, blank, body = kept.partition(b"\r\n\r\n")
        assert top == header + blank + b"".join(line + b"\r\n" for line in body.split(b"\r\n")[:-1][:3])
    await says(peer, b"QUIT", b"+OK")
    peer = await room.peer(await room.door(service, Door.POP3))  # once more without UTF8
    await peer.line()
    await says(peer, b"USER ada@example.org", b"+OK")
    await says(peer, b"PASS " + PASSWORD.encode(), b"+OK %d " % len(taken))
    for number, kept in enumerate(stored, 1):
        peer.write(b"RETR %d\r\n" % number)
        await peer.line()
        told = await lines(peer)
        header, _, body = kept.partition(b"\r\n\r\n")
        assert told.partition(b"\r\n\r\n")[0].isascii()
        assert told == kept or not (header.isascii() and body.isascii())
        assert told.endswith(body[-20:])


async def lines(peer: Peer) -> bytes:
    """A multi-line response without its final line, dots taken off (RFC 1939 §3)."""
    got = []
    while (line := await peer.line()) != b".\r\n":
        got.append(line.removeprefix(b"."))
    return b"".join(got)


async def reply(peer: Peer) -> bytes:
    return await peer.lines(lambda line: line[3:4] == b" ")


async def says(peer: Peer, command: bytes, expected: bytes) -> None:
    peer.write(command + b"\r\n")
    answer = await (peer.line() if expected.startswith(b"+") else reply(peer))
    assert answer.startswith(expected), (command, answer)
