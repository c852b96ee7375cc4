"""Servers for tests: `Running` in the test's own loop, `Process` as a child that can be killed."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from gatepost.app import Server
from gatepost.cli.knock import Answer, Knocked, knock
from gatepost.config.load import parse
from gatepost.house import House
from gatepost.model.connection import Door
from gatepost.model.events import Event, SignInFailed

ADA, ADA_PASSWORD = "ada@example.org", "analytical-engine"
GRACE, GRACE_PASSWORD = "grace@example.org", "first-moth-found"

SIMPLE = """
policy = "simple"
address_limit = "10/1h"
account_limit = "10/1h"
"""


NO_KERNEL = '[drop]\nkernel = "off"\n'
"""So that a refusal can be seen: a SYN that the kernel drops is only silence."""


QUIET = '[log]\nlevel = "warning"\n'


def config(folder: Path, guard: str = "", extra: str = "") -> str:
    """A configuration with every door on a port of the kernel's choosing, and loopback bannable."""
    doors = "\n".join(f'{door.value} = ["127.0.0.1:0"]' for door in Door if f"{door.value} =" not in extra)
    listen, _, rest = extra.partition("---")
    return f"""
hostname = "mail.example.org"
data = "{folder}"
{rest}
[listen]
{doors}
{listen}
{"" if "[drop]" in rest else NO_KERNEL}
[limits]
stop_grace = "2s"
{"" if "[log]" in rest else QUIET}
[guard]
never_ban = []
{guard or SIMPLE}
"""


class Running:
    """One server. `events` holds everything that was noted."""

    def __init__(self, folder: Path, guard: str = "", extra: str = "") -> None:
        self.folder = folder
        self._options = parse(config(folder, guard, extra))
        self.events: list[Event] = []
        self.server: Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self, accounts: bool = True) -> None:
        self.server = Server(self._options)
        self.server.house.journal.add(self.events.append)
        if accounts:
            await self.call("domain.add", domain="example.org")
            for email, password in ((ADA, ADA_PASSWORD), (GRACE, GRACE_PASSWORD)):
                await self.call("user.add", email=email, password=password)
        await self.server.start()

    async def stop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)
        if self.server is not None:
            await self.server.stop()
            self.server = None
        await asyncio.sleep(0)

    async def call(self, operation: str, **arguments: object) -> object:
        assert self.server is not None
        return await self.server.house.administration.call(operation, arguments)

    def port(self, door: Door) -> int:
        assert self.server is not None
        return next(port for name, _, port in self.server.listening if name is door)

    @property
    def evaluations(self) -> int:
        assert self.server is not None
        return self.server.house.passwords.evaluations

    @property
    def spent(self) -> int:
        """Evaluations that cost something. A wrong password in some 4,096 looks like one of the sixteen before it, whose tags have 16
        bits, and is free."""
        repeated = sum(1 for event in self.events if isinstance(event, SignInFailed) and event.why == "repeated")
        return self.evaluations - repeated

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def sign_in(
        self, source: str, password: str, login: str = ADA, door: Door = Door.IMAP, timeout: float = 30.0
    ) -> Answer:
        return (await self.knock(door, source, login, password, timeout)).answer

    async def knock(self, door: Door, source: str, login: str, password: str, timeout: float = 30.0) -> Knocked:
        return await knock(door, "127.0.0.1", self.port(door), source, login, password, timeout)

    async def open(self, door: Door, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port(door), local_addr=(source, 0))
        self._writers.append(writer)
        return reader, writer

    async def dropped(self, door: Door, source: str) -> bool:
        """Whether a fresh connection gets nothing at all."""
        try:
            reader, writer = await self.open(door, source)
        except OSError:
            return True
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" if door is Door.HTTP else b"")
            async with asyncio.timeout(10):
                return await reader.read(1) == b""
        except OSError:
            return True
        finally:
            writer.transport.abort()


def plain(login: str, password: str) -> str:
    """A PLAIN message in base64 (RFC 4616)."""
    return base64.b64encode(f"\0{login}\0{password}".encode()).decode()


class Process:
    """`gatepost serve` as a child process."""

    def __init__(self, folder: Path, guard: str = "", extra: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "gatepost.toml"
        self.config.write_text(config(folder / "data", guard, extra))
        self._process: subprocess.Popen[str] | None = None
        self.ports: dict[str, int] = {}

    def command(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gatepost", "--config", str(self.config), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def add_accounts(self) -> None:
        """In the data folder, as the command line does it where no server runs, without a process for each."""

        async def add() -> None:
            house = House(parse(self.config.read_text()))
            try:
                call = house.administration.call
                await call("domain.add", {"domain": "example.org"})
                for email, password in ((ADA, ADA_PASSWORD), (GRACE, GRACE_PASSWORD)):
                    await call("user.add", {"email": email, "password": password})
            finally:
                await house.close()

        asyncio.run(add())

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gatepost", "--config", str(self.config), "serve"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("ready: "), line
        for part in line.removeprefix("ready: ").strip().split(", "):
            door, _, address = part.partition(" ")
            self.ports[door] = int(address.rpartition(":")[2])

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        status = self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return status

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process is not None:
            self.end(signal.SIGKILL)


def refuses_connection(host: str, port: int, source: str) -> bool:
    """Whether a fresh connection from `source` is dropped without a word."""
    with socket.socket() as sock:
        sock.settimeout(1.0)
        try:
            sock.bind((source, 0))
            sock.connect((host, port))
            return sock.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True
