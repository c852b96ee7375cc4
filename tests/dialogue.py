"""Dialogues: transcripts of `C:` and `S:` lines, played against a service over a socket pair.

`C: text` is sent with CRLF; lines of a client in a row are sent at once. `S: text` is one line of the answer, where `…`
stands for any characters. `C2:`, `S2:` speak for a second connection, and so on. Lines with `#` and empty ones say nothing.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from gatepost.model.address import parse_address
from gatepost.model.connection import Connection, Door
from gatepost.net.conversation import ClockRanOut, ServerStopping, Service
from gatepost.net.wire import InjectedPlaintext, PeerGone, TlsFailed, Wire

TRANSCRIPTS = Path(__file__).parent / "transcripts"
CUTS = (0, 1, 2, 3, 7, 64)
"""Octets a write; 0 for whole."""

_LINE = re.compile(r"([CS])([0-9]*): ?(.*)")


class Step(msgspec.Struct, frozen=True):
    """One side's lines in a row: `speaker` is C or S, `peer` the connection's number."""

    speaker: str
    peer: str
    lines: tuple[str, ...]


def read_transcript(path: Path) -> list[Step]:
    """The dialogue in a file."""
    steps: list[Step] = []
    for number, text in enumerate(path.read_text("utf-8").split("\n"), 1):
        if not text.strip() or text.startswith("#"):
            continue
        found = _LINE.fullmatch(text)
        assert found, f"{path.name}:{number}: neither C: nor S:"
        if steps and (steps[-1].speaker, steps[-1].peer) == (found[1], found[2]):
            steps[-1] = msgspec.structs.replace(steps[-1], lines=(*steps[-1].lines, found[3]))
        else:
            steps.append(Step(found[1], found[2], (found[3],)))
    return steps


class Peer:
    """A client's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: Wire) -> None:
        self.reader, self.writer, self.wire = reader, writer, wire

    async def send(self, data: bytes, cut: int = 0) -> None:
        """In pieces of `cut` octets, each its own write."""
        for start in range(0, len(data), cut or max(1, len(data))):
            self.writer.write(data[start : start + (cut or len(data))])
            await self.writer.drain()
            await asyncio.sleep(0)

    async def line(self) -> bytes:
        """One line without its CRLF; empty at the end."""
        async with asyncio.timeout(20):
            return (await self.reader.readline()).removesuffix(b"\r\n")

    async def ask(self, command: str | bytes, tag: str = "t") -> list[bytes]:
        """Sends one command (`tag` is put before it) and returns the lines up to its tagged answer."""
        text = command.encode() if isinstance(command, str) else command
        await self.send(tag.encode() + b" " + text + b"\r\n")
        return await self.until(tag)

    async def until(self, tag: str) -> list[bytes]:
        """Lines up to the tagged answer, the last one; or up to the end of the connection."""
        lines = []
        while True:
            line = await self.line()
            lines.append(line)
            if line.startswith(tag.encode() + b" ") or self.reader.at_eof():
                return lines


@asynccontextmanager
async def connected(
    service: Service, door: Door, tls: Callable[[], object] | None = None, client: str = "127.0.0.1"
) -> AsyncIterator[Peer]:
    """A client connected to a service, as the acceptor would; the conversation has ended when the block has."""
    ours, theirs = socket.socketpair()
    connection = Connection(
        "test", door, parse_address(client), 40000, parse_address(client), parse_address("127.0.0.1"), 1
    )
    wire = Wire(connection, tls, lambda opened: None, lambda closed: None)  # type: ignore[arg-type]
    await asyncio.get_running_loop().connect_accepted_socket(lambda: wire, ours)
    task = asyncio.create_task(_serve(service, wire))
    reader, writer = await asyncio.open_connection(sock=theirs, limit=1 << 24)
    try:
        yield Peer(reader, writer, wire)
    finally:
        writer.transport.abort()
        async with asyncio.timeout(20):
            await task
        wire.abort()


async def _serve(service: Service, wire: Wire) -> None:
    try:
        await service.serve(wire)
    except (PeerGone, ClockRanOut, ServerStopping, InjectedPlaintext, TlsFailed):
        wire.abort()


async def play(path: Path, connect: Callable[[], Awaitable[Peer]], cut: int) -> None:
    """Plays the transcript; every connection is made when it is first named."""
    peers: dict[str, Peer] = {}
    for step in read_transcript(path):
        if step.peer not in peers:
            peers[step.peer] = await connect()
        peer = peers[step.peer]
        if step.speaker == "C":
            await peer.send("".join(f"{line}\r\n" for line in step.lines).encode(), cut)
            continue
        for expected in step.lines:
            line = (await peer.line()).decode("utf-8", "replace")
            pattern = ".*".join(map(re.escape, expected.split("…")))
            assert re.fullmatch(pattern, line), f"{path.name}: expected {expected!r}, heard {line!r}"
