"""What is SQLite's own about the directory and the guard's state: several processes, one file, no words lost."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from gatepost.adapters.sqlite import SqliteDirectory, SqliteGuardStore
from gatepost.adapters.sqlite.connections import connect
from gatepost.model.account import Credentials
from gatepost.model.errors import StorageUnavailable
from gatepost.ports.guardstore import Record


async def test_another_process_writes_and_this_one_sees_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gatepost.db"
    server, command = SqliteDirectory(path, "example.org"), SqliteDirectory(path, "example.org")
    guard = SqliteGuardStore(path)
    await command.add_domain("example.org")
    account = await command.add_account("ada@example.org", Credentials())
    assert server.login("ada").account == account.id
    key = server.secret_key("tags")
    assert command.secret_key("tags") == key
    await asyncio.gather(
        *(command.add_account(f"a{n}@example.org", Credentials()) for n in range(20)),
        *(server.add_account(f"b{n}@example.org", Credentials()) for n in range(20)),
        *(guard.save([Record("ban", b"%d" % n, b"v")]) for n in range(20)),
    )
    assert len(server.accounts()) == 41
    assert len(list(guard.load())) == 20
    for each in (server, command, guard):
        await each.close()


async def test_last_use_of_an_app_password_is_kept_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "gatepost.db"
    directory = SqliteDirectory(path, "example.org")
    await directory.add_domain("example.org")
    account = (await directory.add_account("ada@example.org", Credentials())).id
    await directory.add_app_password(account, "phone", b"digest", 1.0)
    directory.note_app_password_used(account, "phone", 7.0)
    directory.note_app_password_used(account, "phone", 9.0)
    await directory.close()
    again = SqliteDirectory(path, "example.org")
    assert again.app_passwords(account)[0].used == 9.0
    await again.close()


async def test_logins_are_looked_up_within_microseconds(tmp_path: Path) -> None:
    directory = SqliteDirectory(tmp_path / "gatepost.db", "example.org")
    await directory.add_domain("example.org")
    await asyncio.gather(*(directory.add_account(f"u{n}@example.org", Credentials()) for n in range(300)))
    begin = time.perf_counter()
    for number in range(300):
        assert directory.login(f"U{number}").account
    assert (time.perf_counter() - begin) / 300 < 0.002  # 15 us on a quiet machine
    await directory.close()


async def test_bans_and_mail_are_on_disk_before_the_answer(tmp_path: Path) -> None:
    guard = SqliteGuardStore(tmp_path / "gatepost.db")
    await guard.save([Record("ban", b"k", b"v")])
    writer = connect(tmp_path / "gatepost.db")
    assert writer.pragma("synchronous") == 2  # FULL: the journal is synced with every commit
    writer.close()
    await guard.close()
    with pytest.raises(StorageUnavailable):
        await guard.save([Record("ban", b"k", b"v")])


def test_a_directory_on_a_broken_disk_says_so(tmp_path: Path) -> None:
    (tmp_path / "gatepost.db").write_bytes(b"not a database at all, but long enough to look at" * 100)
    with pytest.raises(StorageUnavailable):
        SqliteDirectory(tmp_path / "gatepost.db", "example.org")
