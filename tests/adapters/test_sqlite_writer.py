"""Group commit: one transaction for all that wait, each on its own in it, and nothing promised that is not on disk."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from gatepost.adapters.sqlite import writer
from gatepost.adapters.sqlite.connections import NewerSchema, connect, prepare
from gatepost.adapters.sqlite.threads import Threads
from gatepost.adapters.sqlite.writer import Database
from gatepost.model.errors import NoSuchEmail, StorageUnavailable


def schema() -> list[Callable[[apsw.Connection], None]]:
    return [lambda db: void(db.execute("CREATE TABLE t (n INTEGER, filler BLOB)"))]


def void(_: object) -> None:
    """A migration returns nothing."""


def add(number: int, octets: int = 0) -> Callable[[apsw.Connection], int]:
    def work(db: apsw.Connection) -> int:
        db.execute("INSERT INTO t VALUES (?, zeroblob(?))", (number, octets))
        return number

    return work


def numbers(db: apsw.Connection) -> list[int]:
    return [row[0] for row in db.execute("SELECT n FROM t ORDER BY n")]


@pytest.fixture
async def threads() -> AsyncIterator[Threads]:
    made = Threads(open_databases=2)
    yield made
    await asyncio.to_thread(made.close)


@pytest.fixture
async def database(tmp_path: Path, threads: Threads) -> AsyncIterator[Database]:
    made = Database(tmp_path / "data" / "t.db", schema, threads)
    yield made
    await made.finish()


@contextmanager
def full_disk(octets: int) -> Iterator[None]:
    """No file of this process may grow beyond `octets`: to SQLite, a disk without room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_change_is_there_for_another_connection(database: Database) -> None:
    assert await database.change(add(1)) == 1
    other = connect(database.path)
    assert numbers(other) == [1]
    assert other.pragma("journal_mode") == "wal"
    other.close()
    assert await database.read(numbers) == [1]


async def test_waiting_changes_share_a_transaction(database: Database) -> None:
    await database.change(add(0))
    started, go_on = threading.Event(), threading.Event()

    def slow(db: apsw.Connection) -> None:
        started.set()
        go_on.wait(10)

    first = asyncio.create_task(database.change(slow))
    await asyncio.to_thread(started.wait, 10)
    commits: list[int] = []
    database.after_commit = lambda db: commits.append(len(numbers(db)))
    rest = [asyncio.create_task(database.change(add(n))) for n in range(1, 65)]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, *rest)
    assert await database.read(numbers) == list(range(65))
    await database.change(numbers)  # what follows a commit is done before the next one
    assert set(commits) <= {1, 65}  # all or none of the sixty-four at every commit
    assert 65 in commits


async def test_a_failing_change_fails_alone(database: Database) -> None:
    def fail(db: apsw.Connection) -> None:
        add(99)(db)
        raise NoSuchEmail("99")

    outcomes = await asyncio.gather(
        database.change(add(1)), database.change(fail), database.change(add(2)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [int, NoSuchEmail, int]
    assert await database.read(numbers) == [1, 2]


async def test_a_fault_of_ours_is_told_and_changes_nothing(database: Database) -> None:
    def nonsense(db: apsw.Connection) -> None:
        add(99)(db)
        db.execute("SELECT nothing FROM nowhere")

    with pytest.raises(apsw.SQLError):
        await database.change(nonsense)
    with pytest.raises(apsw.SQLError):
        await database.read(lambda db: db.execute("SELECT nothing FROM nowhere"))
    await database.change(add(1))
    assert await database.read(numbers) == [1]


async def test_then_is_called_before_the_caller_goes_on(database: Database) -> None:
    told: list[int] = []
    await asyncio.gather(*(database.change(add(n), told.append) for n in range(20)))
    assert told == list(range(20))


async def test_cancelled_before_its_turn_nothing_changes(database: Database) -> None:
    await database.change(add(0))
    go_on = threading.Event()
    first = asyncio.create_task(database.change(lambda db: void(go_on.wait(10))))
    await asyncio.sleep(0)
    cancelled = asyncio.create_task(database.change(add(1)))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await first
    await database.change(add(2))
    assert await database.read(numbers) == [0, 2]


async def test_readers_cannot_write_and_see_one_view(database: Database) -> None:
    await database.change(add(1))
    with pytest.raises(StorageUnavailable):
        await database.read(add(2))
    reading, go_on = threading.Event(), threading.Event()

    def look_twice(db: apsw.Connection) -> tuple[list[int], list[int]]:
        before = numbers(db)
        reading.set()
        go_on.wait(10)
        return before, numbers(db)

    view = asyncio.create_task(database.read(look_twice))
    await asyncio.to_thread(reading.wait, 10)
    await database.change(add(3))
    go_on.set()
    assert await view == ([1], [1])


async def test_full_disk_changes_nothing_and_heals(database: Database) -> None:
    await database.change(add(1))
    with full_disk(200_000):
        outcomes = await asyncio.gather(
            *(database.change(add(n, 10 if n < 5 else 1_000_000)) for n in range(2, 8)), return_exceptions=True
        )
        assert [type(o) for o in outcomes] == [int, int, int] + [StorageUnavailable] * 3
        assert await database.read(numbers) == [1, 2, 3, 4]
    await database.change(add(8, 1_000_000))
    assert await database.read(numbers) == [1, 2, 3, 4, 8]


async def test_sqlites_own_full_error(database: Database) -> None:
    await database.change(add(1))

    def limited(db: apsw.Connection) -> None:
        db.pragma("max_page_count", 4)
        add(2, 1_000_000)(db)

    with pytest.raises(StorageUnavailable):
        await database.change(limited)
    await database.change(add(3, 1_000_000))  # on a connection of its own
    assert await database.read(numbers) == [1, 3]


async def test_a_folder_that_cannot_be_made_is_waited_for(tmp_path: Path, threads: Threads) -> None:
    (tmp_path / "data").write_bytes(b"in the way")
    database = Database(tmp_path / "data" / "t.db", schema, threads)
    for call in (database.change(add(1)), database.read(numbers)):
        with pytest.raises(StorageUnavailable):
            await call
    (tmp_path / "data").unlink()
    await database.change(add(1))
    assert await database.read(numbers) == [1]


async def test_few_databases_are_open_at_once(tmp_path: Path, threads: Threads) -> None:
    made = [Database(tmp_path / f"{n}.db", schema, threads) for n in range(6)]
    for _ in range(3):
        await asyncio.gather(*(database.change(add(1)) for database in made))
        for database in made:
            assert len(await database.read(numbers)) >= 1
    assert sum(database.connected for database in made) <= 3


async def test_closed_is_closed(database: Database) -> None:
    last = asyncio.create_task(database.change(add(1)))
    await asyncio.sleep(0)
    await database.finish()
    assert last.done() or await last == 1
    with pytest.raises(StorageUnavailable):
        await database.change(add(2))
    with pytest.raises(StorageUnavailable):
        await database.read(numbers)


def test_migrations_go_on_where_they_were(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    steps = [*schema(), lambda db: void(db.execute("ALTER TABLE t ADD COLUMN more TEXT"))]
    prepare(path, steps[:1])
    prepare(path, steps)
    prepare(path, steps)
    connection = connect(path)
    assert connection.pragma("user_version") == 2
    connection.execute("INSERT INTO t (n, more) VALUES (1, 'x')")
    connection.close()
    with pytest.raises(NewerSchema):
        prepare(path, steps[:1])


def test_a_migration_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    prepare(path, schema())

    def broken(db: apsw.Connection) -> None:
        db.execute("CREATE TABLE half (n)")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        prepare(path, [*schema(), broken])
    connection = connect(path)
    assert connection.pragma("user_version") == 1
    assert not connection.table_exists(None, "half")
    connection.close()


def test_a_query_is_not_planned_anew_for_each_value(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    prepare(path, schema())
    db = connect(path)
    db.execute("CREATE INDEX t_n ON t (n)")
    planned: list[object] = []

    def note(*what: object) -> int:
        planned.append(what)
        return int(apsw.SQLITE_OK)

    db.authorizer = note  # asked whenever a query is planned
    for number in range(4):
        db.execute("SELECT min(n) FROM t WHERE n = ?", (number,)).fetchall()
        if number == 0:
            assert planned
            planned.clear()
    assert planned == []
    db.close()


async def test_a_long_journal_is_put_in_its_place(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, journal = tmp_path / "data" / "t.db", tmp_path / "data" / "t.db-wal"
    await database.change(add(1, 200_000))
    await database.change(add(2))  # when it is its turn, the one before is done with
    assert place.stat().st_size < 200_000 < journal.stat().st_size

    monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 10)
    await database.change(add(3))
    await database.change(add(4))
    assert place.stat().st_size > 200_000
    length = journal.stat().st_size
    await database.change(add(5, 100_000))
    assert journal.stat().st_size == length  # written from its beginning again
    assert await database.read(numbers) == [1, 2, 3, 4, 5]
