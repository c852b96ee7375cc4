"""Line services on real sockets over the real adapters, without the rest of the server: what a session's tests need.

`Room.door` serves a service on a loopback port; `Peer` is a client that says lines and reads what comes.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.passwords import HashedPasswords
from gatepost.adapters.sqlite import SqliteDirectory, SqliteGuardStore, SqliteMailstore
from gatepost.gate import Gate
from gatepost.guard.options import GuardOptions
from gatepost.journal import Journal
from gatepost.mail.app_passwords import AppPasswords
from gatepost.mail.auth import AuthDoor, AuthOptions
from gatepost.mail.filing import Filing
from gatepost.mail.intake import Intake
from gatepost.mail.mailbox import MailboxDoor
from gatepost.mail.remembered import Remembered
from gatepost.mail.scripts import ScriptDoor
from gatepost.mail.submission import SubmissionDoor
from gatepost.model.account import Account, Credentials
from gatepost.model.address import parse_address
from gatepost.model.connection import Connection, Door
from gatepost.model.events import Event
from gatepost.model.mail import Draft
from gatepost.model.secret import Secret
from gatepost.model.units import Rate
from gatepost.net.conversation import Budget, Service
from gatepost.net.lines import LineConnections
from gatepost.net.live import LiveConnections
from gatepost.net.tls import TlsContexts, make_self_signed
from gatepost.ports.mailstore import AccountMail

PASSWORD = "analytical-engine"
HOST = "mail.example.org"
LAX = GuardOptions(policy="simple", address_limit=Rate(100, 3600), account_limit=Rate(100, 3600))
"""A guard that lets tests of sessions err as they like; what it refuses is tested elsewhere."""


class Room:
    """The doors over one folder, with the accounts ada@ and bob@example.org."""

    def __init__(
        self, folder: Path, plaintext: str = "loopback", max_message: int = 200_000, guard: GuardOptions = LAX
    ) -> None:
        self.clock, self.events = SystemClock(), list[Event]()
        self.journal = Journal(self.events.append)
        database = folder / "server.db"
        self.directory = SqliteDirectory(database, "example.org")
        self.store = SqliteMailstore(folder / "mail", self.clock)
        self.passwords = HashedPasswords(1)
        self._guard_store = SqliteGuardStore(database)
        self.mailboxes = MailboxDoor(self.store, self.directory)
        self.scripts = ScriptDoor(self.mailboxes, 65536, 10)
        self.auth = AuthDoor(
            gate=Gate(
                guard,
                journal=self.journal,
                clock=self.clock,
                store=self._guard_store,
                key=self.directory.secret_key("guard"),
                is_common=self.passwords.is_common,
            ),
            directory=self.directory,
            passwords=self.passwords,
            remembered=Remembered(self.clock, 300.0),
            app_passwords=AppPasswords(self.directory.secret_key("app-passwords")),
            options=AuthOptions(plaintext=plaintext),  # type: ignore[arg-type]
        )
        self.intake = Intake(
            directory=self.directory,
            mailboxes=self.mailboxes,
            filing=Filing(),
            journal=self.journal,
            clock=self.clock,
            hostname=HOST,
            max_message=max_message,
        )
        self.submission = SubmissionDoor(intake=self.intake, clock=self.clock, hostname=HOST)
        make_self_signed(HOST, folder / "certificate.pem", folder / "key.pem")
        self.live = LiveConnections()
        self.lines = LineConnections(
            live=self.live,
            tls=TlsContexts(folder / "certificate.pem", folder / "key.pem"),
            journal=self.journal,
            clock=self.clock,
        )
        self.budget = Budget(8_000_000)
        self._ids = itertools.count(1)
        self._listening: list[tuple[socket.socket, asyncio.Task[None]]] = []
        self._peers: list[Peer] = []

    async def prepare(self) -> None:
        await self.directory.add_domain("example.org")
        hashed = await self.passwords.hash(Secret(PASSWORD))
        keys = await self.passwords.scram_keys(Secret(PASSWORD))
        for name in ("ada", "bob"):
            await self.directory.add_account(f"{name}@example.org", Credentials(hashed, keys))

    async def door(self, service: Service, door: Door) -> int:
        """Serves on loopback; the port."""
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._accept(listener, service, door))
        self._listening.append((listener, task))
        return int(listener.getsockname()[1])

    async def _accept(self, listener: socket.socket, service: Service, door: Door) -> None:
        handler, loop = self.lines.handler(service), asyncio.get_running_loop()
        while True:
            sock, (host, port) = await loop.sock_accept(listener)
            client, local = parse_address(host), sock.getsockname()
            handler(
                sock,
                Connection(f"c{next(self._ids)}", door, client, port, client, parse_address(local[0]), local[1]),
                None,
            )

    async def peer(self, port: int, early: bytes = b"") -> Peer:
        """A client."""
        sock = socket.create_connection(("127.0.0.1", port))
        if early:
            sock.sendall(early)
        peer = Peer(*await asyncio.open_connection(sock=sock, limit=4_000_000))
        self._peers.append(peer)
        return peer

    def account(self, name: str = "ada") -> Account:
        return self.directory.find(f"{name}@example.org")

    def mail(self, name: str = "ada") -> AccountMail:
        return self.mailboxes.open(self.account(name))

    async def inbox(self, name: str = "ada") -> list[bytes]:
        """The octets of everything in INBOX."""
        mail = self.mail(name)
        inbox = await mail.mailbox("INBOX")
        from gatepost.model.uidset import ALL_UIDS

        emails = await mail.emails([entry.email for entry in await mail.entries(inbox.id, ALL_UIDS)])
        return [await mail.read_blob(email.blob) for email in emails]

    async def put(self, content: bytes, name: str = "ada") -> None:
        """A message in INBOX, as it is."""
        mail = self.mail(name)
        inbox = await mail.mailbox("INBOX")
        await mail.append(Draft(content, (inbox.id,), received=self.clock.now()))

    def abuses(self) -> list[str]:
        return [event.kind for event in self.events if type(event).__name__ == "Abuse"]  # type: ignore[union-attr]

    async def close(self) -> None:
        for peer in self._peers:
            peer.abort()
        for listener, task in self._listening:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            listener.close()
        for live in self.live:
            live.abort("test")
        await self.lines.finish(5.0)
        for closing in (self.store, self.directory, self._guard_store, self.passwords):
            await closing.close()


class Peer:
    """A client by hand. Everything waits at most 10 seconds."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def line(self) -> bytes:
        async with asyncio.timeout(10):
            return await self._reader.readuntil(b"\r\n")

    async def lines(self, last: Callable[[bytes], bool]) -> bytes:
        """Lines up to the one that `last` says is the last."""
        got = b""
        while True:
            line = await self.line()
            got += line
            if last(line):
                return got

    async def until(self, end: bytes) -> bytes:
        async with asyncio.timeout(10):
            return await self._reader.readuntil(end)

    async def rest(self) -> bytes:
        """Up to the end of the connection; b"" also where it was reset."""
        async with asyncio.timeout(10):
            try:
                return await self._reader.read()
            except ConnectionError:
                return b""

    async def start_tls(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        async with asyncio.timeout(10):
            await self._writer.start_tls(context)

    def end(self) -> None:
        self._writer.write_eof()

    def abort(self) -> None:
        self._writer.transport.abort()


def plain(login: str, password: str = PASSWORD) -> bytes:
    """A PLAIN message in base64 (RFC 4616)."""
    return base64.b64encode(f"\0{login}\0{password}".encode())
