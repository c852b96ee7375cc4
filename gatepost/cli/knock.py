"""Knocks at a door: one sign-in attempt over a real socket from a chosen loopback address, and what came of it.

For the drill. Deliberately apart from the server's own engines, so that it sees what any peer would see.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from gatepost.model.connection import Door

CONNECT = 0.4
"""Seconds; on loopback the kernel answers in microseconds, however busy the server is."""


class Answer(StrEnum):
    """What a guesser learns."""

    GRANTED = "granted"
    ANSWERED = "answered"
    """The server said that the password is wrong: the guess counted."""
    REFUSED = "refused"
    """A temporary refusal: the password was not looked at."""
    DROPPED = "dropped"
    """The connection was refused, reset or closed without an answer."""


class Knocked(msgspec.Struct, frozen=True):
    """`at` and `ended`: seconds since the epoch."""

    door: Door
    source: str
    answer: Answer
    at: float
    ended: float


class Lines:
    """The few words a client needs."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def line(self) -> str:
        """The next line; ConnectionError at the end."""
        line = await self._reader.readline()
        if not line:
            raise ConnectionResetError
        return line.decode("utf-8", "replace").rstrip("\r\n")

    async def ask(self, text: str, done: Callable[[str], bool]) -> str:
        """Sends a line; returns the first line of which `done` is true."""
        self._writer.write(text.encode() + b"\r\n")
        while not done(answer := await self.line()):
            pass
        return answer


def _plain(login: str, password: str) -> str:
    return base64.b64encode(f"\0{login}\0{password}".encode()).decode()


def _verdict(granted: bool, wrong: bool) -> Answer:
    return Answer.GRANTED if granted else Answer.ANSWERED if wrong else Answer.REFUSED


async def _imap(lines: Lines, login: str, password: str) -> Answer:
    await lines.line()
    answer = await lines.ask(f'a1 LOGIN "{login}" "{password}"', lambda line: line.startswith("a1 "))
    return _verdict(answer.startswith("a1 OK"), "AUTHENTICATIONFAILED" in answer)


async def _pop3(lines: Lines, login: str, password: str) -> Answer:
    await lines.line()
    await lines.ask(f"USER {login}", lambda line: True)
    answer = await lines.ask(f"PASS {password}", lambda line: True)
    return _verdict(answer.startswith("+OK"), "[SYS/TEMP]" not in answer)


async def _smtp(lines: Lines, login: str, password: str) -> Answer:
    while (await lines.line())[3:4] == "-":
        pass
    await lines.ask("EHLO drill", lambda line: line[3:4] != "-")
    answer = await lines.ask(f"AUTH PLAIN {_plain(login, password)}", lambda line: line[3:4] != "-")
    return _verdict(answer.startswith("235"), answer.startswith("535"))


async def _managesieve(lines: Lines, login: str, password: str) -> Answer:
    while not (await lines.line()).startswith("OK"):
        pass
    answer = await lines.ask(
        f'AUTHENTICATE "PLAIN" "{_plain(login, password)}"', lambda line: line[:2] in ("OK", "NO", "BY")
    )
    return _verdict(answer.startswith("OK"), answer.startswith("NO") and "TRYLATER" not in answer)


async def _http(lines: Lines, login: str, password: str) -> Answer:
    token = base64.b64encode(f"{login}:{password}".encode()).decode()
    answer = await lines.ask(
        f"GET /jmap/session HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {token}\r\nConnection: close\r\n",
        lambda line: True,
    )
    status = answer.split(" ")[1:2]
    return _verdict(status == ["200"], status == ["401"])


_TALK: dict[str, Callable[[Lines, str, str], Awaitable[Answer]]] = {
    "imap": _imap,
    "pop3": _pop3,
    "submission": _smtp,
    "managesieve": _managesieve,
    "jmap": _http,
}


def can_knock(door: Door) -> bool:
    """Whether there is a sign-in to try at this door (the MX port has none)."""
    return door.family in _TALK


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False  # a loopback target of the administrator's own
    context.verify_mode = ssl.CERT_NONE
    return context


async def _connected(host: str, port: int, source: str) -> socket.socket:
    """A TCP connection. On loopback it is made at once, unless the kernel drops what a banned peer sends."""
    sock = socket.socket()
    try:
        sock.setblocking(False)
        sock.bind((source, 0))
        async with asyncio.timeout(CONNECT):
            await asyncio.get_running_loop().sock_connect(sock, (host, port))
    except BaseException:
        sock.close()
        raise
    return sock


async def knock(
    door: Door, host: str, port: int, source: str, login: str, password: str, timeout: float = 15.0
) -> Knocked:
    """One attempt on a connection of its own. Never raises; what fails is DROPPED."""
    began = time.time()
    answer = Answer.DROPPED
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(timeout):
            sock = await _connected(host, port, source)
            tls = _unverified() if door.implicit_tls else None
            reader, writer = await asyncio.open_connection(sock=sock, ssl=tls, server_hostname=host if tls else None)
            answer = await _TALK[door.family](Lines(reader, writer), login, password)
    except (OSError, ssl.SSLError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        answer = Answer.DROPPED
    finally:
        ended = time.time()
        if writer is not None:
            writer.transport.abort()
            await asyncio.sleep(0)  # the transport closes its socket in the loop's next turn
    return Knocked(door, source, answer, began, ended)
