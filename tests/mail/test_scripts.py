"""The door for scripts: nothing is kept that would not run, and not more than there is room for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost.adapters.sqlite import SqliteDirectory, SqliteMailstore
from gatepost.mail.mailbox import MailboxDoor
from gatepost.mail.scripts import ScriptDoor
from gatepost.model.account import Account, AccountId
from gatepost.model.errors import BadScript, TooManyScripts

ACCOUNT = Account(AccountId("a1"), "ken@example.org")


class FixedClock:
    def now(self) -> float:
        return 1_700_000_000.0


@pytest.fixture
async def boxes(tmp_path: Path) -> AsyncIterator[MailboxDoor]:
    store = SqliteMailstore(tmp_path, FixedClock())
    directory = SqliteDirectory(tmp_path / "gatepost.db", "example.org")
    yield MailboxDoor(store, directory)
    await store.close()
    await directory.close()


@pytest.fixture
def door(boxes: MailboxDoor) -> ScriptDoor:
    return ScriptDoor(boxes, max_script_size=100, max_scripts=2)


def test_extensions(door: ScriptDoor) -> None:
    assert "fileinto" in door.extensions
    assert list(door.extensions) == sorted(set(door.extensions))


def test_check(door: ScriptDoor) -> None:
    assert door.check(b"keep;") == ()
    assert len(door.check(b'redirect "a@b.example";')) == 1
    with pytest.raises(BadScript) as caught:
        door.check(b"keep;\r\nnonsense;")
    assert caught.value.line == 2
    with pytest.raises(BadScript):
        door.check(b"# " + b"x" * 100)


async def test_put(door: ScriptDoor, boxes: MailboxDoor) -> None:
    assert await door.put(ACCOUNT, "one", b"keep;") == ()
    with pytest.raises(BadScript):
        await door.put(ACCOUNT, "one", b"nonsense;")
    (kept,) = await boxes.open(ACCOUNT).scripts()
    assert (kept.name, kept.content, kept.active) == ("one", b"keep;", False)


async def test_large_scripts_are_checked_too(boxes: MailboxDoor) -> None:
    door = ScriptDoor(boxes, max_script_size=100_000, max_scripts=2)
    assert await door.put(ACCOUNT, "one", b"keep;\r\n" * 5_000) == ()
    with pytest.raises(BadScript):
        await door.put(ACCOUNT, "one", b"keep;\r\n" * 5_000 + b"nonsense;")


async def test_room(door: ScriptDoor) -> None:
    await door.put(ACCOUNT, "one", b"keep;")
    await door.put(ACCOUNT, "two", b"keep;")
    await door.has_space(ACCOUNT, "two", 100)  # replaced, not added
    await door.put(ACCOUNT, "two", b"discard;")
    with pytest.raises(TooManyScripts):
        await door.has_space(ACCOUNT, "three", 1)
    with pytest.raises(TooManyScripts):
        await door.put(ACCOUNT, "three", b"keep;")
    with pytest.raises(TooManyScripts):
        await door.has_space(ACCOUNT, "two", 101)
