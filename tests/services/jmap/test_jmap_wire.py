"""JMAP through the whole server, over real sockets: keep-alive, the event source, a ban, and the server's end."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from running import ADA, ADA_PASSWORD, Running

from gatepost.model.connection import Door


class Client:
    """Speaks just enough HTTP/1.1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, method: str, target: str, body: bytes = b"", password: str = ADA_PASSWORD) -> tuple[int, bytes]:
        """Status and body; the head alone of a stream."""
        credentials = base64.b64encode(f"{ADA}:{password}".encode()).decode()
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {credentials}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        return await self.answer()

    async def answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
            if b"content-length" not in fields:
                return status, b""
            return status, await self.reader.readexactly(int(fields[b"content-length"]))

    async def until(self, needle: bytes) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readuntil(needle)

    async def rest(self) -> bytes:
        """What comes until the connection is over."""
        try:
            async with asyncio.timeout(10):
                return await self.reader.read()
        except ConnectionError:
            return b""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    running = Running(tmp_path, guard='policy = "simple"\nshared_addresses = "drop"\n')
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


async def connect(server: Running, source: str = "127.0.0.1") -> Client:
    return Client(*await server.open(Door.HTTP, source))


async def test_requests_follow_each_other_on_one_connection_and_each_signs_in(server: Running) -> None:
    client = await connect(server)
    status, body = await client.ask("GET", "/jmap/session")
    session = msgspec.json.decode(body)
    assert (status, session["username"]) == (200, ADA)
    request = {"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {"x": 1}, "0"]]}
    status, body = await client.ask("POST", "/jmap/api", msgspec.json.encode(request))
    assert (status, msgspec.json.decode(body)["methodResponses"]) == (200, [["Core/echo", {"x": 1}, "0"]])
    assert (await client.ask("GET", "/jmap/session", password="guess"))[0] == 401
    assert (await client.ask("GET", "/jmap/session"))[0] == 200


async def test_an_event_stream_tells_of_a_new_mailbox_and_ends_with_the_server(server: Running) -> None:
    stream, client = await connect(server), await connect(server)
    assert (await stream.ask("GET", "/jmap/eventsource?types=*&closeafter=no&ping=300"))[0] == 200
    await stream.until(b": hello\n\n")
    account = next(iter(msgspec.json.decode((await client.ask("GET", "/jmap/session"))[1])["accounts"]))
    calls = [["Mailbox/set", {"accountId": account, "create": {"k": {"name": "New"}}}, "0"]]
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
    status, body = await client.ask("POST", "/jmap/api", msgspec.json.encode({"using": using, "methodCalls": calls}))
    assert status == 200
    state = msgspec.json.decode(body)["methodResponses"][0][1]["newState"]
    assert f'"Mailbox":"{state}"'.encode() in await stream.until(b"\n\n\r\n")
    stopping, server.server = server.server, None
    assert stopping is not None
    await stopping.stop()
    assert (await stream.rest()).endswith(b"0\r\n\r\n")


async def test_a_ban_cuts_an_event_stream_off(server: Running) -> None:
    streams = [await connect(server, "127.0.0.9") for _ in range(2)]
    for stream in streams:
        assert (await stream.ask("GET", "/jmap/eventsource?types=*&closeafter=no&ping=300"))[0] == 200
        await stream.until(b": hello\n\n")
    await server.call("ban.add", subject="127.0.0.9", seconds=60.0)
    for stream in streams:
        assert not (await stream.rest()).endswith(b"0\r\n\r\n")  # cut off, not brought to its end
