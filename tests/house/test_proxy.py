"""Law 9: the client behind a trusted proxy is banned, the proxy never; nobody else's word is believed."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
from running import ADA, ADA_PASSWORD, Running, plain

from gatepost.model.connection import Door
from gatepost.model.events import Banned, SignInFailed
from gatepost.proto.proxy import SIGNATURE

Start = Callable[..., Awaitable[Running]]

PROXIED = """
imap = [{ address = "127.0.0.1:0", proxy_protocol = true }]
http = ["127.0.0.1:0"]
[auth]
plaintext = "always"
[trusted]
proxies = ["127.0.0.77"]
"""
PROXY = "127.0.0.77"


def v1(client: str) -> bytes:
    return f"PROXY TCP4 {client} 192.0.2.1 50000 143\r\n".encode()


def v2(client: str) -> bytes:
    block = socket.inet_aton(client) + socket.inet_aton("192.0.2.1") + struct.pack("!HH", 50000, 143)
    return SIGNATURE + b"\x21\x11" + struct.pack("!H", len(block)) + block


async def _guess(running: Running, header: bytes, password: str, source: str = PROXY) -> bytes:
    try:
        reader, writer = await running.open(Door.IMAP, source)
        # the sign-in in the same packet as the header: not an octet too many may be read with it
        writer.write(header + f"a AUTHENTICATE PLAIN {plain(ADA, password)}\r\n".encode())
        async with asyncio.timeout(10):
            text = b""
            while b"\r\na " not in b"\r\n" + text:
                more = await reader.read(4096)
                if not more:
                    return text
                text += more
            return text
    except OSError:
        return b""
    finally:
        if "writer" in locals():
            writer.transport.abort()


@pytest.mark.parametrize("header", [v1, v2])
async def test_the_client_is_banned_and_the_proxy_never(start: Start, header: Callable[[str], bytes]) -> None:
    running = await start(extra=PROXIED)
    for number in range(10):
        assert b"a NO" in await _guess(running, header("198.51.100.7"), f"guess-{number}") or number == 9
    assert [event.network for event in running.of(Banned)] == ["198.51.100.7"]  # type: ignore[attr-defined]
    assert await _guess(running, header("198.51.100.7"), ADA_PASSWORD) == b""
    await running.call("ban.lift", subject=ADA)
    assert b"a OK" in await _guess(running, header("198.51.100.8"), ADA_PASSWORD)


async def test_a_header_from_a_stranger_or_none_at_all_closes(start: Start) -> None:
    running = await start(extra=PROXIED)
    assert await _guess(running, v1("198.51.100.7"), ADA_PASSWORD, source="127.0.0.78") == b""
    assert await _guess(running, b"", ADA_PASSWORD) == b""
    assert await _guess(running, b"PROXY TCP4 nonsense\r\n", ADA_PASSWORD) == b""
    # a listener that does not require the header takes it for a (bad) command, never for an address
    reader, writer = await running.open(Door.POP3, PROXY)
    writer.write(v1("198.51.100.7") + b"USER ada@example.org\r\nPASS wrong-guess\r\n")
    async with asyncio.timeout(10):
        while not running.of(SignInFailed):
            assert await reader.read(4096)
    writer.transport.abort()
    assert running.of(SignInFailed)[0].client == PROXY  # type: ignore[attr-defined]


async def _http(running: Running, source: str, forwarded: str, password: str) -> bytes:
    import base64

    try:
        reader, writer = await running.open(Door.HTTP, source)
        token = base64.b64encode(f"{ADA}:{password}".encode()).decode()
        writer.write(
            f"GET /jmap/session HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {forwarded}\r\n"
            f"X-Forwarded-Proto: https\r\nAuthorization: Basic {token}\r\n\r\n".encode()
        )
        async with asyncio.timeout(10):
            return await reader.read(4096)
    except OSError:
        return b""
    finally:
        if "writer" in locals():
            writer.transport.abort()


async def test_x_forwarded_for_counts_from_a_trusted_proxy_only(start: Start) -> None:
    running = await start(extra=PROXIED)
    await _http(running, "127.0.0.78", "203.0.113.9", "wrong-guess-1")
    assert running.of(SignInFailed)[-1].client == "127.0.0.78"  # type: ignore[attr-defined]
    await _http(running, PROXY, "192.0.2.99, 203.0.113.9", "wrong-guess-2")
    assert running.of(SignInFailed)[-1].client == "203.0.113.9"  # type: ignore[attr-defined]
