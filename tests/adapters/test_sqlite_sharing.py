"""Where to look for what is shared: made anew, put right, and brought along by backups."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore
from gatepost.adapters.sqlite.connections import connect
from gatepost.model.account import AccountId
from gatepost.model.errors import StorageUnavailable
from gatepost.model.rights import Grant, Grantee, Rights

A1, A2, BOB, EVE = AccountId("a1"), AccountId("a2"), Grantee("b1"), Grantee("e1")


@pytest.fixture
async def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = SqliteMailstore(tmp_path / "mail", SystemClock())
    for account in (A1, A2):
        await grant(made, account, BOB, "lr")
    yield made
    await made.close()


async def grant(store: SqliteMailstore, account: AccountId, grantee: Grantee, rights: str) -> None:
    mail = store.open(account)
    await mail.set_access((await mail.mailbox("INBOX")).id, grantee, "replace", Rights(rights))


def sharing(folder: Path, sql: str) -> None:
    with contextlib.closing(connect(folder / "mail" / "sharing.db")) as db:
        db.execute(sql)


async def test_a_lost_database_is_made_anew(store: SqliteMailstore, tmp_path: Path) -> None:
    await store.close()
    for path in (tmp_path / "mail").glob("sharing.db*"):
        path.unlink()
    (tmp_path / "mail" / "broken").mkdir()
    (tmp_path / "mail" / "broken" / "mail.db").write_bytes(b"no database" * 100)
    (tmp_path / "mail" / "older").mkdir()
    with contextlib.closing(connect_new(tmp_path / "mail" / "older" / "mail.db")) as db:
        db.execute("CREATE TABLE mailbox (id INTEGER PRIMARY KEY)")  # of a version that knew no access lists
    again = SqliteMailstore(tmp_path / "mail", SystemClock())
    assert await again.sharers([BOB]) == (A1, A2)
    assert await again.sharers([EVE]) == ()
    await again.close()


def connect_new(path: Path):  # type: ignore[no-untyped-def]
    path.touch()
    return connect(path)


async def test_a_line_that_is_missing_is_a_fault_and_mended(store: SqliteMailstore, tmp_path: Path) -> None:
    assert await store.upkeep.check(A1) == []
    sharing(tmp_path, "DELETE FROM shared WHERE owner = 'a1'")
    sharing(tmp_path, "INSERT INTO shared VALUES ('e1', 'a1')")
    [found] = await store.upkeep.check(A1)
    assert (found.kind, found.subject) == ("access", "b1")
    [mended] = await store.upkeep.repair(A1)
    assert mended.mended
    assert await store.upkeep.check(A1) == []
    assert await store.sharers([BOB]) == (A1, A2)
    assert await store.sharers([EVE]) == ()


async def test_a_list_of_a_mailbox_that_is_gone(store: SqliteMailstore, tmp_path: Path) -> None:
    with contextlib.closing(connect(tmp_path / "mail" / "a1" / "mail.db")) as db:
        db.execute("INSERT INTO access VALUES (77, 'e1', 0, 'lr')")
    assert {fault.kind for fault in await store.upkeep.check(A1)} == {"access"}
    assert all(fault.mended for fault in await store.upkeep.repair(A1))
    assert await store.upkeep.check(A1) == []
    assert await store.sharers([EVE]) == ()


async def test_a_restored_account_shares_what_it_shared(store: SqliteMailstore, tmp_path: Path) -> None:
    await store.upkeep.backup(A1, tmp_path / "copy")
    await grant(store, A1, BOB, "")
    await grant(store, A1, EVE, "lrs")
    await store.upkeep.restore(A1, tmp_path / "copy")
    mail = store.open(A1)
    assert await mail.access((await mail.mailbox("INBOX")).id) == (Grant(BOB, Rights("lr")),)
    assert await store.sharers([BOB]) == (A1, A2)
    assert await store.sharers([EVE]) == ()
    elsewhere = SqliteMailstore(tmp_path / "other", SystemClock())
    await elsewhere.replace(A1, tmp_path / "copy")
    assert await elsewhere.sharers([BOB]) == (A1,)
    await elsewhere.close()


async def test_where_to_look_is_noted_before_the_grant(store: SqliteMailstore, tmp_path: Path) -> None:
    mail = store.open(A1)
    inbox = (await mail.mailbox("INBOX")).id
    sharing(tmp_path, "CREATE TRIGGER full BEFORE INSERT ON shared BEGIN SELECT RAISE(FAIL, 'full'); END")
    with pytest.raises(Exception, match="full"):
        await mail.set_access(inbox, EVE, "add", Rights("lr"))
    assert await mail.access(inbox) == (Grant(BOB, Rights("lr")),)


async def test_an_account_that_goes_while_another_cannot_be_written(store: SqliteMailstore) -> None:
    """The grant stays behind, for an id that nobody gets again."""
    await store.open(AccountId("b1")).mailboxes()
    await store.shelf(A1).database.finish()
    await store.erase(AccountId("b1"))
    assert await store.sharers([BOB]) == (A1,)
    with pytest.raises(StorageUnavailable):
        await store.open(A1).mailboxes()
