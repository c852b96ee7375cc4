"""A JMAP service over the real doors and stores, driven as an ASGI application without HTTP."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

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
from gatepost.mail.submission import SubmissionDoor
from gatepost.model.account import Account, Credentials
from gatepost.model.address import parse_address
from gatepost.model.connection import Connection, Door
from gatepost.model.events import Event
from gatepost.model.secret import Secret
from gatepost.services.jmap.options import JmapOptions
from gatepost.services.jmap.service import JmapService

ADA, ADA_PASSWORD = "ada@example.org", "analytical-engine"
GRACE, GRACE_PASSWORD = "grace@example.org", "first-moth-found"
USING = [f"urn:ietf:params:jmap:{name}" for name in ("core", "mail", "submission", "quota")]
MAX_MESSAGE = 200_000
_HASHED: dict[str, str] = {}


def connection(client: str = "192.0.2.7", tls: str | None = "TLSv1.3") -> Connection:
    here = parse_address("198.51.100.1")
    return Connection("c1", Door.HTTPS, parse_address(client), 40000, parse_address(client), here, 443, tls)


def basic(login: str = ADA, password: str = ADA_PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


class Answer(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Exchange:
    """One request that is answered piece by piece: `body()` waits for the next piece."""

    def __init__(self, app: Any, scope: dict[str, Any], body: list[bytes]) -> None:
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for i, piece in enumerate(body or [b""]):
            more = i + 1 < len(body)
            self._incoming.put_nowait({"type": "http.request", "body": piece, "more_body": more})
        self.task = asyncio.create_task(app(scope, self._incoming.get, self._outgoing.put))

    async def event(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            return await self._outgoing.get()

    def disconnect(self) -> None:
        self._incoming.put_nowait({"type": "http.disconnect"})


class Rig:
    """The service, and what tests look at."""

    def __init__(self, folder: Path, options: JmapOptions, quota: int) -> None:
        self.events: list[Event] = []
        self.aborted: list[str] = []
        self.quota = quota
        clock = self.clock = SystemClock()
        journal = Journal(self.events.append)
        self.directory = SqliteDirectory(folder / "gatepost.db", "example.org")
        self.store = SqliteMailstore(folder / "mail", clock)
        self.passwords = HashedPasswords(1)
        self.app_passwords = AppPasswords(self.directory.secret_key("app-passwords"))
        gate = Gate(
            GuardOptions(never_ban=()),
            journal=journal,
            clock=clock,
            store=SqliteGuardStore(folder / "gatepost.db"),
            key=self.directory.secret_key("guard"),
            is_common=self.passwords.is_common,
        )
        auth = AuthDoor(
            gate=gate,
            directory=self.directory,
            passwords=self.passwords,
            remembered=Remembered(clock, 300),
            app_passwords=self.app_passwords,
            options=AuthOptions(),
        )
        self.mailboxes = MailboxDoor(self.store, self.directory)
        intake = Intake(
            directory=self.directory,
            mailboxes=self.mailboxes,
            filing=Filing(),
            journal=journal,
            clock=clock,
            hostname="mail.example.org",
            max_message=MAX_MESSAGE,
        )
        submission = SubmissionDoor(intake=intake, clock=clock, hostname="mail.example.org")
        self.service = JmapService(
            auth=auth,
            mailboxes=self.mailboxes,
            submission=submission,
            journal=journal,
            clock=clock,
            hostname="mail.example.org",
            options=options,
            max_message=MAX_MESSAGE,
        )

    async def start(self) -> None:
        await self.directory.add_domain("example.org")
        for email, password in ((ADA, ADA_PASSWORD), (GRACE, GRACE_PASSWORD)):
            if password not in _HASHED:
                _HASHED[password] = await self.passwords.hash(Secret(password))
            name = email.partition("@")[0].title()
            await self.directory.add_account(email, Credentials(_HASHED[password]), name, self.quota)
        await self.directory.add_alias("countess@example.org", ADA)
        self.events.clear()

    async def close(self) -> None:
        await self.store.close()
        await self.directory.close()
        await self.passwords.close()

    @property
    def ada(self) -> Account:
        return self.directory.find(ADA)

    @property
    def grace(self) -> Account:
        return self.directory.find(GRACE)

    def begin(
        self,
        method: str,
        target: str,
        body: bytes | list[bytes] = b"",
        headers: dict[str, str] | None = None,
        auth: str | None = basic(),
        who: Connection | None = None,
    ) -> Exchange:
        path, _, query = target.partition("?")
        fields = {"host": "mail.example.org", **(headers or {})}
        if auth is not None:
            fields["authorization"] = auth
        pieces = [body] if isinstance(body, bytes) else body
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in fields.items()],
            "client": ("192.0.2.7", 40000),
            "server": ("198.51.100.1", 443),
            "state": {"connection": who or connection(), "abort": self.aborted.append},
        }
        return Exchange(self.service.app, scope, pieces)

    async def ask(self, method: str, target: str, *args: Any, **more: Any) -> Answer:
        exchange = self.begin(method, target, *args, **more)
        head = await exchange.event()
        body = b""
        while True:
            event = await exchange.event()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        await exchange.task
        headers = {name.decode(): value.decode() for name, value in head["headers"]}
        return Answer(head["status"], headers, body)

    async def post(self, body: object, **more: Any) -> Answer:
        octets = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.ask("POST", "/jmap/api", octets, {"content-type": "application/json"}, **more)

    async def call(self, *calls: tuple[str, dict[str, Any]], account: str | None = None, **more: Any) -> list[Any]:
        """The responses to method calls "0", "1"...; accountId is added."""
        ours = account or self.ada.id
        wire = [[name, {"accountId": ours, **arguments}, str(i)] for i, (name, arguments) in enumerate(calls)]
        answer = await self.post({"using": USING, "methodCalls": wire}, **more)
        assert answer.status == 200, answer.body
        return answer.json["methodResponses"]

    async def one(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The arguments of the one response."""
        (found, result, _), *rest = await self.call((name, arguments))
        assert found == name, result
        assert not rest
        return result

    async def refused(self, name: str, **arguments: Any) -> str:
        """The error type of the one response."""
        (found, result, _), *_ = await self.call((name, arguments))
        assert found == "error", result
        return result["type"]

    async def mailbox(self, role: str) -> str:
        """The id of the mailbox with this role."""
        found = await self.one("Mailbox/query", filter={"role": role})
        return found["ids"][0]

    async def upload(self, content: bytes, media: str = "message/rfc822") -> str:
        answer = await self.ask("POST", f"/jmap/upload/{self.ada.id}", content, {"content-type": media})
        assert answer.status == 201
        return answer.json["blobId"]

    async def keep(self, content: bytes, role: str = "inbox", **more: Any) -> str:
        """Imports a message; its email id."""
        email = {"blobId": await self.upload(content), "mailboxIds": {await self.mailbox(role): True}, **more}
        result = await self.one("Email/import", emails={"k": email})
        return result["created"]["k"]["id"]


@contextlib.asynccontextmanager
async def running(folder: Path, options: JmapOptions, quota: int = 0) -> AsyncIterator[Rig]:
    rig = Rig(folder, options, quota)
    await rig.start()
    try:
        yield rig
    finally:
        await rig.close()
