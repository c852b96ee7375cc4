"""Each suite of this folder runs once for every adapter of its port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from conformance_adapters import DIRECTORIES, GUARD_STORES, MAILSTORES, PASSWORDS, SetClock

from gatepost.model.account import AccountId
from gatepost.ports.directory import Directory
from gatepost.ports.guardstore import GuardStore
from gatepost.ports.mailstore import AccountMail, Mailstore
from gatepost.ports.passwords import Passwords


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=sorted(MAILSTORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock) -> AsyncIterator[Mailstore]:
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
