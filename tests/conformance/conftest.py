"""The adapters under test. Another adapter of a port is one more line in its table here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gatepost.adapters.passwords import HashedPasswords
from gatepost.adapters.sqlite import SqliteDirectory, SqliteGuardStore, SqliteMailstore
from gatepost.model.account import AccountId
from gatepost.ports.directory import Directory
from gatepost.ports.guardstore import GuardStore
from gatepost.ports.mailstore import AccountMail, Mailstore
from gatepost.ports.passwords import Passwords


class TestClock:
    """Time that a test sets."""

    __test__ = False

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time


MAILSTORES: dict[str, Callable[[Path, TestClock], Mailstore]] = {"sqlite": SqliteMailstore}
DIRECTORIES: dict[str, Callable[[Path], Directory]] = {
    "sqlite": lambda folder: SqliteDirectory(folder / "gatepost.db", "example.org")
}
GUARD_STORES: dict[str, Callable[[Path], GuardStore]] = {
    "sqlite": lambda folder: SqliteGuardStore(folder / "gatepost.db")
}
PASSWORDS: dict[str, Callable[[], Passwords]] = {"argon2": lambda: HashedPasswords(2)}


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture(params=sorted(MAILSTORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: TestClock) -> AsyncIterator[Mailstore]:
    made = MAILSTORES[request.param](tmp_path, clock)
    yield made
    await made.close()


@pytest.fixture
def mail(store: Mailstore) -> AccountMail:
    return store.open(AccountId("a1"))


@pytest.fixture(params=sorted(DIRECTORIES))
async def directory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Directory]:
    made = DIRECTORIES[request.param](tmp_path)
    yield made
    await made.close()


@pytest.fixture(params=sorted(PASSWORDS))
async def passwords(request: pytest.FixtureRequest) -> AsyncIterator[Passwords]:
    made = PASSWORDS[request.param]()
    yield made
    await made.close()


@pytest.fixture(params=sorted(GUARD_STORES))
async def guard_stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[], GuardStore]]:
    """Makes stores over the same state, as one process after another does."""
    made: list[GuardStore] = []

    def make() -> GuardStore:
        made.append(GUARD_STORES[request.param](tmp_path))
        return made[-1]

    yield make
    for store in made:
        await store.close()
