"""Domains, accounts, aliases and credentials in the server's database.

Reads are point look-ups on a connection of the loop's own (microseconds each); changes go through the writer and are on
disk when they return. Other processes (the command line) may write to the same database at the same time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from gatepost.adapters.sqlite import accounts, checking, logins
from gatepost.adapters.sqlite.connections import STORAGE_FAILURES, connect, prepare, unavailable
from gatepost.adapters.sqlite.copying import copy_database
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.adapters.sqlite.serverschema import migrations
from gatepost.adapters.sqlite.threads import Threads
from gatepost.adapters.sqlite.writer import Database
from gatepost.model.account import Account, AccountId, AppPassword, Credentials, Login, ScramKeys
from gatepost.model.errors import NoSuchAccount, NotLocal, StorageUnavailable
from gatepost.model.mailaddr import BadMailAddress, canonical_address, canonical_domain
from gatepost.model.upkeep import Fault

T = TypeVar("T")
_USED_DELAY = 1.0
"""Seconds for which the last uses of app passwords are gathered."""


class SqliteDirectory:
    """See `gatepost.ports.directory.Directory`. `default_domain` completes logins that have none;
    empty: the first domain by name."""

    def __init__(self, path: Path, default_domain: str) -> None:
        self._default_domain = canonical_domain(default_domain) if default_domain else ""
        self._threads = Threads(writers=1, readers=1, scans=1)
        self._database = Database(path, migrations, self._threads)
        self._used: dict[tuple[AccountId, str], float] = {}
        self._flushing: asyncio.TimerHandle | None = None
        self._flushes: set[asyncio.Task[None]] = set()
        self._names: logins.Names | None = None
        self._path = path
        try:
            prepare(path, migrations())
            self._db = connect(path, query_only=True)
        except STORAGE_FAILURES as error:
            raise unavailable(error) from error

    def _look(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            return work(self._db)
        except STORAGE_FAILURES as error:
            raise unavailable(error) from error

    # -- point reads -----------------------------------------------------------------------------------------------
    def login(self, text: str) -> Login:
        """The canonical login. Never raises for any text; StorageUnavailable if the disk fails."""
        if self._names is None:
            self._names = self._look(logins.Names)
        names = self._names
        key = logins.canonical_login(text, self._default_domain or names.first_domain)
        return self._look(lambda db: logins.resolve(db, key)) if names.may_know(key) else Login(key)

    def account(self, account: AccountId) -> Account | None:
        return self._look(lambda db: accounts.by_id(db, account))

    def find(self, email: str) -> Account:
        address = _canonical(email)
        found = self._look(lambda db: accounts.by_address(db, address)) if address else ()
        if len(found) != 1:
            raise NoSuchAccount(email)
        return found[0]

    def credentials(self, account: AccountId) -> Credentials:
        return self._look(lambda db: accounts.credentials(db, account))

    def app_password(self, digest: bytes) -> tuple[AccountId, str] | None:
        row = self._look(
            lambda db: fetch_first(db, "SELECT account, name FROM app_password WHERE digest = ?", (digest,))
        )
        return None if row is None else (AccountId(row[0]), row[1])

    def recipients(self, address: str) -> tuple[Account, ...]:
        wanted = "" if address.startswith("@") else _canonical(address)
        domain = wanted.rpartition("@")[2]
        if not wanted or not self.holds(domain):
            raise NotLocal(address)
        found = self._look(lambda db: accounts.by_address(db, wanted) or accounts.by_address(db, f"@{domain}"))
        if not found:
            raise NoSuchAccount(address)
        return found

    def holds(self, domain: str) -> bool:
        try:
            name = canonical_domain(domain)
        except BadMailAddress:
            return False
        return self._look(lambda db: accounts.has_domain(db, name))

    def domains(self) -> tuple[str, ...]:
        rows = self._look(lambda db: fetch_all(db, "SELECT name FROM domain ORDER BY name"))
        return tuple(row[0] for row in rows)

    def accounts(self, domain: str | None = None) -> tuple[Account, ...]:
        return self._look(lambda db: accounts.listed(db, domain))

    def aliases(self, domain: str | None = None) -> tuple[tuple[str, str], ...]:
        return self._look(lambda db: accounts.aliases(db, domain))

    def app_passwords(self, account: AccountId) -> tuple[AppPassword, ...]:
        query = "SELECT name, created, used FROM app_password WHERE account = ? ORDER BY name"
        rows = self._look(lambda db: fetch_all(db, query, (account,)))
        return tuple(
            AppPassword(name, created, max(used, self._used.get((account, name), 0.0))) for name, created, used in rows
        )

    def secret_key(self, name: str) -> bytes:
        """Made on first use, on disk before it is returned: it blocks then, at start."""
        query = "SELECT octets FROM secret_key WHERE name = ?"
        row = self._look(lambda db: fetch_first(db, query, (name,)))
        if row is None:
            self._look(lambda _: self._make_key(name))
            row = self._look(lambda db: fetch_first(db, query, (name,)))
        assert row is not None
        return bytes(row[0])

    def _make_key(self, name: str) -> None:
        writer = connect(self._path)
        try:
            writer.execute("INSERT OR IGNORE INTO secret_key (name, octets) VALUES (?, ?)", (name, os.urandom(32)))
        finally:
            writer.close()

    # -- changes ---------------------------------------------------------------------------------------------------
    async def _change(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            return await self._database.change(work)
        finally:
            self._names = None

    async def add_domain(self, domain: str) -> None:
        name = canonical_domain(domain)
        await self._change(lambda db: accounts.add_domain(db, name))

    async def remove_domain(self, domain: str) -> None:
        name = canonical_domain(domain)
        await self._change(lambda db: accounts.remove_domain(db, name))

    async def add_account(self, email: str, credentials: Credentials, name: str = "", quota: int = 0) -> Account:
        address = accounts.new_address(email)
        return await self._change(lambda db: accounts.add(db, address, credentials, name, quota))

    async def remove_account(self, account: AccountId) -> None:
        await self._change(lambda db: accounts.remove(db, account))

    async def set_credentials(self, account: AccountId, credentials: Credentials) -> None:
        await self._change(lambda db: accounts.set_credentials(db, account, credentials))

    async def add_scram_keys(self, account: AccountId, password: str, keys: tuple[ScramKeys, ...]) -> None:
        await self._database.change(lambda db: accounts.add_scram_keys(db, account, password, keys))

    async def set_disabled(self, account: AccountId, disabled: bool) -> None:
        await self._change(lambda db: accounts.set_disabled(db, account, disabled))

    async def add_alias(self, alias: str, email: str) -> None:
        address, target = accounts.new_alias(alias), canonical_address(email)
        await self._change(lambda db: accounts.add_alias(db, address, target))

    async def remove_alias(self, alias: str, email: str | None = None) -> None:
        address, target = _canonical(alias), None if email is None else _canonical(email)
        await self._change(lambda db: accounts.remove_alias(db, address, target))

    async def add_app_password(self, account: AccountId, name: str, digest: bytes, at: float) -> None:
        await self._database.change(lambda db: accounts.add_app_password(db, account, name, digest, at))

    async def revoke_app_password(self, account: AccountId, name: str) -> None:
        await self._database.change(lambda db: accounts.revoke_app_password(db, account, name))
        self._used.pop((account, name), None)

    # -- uses of app passwords -------------------------------------------------------------------------------------
    def note_app_password_used(self, account: AccountId, name: str, at: float) -> None:
        """Gathered for a second, then written once."""
        self._used[account, name] = at
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(_USED_DELAY, self._start_flush)

    def _start_flush(self) -> None:
        self._flushing = None
        task = asyncio.get_running_loop().create_task(self._flush())
        self._flushes.add(task)
        task.add_done_callback(self._flushes.discard)

    async def _flush(self) -> None:
        used, self._used = self._used, {}
        try:
            if used:
                await self._database.change(lambda db: accounts.note_used(db, used))
        except StorageUnavailable:
            self._used = {**used, **self._used}  # once more with the next use; losing it would do no harm

    # -- care ------------------------------------------------------------------------------------------------------
    async def check(self) -> list[Fault]:
        return await self._database.read(checking.integrity, scan=True)

    async def backup(self, path: Path) -> None:
        await self._database.read(lambda db: copy_database(db, path), scan=True)

    async def close(self) -> None:
        """Finishes what was promised."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        await asyncio.gather(*self._flushes)
        await self._flush()
        await self._database.finish()
        self._db.close(True)
        await asyncio.get_running_loop().run_in_executor(None, self._threads.close)


def _canonical(address: str) -> str:
    """The key of an address or of a catch-all alias (`@domain`); empty for what is no address."""
    try:
        return "@" + canonical_domain(address[1:]) if address.startswith("@") else canonical_address(address)
    except BadMailAddress:
        return ""
