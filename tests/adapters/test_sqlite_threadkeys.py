"""Keys of threads are found wherever they lie, and go with their email."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore, threadkeys
from gatepost.model.account import AccountId
from gatepost.model.mail import Draft, Stored

A1 = AccountId("a1")


def message(number: int, *references: int) -> bytes:
    named = " ".join(f"<{each}@x>" for each in references)
    return f"Message-ID: <{number}@x>\r\nReferences: {named}\r\nSubject: Re: stones\r\n\r\n.\r\n".encode()


def counts(db: apsw.Connection) -> tuple[int, int]:
    """Keys that are sorted in, and those that wait."""
    (sorted_in,), (waiting,) = (
        db.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,) for table in ("thread_key", "fresh_key")
    )
    return sorted_in, waiting


async def test_an_answer_finds_its_thread_before_and_after_keys_are_sorted_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(A1)
    database = store.shelf(A1).database
    inbox = (await mail.mailbox("INBOX")).id

    async def put(number: int, *references: int) -> Stored:
        return await mail.append(Draft(message(number, *references), (inbox,)))

    first, other = await put(1), await put(2)
    assert first.thread != other.thread
    assert (await put(3, 1)).thread == first.thread
    assert await database.read(counts) == (0, 4)

    await mail.index_text()
    assert await database.read(counts) == (0, 4)  # too few
    monkeypatch.setattr(threadkeys, "MANY", 2)
    await put(4)
    await mail.index_text()
    assert await database.read(counts) == (2, 3)

    assert (await put(5, 1)).thread == first.thread
    assert (await put(6, 5)).thread == first.thread
    assert (await put(7, 6, 2)).thread == min(first.thread, other.thread)
    assert await store.upkeep.check(A1) == []
    await store.close()


async def test_keys_go_with_their_email(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(A1)
    database = store.shelf(A1).database
    inbox = (await mail.mailbox("INBOX")).id
    old = await mail.append_all([Draft(message(number), (inbox,)) for number in (1, 2)])
    monkeypatch.setattr(threadkeys, "MANY", 1)
    await mail.index_text()
    new = await mail.append(Draft(message(3, 1), (inbox,)))
    assert await database.read(counts) == (1, 3)

    await mail.destroy_emails([old[0].email, new.email])
    assert await database.read(counts) == (0, 1)
    assert (await mail.append(Draft(message(4, 3), (inbox,)))).thread not in {each.thread for each in old}
    await store.close()


async def test_threads_of_an_older_version_are_found(tmp_path: Path) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    inbox = (await store.open(A1).mailbox("INBOX")).id
    first = await store.open(A1).append(Draft(message(1), (inbox,)))
    await store.close()
    db = apsw.Connection(str(tmp_path / A1 / "mail.db"))
    db.execute(
        "INSERT INTO thread_key (key, email, thread) SELECT key, email, thread FROM fresh_key; DROP TABLE fresh_key;"
        " DROP TABLE unparsed;"
        " PRAGMA user_version = 13"
    )
    db.close()
    store = SqliteMailstore(tmp_path, SystemClock())
    assert (await store.open(A1).append(Draft(message(2, 1), (inbox,)))).thread == first.thread
    await store.close()
