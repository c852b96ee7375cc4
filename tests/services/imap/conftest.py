"""An IMAP service with real parts: SQLite store and directory, hashing, guard, all under tmp_path."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from dialogue import Peer, connected

from gatepost.adapters.passwords import HashedPasswords
from gatepost.adapters.sqlite import SqliteDirectory, SqliteGuardStore, SqliteMailstore
from gatepost.gate import Gate
from gatepost.guard.options import GuardOptions
from gatepost.journal import Journal
from gatepost.mail.app_passwords import AppPasswords
from gatepost.mail.auth import AuthDoor, AuthOptions
from gatepost.mail.mailbox import MailboxDoor
from gatepost.mail.remembered import Remembered
from gatepost.model.account import Account, Credentials
from gatepost.model.connection import Door
from gatepost.model.events import Event
from gatepost.model.mail import Draft
from gatepost.model.secret import Secret
from gatepost.net.conversation import Budget
from gatepost.ports.mailstore import AccountMail
from gatepost.services.imap.options import ImapOptions
from gatepost.services.imap.service import ImapService

ADA, PASSWORD = "ada@example.org", "analytical-engine"
MAX_MESSAGE = 2_000_000
CREDENTIALS: list[Credentials] = []


class StoppedClock:
    """2026-11-22 12:00:00 UTC, until somebody moves it."""

    at = 1795348800.0

    def now(self) -> float:
        return self.at


class Rooms:
    """The service, and what stands behind it. `budget` is what conversations may hold."""

    def __init__(self, service: ImapService, account: Account, mail: AccountMail, budget: Budget) -> None:
        self.service, self.account, self.mail, self.budget = service, account, mail, budget
        self.stack = AsyncExitStack()
        self.events: list[Event] = []

    async def connect(self, greeted: bool = True, door: Door = Door.IMAP, **how: object) -> Peer:
        """A client that has read the greeting."""
        peer = await self.stack.enter_async_context(connected(self.service, door, **how))  # type: ignore[arg-type]
        if greeted:
            assert (await peer.line()).startswith(b"* OK [CAPABILITY IMAP4rev2 IMAP4rev1 ")
        return peer

    async def ada(self, *commands: str) -> Peer:
        """A client that has signed in and given these commands."""
        peer = await self.connect()
        for command in (f"LOGIN {ADA} {PASSWORD}", *commands):
            assert b" OK " in (await peer.ask(command))[-1], command
        return peer

    async def bob(self, *commands: str, name: str = "bob@example.org") -> Peer:
        """The same as somebody else."""
        peer = await self.connect()
        for command in (f"LOGIN {name} {PASSWORD}", *commands):
            assert b" OK " in (await peer.ask(command))[-1], command
        return peer

    async def deliver(self, content: bytes, mailbox: str = "INBOX", count: int = 1) -> None:
        """Messages, as delivery files them."""
        place = (await self.mail.mailbox(mailbox)).id
        draft = Draft(content, (place,), received=1700000000.0)
        await self.mail.append_all([msgspec.structs.replace(draft, content=content)] * count)


@pytest.fixture
def imap_options() -> ImapOptions:
    """The default; a test's own where it parametrizes this."""
    return ImapOptions()


@pytest.fixture
async def rooms(tmp_path: Path, imap_options: ImapOptions) -> AsyncIterator[Rooms]:
    """ada@example.org, bob@ (robert@ too) and cy@ of the same domain, eve@elsewhere.example."""
    clock, journal, options = StoppedClock(), Journal(), GuardOptions()
    directory = SqliteDirectory(tmp_path / "gatepost.db", "example.org")
    store = SqliteMailstore(tmp_path / "mail", clock)
    guard_store = SqliteGuardStore(tmp_path / "gatepost.db")
    passwords = HashedPasswords(1)
    key = directory.secret_key("guard")
    gate = Gate(options, journal=journal, clock=clock, store=guard_store, key=key, is_common=passwords.is_common)
    auth = AuthDoor(
        gate=gate,
        directory=directory,
        passwords=passwords,
        remembered=Remembered(clock, 300.0),
        app_passwords=AppPasswords(key),
        options=AuthOptions(),
    )
    for domain in ("example.org", "elsewhere.example"):
        await directory.add_domain(domain)
    if not CREDENTIALS:  # hashing is slow on purpose: once for all tests
        secret = Secret(PASSWORD)
        CREDENTIALS.append(Credentials(await passwords.hash(secret), scram=await passwords.scram_keys(secret)))
    account = await directory.add_account(ADA, CREDENTIALS[0], quota=50_000_000)
    for email in ("bob@example.org", "cy@example.org", "eve@elsewhere.example"):
        await directory.add_account(email, CREDENTIALS[0])
    await directory.add_alias("robert@example.org", "bob@example.org")
    mailboxes, budget = MailboxDoor(store, directory), Budget(64 << 20)
    service = ImapService(
        auth=auth,
        mailboxes=mailboxes,
        journal=journal,
        clock=clock,
        budget=budget,
        hostname="mail.example.org",
        options=imap_options,
        max_message=MAX_MESSAGE,
    )
    rooms = Rooms(service, account, mailboxes.open(account), budget)
    journal.add(rooms.events.append)
    try:
        yield rooms
    finally:
        await rooms.stack.aclose()
        assert budget.held == 0
        await store.close()
        await directory.close()
        await guard_store.close()
        await passwords.close()


@pytest.fixture
def connect(rooms: Rooms) -> Callable[[], Awaitable[Peer]]:
    """For transcripts: the greeting is theirs to read."""
    return lambda: rooms.connect(greeted=False)
