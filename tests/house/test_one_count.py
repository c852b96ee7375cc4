"""Law 1 and law 3 over real sockets: every door counts, and a banned address gets nothing at any of them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable

import pytest
from running import ADA, ADA_PASSWORD, Running, plain

from gatepost.cli.knock import Answer
from gatepost.model.connection import Door
from gatepost.model.events import Banned, SignInFailed

Start = Callable[..., Awaitable[Running]]


async def _converse(running: Running, door: Door, source: str, *lines: str) -> str:
    """Sends lines one after another, each after an answer came; everything that was answered."""
    reader, writer = await running.open(door, source)
    text = b""
    try:
        for line in lines:
            writer.write(line.encode() + b"\r\n")
            async with asyncio.timeout(20):
                text += await reader.read(4096)
        async with asyncio.timeout(20):
            while line_ends(text) <= len(lines):
                more = await reader.read(4096)
                if not more:
                    break
                text += more
    except OSError:
        pass
    finally:
        writer.transport.abort()
    return text.decode("latin-1")


def line_ends(text: bytes) -> int:
    return text.count(b"\r\n")


async def _imap_authenticate(running: Running, source: str, password: str) -> None:
    await _converse(running, Door.IMAP, source, f"a AUTHENTICATE PLAIN {plain(ADA, password)}")


async def _jmap(running: Running, source: str, authorization: str) -> str:
    reader, writer = await running.open(Door.HTTP, source)
    try:
        writer.write(f"GET /jmap/session HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode())
        async with asyncio.timeout(20):
            return (await reader.read(4096)).decode("latin-1")
    except OSError:
        return ""
    finally:
        writer.transport.abort()


async def _jmap_basic(running: Running, source: str, password: str) -> None:
    await _jmap(running, source, "Basic " + base64.b64encode(f"{ADA}:{password}".encode()).decode())


async def _jmap_bearer(running: Running, source: str, password: str) -> None:
    await _jmap(running, source, f"Bearer {password}")


def _at(door: Door) -> Callable[[Running, str, str], Awaitable[None]]:
    async def guess(running: Running, source: str, password: str) -> None:
        await running.sign_in(source, password, door=door)

    return guess


GUESSES = {
    "smtp-auth": _at(Door.SUBMISSION),
    "smtps-auth": _at(Door.SUBMISSIONS),
    "imap-login": _at(Door.IMAP),
    "imap-authenticate": _imap_authenticate,
    "pop3": _at(Door.POP3),
    "managesieve": _at(Door.MANAGESIEVE),
    "jmap-basic": _jmap_basic,
    "jmap-bearer": _jmap_bearer,
}


@pytest.mark.parametrize("way", GUESSES)
async def test_each_way_in_counts_one(start: Start, way: str) -> None:
    running = await start()
    await GUESSES[way](running, "127.0.1.1", "wrong-guess")
    failed = running.of(SignInFailed)
    assert [event.client for event in failed] == ["127.0.1.1"]
    assert failed[0].counted


async def test_a_mix_of_doors_fills_one_limit_and_bans_at_all_of_them(start: Start) -> None:
    running = await start()
    source = "127.0.1.2"
    ways = list(GUESSES.values())
    for number in range(10):
        await ways[number % len(ways)](running, source, f"guess-number-{number}")
    assert [event.network for event in running.of(Banned)] == [source]
    assert len(running.of(SignInFailed)) == 10
    for door in Door:
        assert await running.dropped(door, source), door
    assert await running.sign_in(source, ADA_PASSWORD) is Answer.DROPPED
    assert await running.sign_in("127.0.1.3", ADA_PASSWORD, login="grace@example.org") is not Answer.DROPPED


async def test_another_address_still_signs_in(start: Start) -> None:
    running = await start()
    assert await running.sign_in("127.0.1.9", ADA_PASSWORD) is Answer.GRANTED
    for number in range(10):
        await running.sign_in("127.0.1.2", f"guess-{number}", login=f"nobody{number}@example.org")
    assert await running.dropped(Door.IMAP, "127.0.1.2")
    assert await running.sign_in("127.0.1.9", ADA_PASSWORD) is Answer.GRANTED


async def test_connections_open_before_the_ban_are_closed_everywhere(start: Start) -> None:
    running = await start(
        'shared_addresses = "drop"\npolicy = "simple"\naddress_limit = "10/1h"\naccount_limit = "50/1h"'
    )
    source = "127.0.1.4"
    idle_reader, idle_writer = await running.open(Door.IMAP, source)
    idle_writer.write(f'a LOGIN "{ADA}" "{ADA_PASSWORD}"\r\nb SELECT INBOX\r\nc IDLE\r\n'.encode())
    async with asyncio.timeout(20):
        while b"+ " not in await idle_reader.read(4096):
            pass
    keep_reader, keep_writer = await running.open(Door.HTTP, source)
    keep_writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await keep_reader.read(4096)
    mx_reader, _mx_writer = await running.open(Door.SMTP, source)
    assert await mx_reader.read(4096)
    for number in range(10):
        await running.sign_in(source, f"guess-{number}")
    loop = asyncio.get_running_loop()
    banned = loop.time()
    async with asyncio.timeout(5):
        for reader in (idle_reader, keep_reader, mx_reader):
            with contextlib.suppress(ConnectionError):
                while await reader.read(4096):
                    pass
    assert loop.time() - banned < 0.1
    assert running.server is not None
    assert len(running.server.house.live) == 0
