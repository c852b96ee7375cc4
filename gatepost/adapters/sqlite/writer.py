"""One SQLite database under an event loop: changes with group commit, reads in threads.

Law: a change that was answered is on disk; a change that failed changed nothing, and took nobody else's change with it.
All changes that wait when the writer is free run in one transaction, each in a savepoint of its own if there are several, and share
one fsync. Only one thread writes at a time. When the disk fails, the connections are thrown away and opened anew for the next
caller, so that the service is back as soon as the disk is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import apsw

from gatepost.adapters.sqlite.connections import (
    BUSY_MILLISECONDS,
    STORAGE_FAILURES,
    Migration,
    connect,
    prepare,
    unavailable,
)
from gatepost.adapters.sqlite.threads import Threads
from gatepost.model.errors import StorageUnavailable

T = TypeVar("T")
log = logging.getLogger("gatepost.store")

GROUP = 256
"""Changes in one transaction at most: the first of them shall not wait for too many others."""
CHECKPOINT_PAGES = 2048
"""The journal's pages before they are put in their places: the longer it is, the more pages have been changed again meanwhile."""
IDLE_READERS = 2
"""Read connections that a database keeps between reads."""


class _Job(Generic[T]):
    """A change that waits: `work` runs in the writer's thread, `then` on the loop once it is durable."""

    __slots__ = ("error", "future", "loop", "result", "then", "work")

    def __init__(
        self,
        work: Callable[[apsw.Connection], T],
        then: Callable[[T], None] | None,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        """`loop` None: a thread waits for it, not a loop."""
        self.work, self.then, self.loop = work, then, loop
        self.future: asyncio.Future[T] | Future[T] = Future() if loop is None else loop.create_future()
        self.result: T | None = None
        self.error: Exception | None = None


class Elsewhere(Exception):
    """A glance would take too long on the event loop: a thread is to look."""


class Database:
    """`after_commit`, if set, is called in the writer's thread after every transaction, outside of any."""

    def __init__(self, path: Path, migrations: Callable[[], Sequence[Migration]], threads: Threads) -> None:
        self.path = path
        self.after_commit: Callable[[apsw.Connection], None] | None = None
        self._migrations, self._threads = migrations, threads
        self._lock = threading.Lock()  # guards everything below
        self._preparing = threading.Lock()
        self._ready = False
        self._closed = False
        self._pending: deque[_Job[Any]] = deque()
        self._writing = False
        self._writer: apsw.Connection | None = None
        self._journal_pages = 0  # of the writer's thread
        self._idle: list[apsw.Connection] = []
        self._reading = 0

    async def change(self, work: Callable[[apsw.Connection], T], then: Callable[[T], None] | None = None) -> T:
        """Runs `work` in a transaction and returns what it returned once that is on disk. Whatever `work` raises undoes
        its own changes only. `work` may run twice. A caller that is cancelled before its turn changes nothing.
        Raises StorageUnavailable."""
        loop = asyncio.get_running_loop()
        job: _Job[T] = _Job(work, then, loop)
        self._submit(job)
        return await cast("asyncio.Future[T]", job.future)

    def change_now(self, work: Callable[[apsw.Connection], T]) -> T:
        """The same from a thread without a loop, which waits. Not for the writer's own thread."""
        job: _Job[T] = _Job(work, None, None)
        self._submit(job)
        return cast("Future[T]", job.future).result()

    def _submit(self, job: _Job[Any]) -> None:
        with self._lock:
            self._check()
            self._pending.append(job)
            start, self._writing = not self._writing, True
        if start:
            self._threads.writers.submit(self._drain)

    async def read(self, work: Callable[[apsw.Connection], T], scan: bool = False) -> T:
        """Runs `work` in a reader's thread on one unchanging view of the database. Raises StorageUnavailable."""
        self._check()
        executor = self._threads.scans if scan else self._threads.readers
        return await asyncio.get_running_loop().run_in_executor(executor, self.read_now, work)

    def glance(self, work: Callable[[apsw.Connection], T], alone: bool = False) -> T:
        """Runs `work` on one unchanging view of the database in the caller's thread, an event loop's: a way to a thread and back
        costs more than a few rows do. Not for more than a few pages; `work` raises Elsewhere where it sees that it would be. With
        `alone` it is a single statement, which is a view by itself.
        Raises Elsewhere too where no connection is open and free, or a lock is to be waited for; StorageUnavailable."""
        with self._lock:
            self._check()
            if not self._idle:
                raise Elsewhere
            self._reading += 1
            connection = self._idle.pop()
        sound = True
        try:
            connection.set_busy_timeout(0)
            return work(connection) if alone else _snapshot(connection, work)
        except (apsw.BusyError, apsw.LockedError):
            raise Elsewhere from None
        except STORAGE_FAILURES as error:
            sound = False
            raise self._unreadable(error) from error
        finally:
            connection.set_busy_timeout(BUSY_MILLISECONDS)
            self._give_back(connection, sound)
            self._threads.touched(self)

    async def compute(self, work: Callable[[], T]) -> T:
        """Runs `work`, which computes most of its time, in an indexer's thread. Raises StorageUnavailable if closed."""
        self._check()
        return await asyncio.get_running_loop().run_in_executor(self._threads.indexers, work)

    async def aside(self, work: Callable[[], T]) -> T:
        """Runs `work`, which needs the disk but not the database, in a reader's thread. Raises StorageUnavailable."""

        self._check()

        def run() -> T:
            try:
                return work()
            except OSError as error:
                log.error("writing beside %s: %s", self.path, error)
                raise unavailable(error) from error

        return await asyncio.get_running_loop().run_in_executor(self._threads.readers, run)

    def read_now(self, work: Callable[[apsw.Connection], T]) -> T:
        """The same in the caller's thread."""
        with self._lock:
            self._check()
            self._reading += 1
            connection = self._idle.pop() if self._idle else None
        sound = True
        try:
            if connection is None:
                self._prepare()
                connection = connect(self.path, query_only=True)
            return _snapshot(connection, work)
        except STORAGE_FAILURES as error:
            sound = False
            raise self._unreadable(error) from error
        finally:
            self._give_back(connection, sound)
            self._threads.opened(self)

    def _unreadable(self, error: Exception) -> StorageUnavailable:
        log.error("reading %s: %s", self.path, error)
        return unavailable(error)

    def _give_back(self, connection: apsw.Connection | None, sound: bool) -> None:
        """It is kept for the next look unless the disk failed under it."""
        with self._lock:
            self._reading -= 1
            if connection is not None and sound and not self._closed and len(self._idle) < IDLE_READERS:
                self._idle.append(connection)
                return
        if connection is not None:
            _close(connection)

    def _check(self) -> None:
        if self._closed:
            raise StorageUnavailable("the database is closed")

    def _prepare(self) -> None:
        if not self._ready:
            with self._preparing:
                if not self._ready:
                    prepare(self.path, self._migrations())
                    self._ready = True

    # -- the writer's thread ---------------------------------------------------------------------------------------
    def _drain(self) -> None:
        with self._lock:
            batch = [self._pending.popleft() for _ in range(min(GROUP, len(self._pending)))]
        batch = [job for job in batch if not job.future.cancelled()]
        if batch:
            self._commit(batch)
            _answer(batch)
            self._after_commit()
            self._put_in_place()
        self._threads.opened(self)
        with self._lock:
            self._writing = bool(self._pending)
            again = self._writing
        if again:  # at the end of the queue: other databases have their turn
            self._threads.writers.submit(self._drain)

    def _commit(self, batch: list[_Job[Any]]) -> None:
        """One transaction; if the disk fails, each job alone, so that one too large for the disk harms no other."""
        try:
            if self._writer is None:
                self._prepare()
                self._writer = connect(self.path)
                self._writer.set_wal_hook(self._committed)
            self._writer.execute("BEGIN IMMEDIATE")
            if len(batch) == 1:
                _attempt_alone(self._writer, batch[0])
            else:
                for job in batch:
                    _attempt(self._writer, job)
                self._writer.execute("COMMIT")
        except STORAGE_FAILURES as error:
            self._drop_writer()
            if len(batch) > 1 and not isinstance(error, apsw.BusyError):
                for job in batch:
                    self._commit([job])
                return
            log.error("writing %s: %s", self.path, error)
            for job in batch:
                job.error = unavailable(error)
        except Exception as error:  # a fault of ours: nobody's change is kept, everybody is told
            log.exception("writing %s", self.path)
            self._drop_writer()
            for job in batch:
                job.error = error

    def _after_commit(self) -> None:
        if self.after_commit is not None and self._writer is not None:
            try:
                self.after_commit(self._writer)
            except Exception:
                log.exception("after a change of %s", self.path)

    def _committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        """SQLite tells how long the journal is; without this it would put it in its place itself, before the answer."""
        self._journal_pages = pages
        return int(apsw.SQLITE_OK)

    def _put_in_place(self) -> None:
        """The pages of a long journal go to their places, as far as no reader needs the old ones. Those who were answered do not
        wait for it; where the disk fails, all is in the journal still, and the next change tries again."""
        if self._writer is None or self._journal_pages < CHECKPOINT_PAGES:
            return
        try:
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except STORAGE_FAILURES as error:
            log.warning("putting the journal of %s in its place: %s", self.path, error)

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            _close(writer)

    @property
    def closed(self) -> bool:
        """Whether every call raises StorageUnavailable for good."""
        return self._closed

    @property
    def connected(self) -> bool:
        """Whether it keeps any connection open."""
        return self._writer is not None or bool(self._idle)

    # -- closing ---------------------------------------------------------------------------------------------------
    def close_if_idle(self) -> bool:
        """Closes the connections unless a thread is at work on them; they are opened again when needed."""
        with self._lock:
            if self._writing or self._reading:
                return False
            closing, self._idle = self._idle, []
            if self._writer is not None:
                closing.append(self._writer)
                self._writer = None
        for connection in closing:
            _close(connection)
        return True

    async def finish(self) -> None:
        """From now on every call raises StorageUnavailable; returns when what was promised is done."""
        last: _Job[None] = _Job(lambda connection: None, None, asyncio.get_running_loop())
        with self._lock:
            self._closed = True
            if not self._writing:
                return
            self._pending.append(last)
        with contextlib.suppress(StorageUnavailable):  # those who wait have been told
            await cast("asyncio.Future[None]", last.future)


def _attempt(connection: apsw.Connection, job: _Job[Any]) -> None:
    """Runs one job in its savepoint."""
    connection.execute("SAVEPOINT job")
    _run(connection, job)
    if job.error is not None:
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def _attempt_alone(connection: apsw.Connection, job: _Job[Any]) -> None:
    """Runs the transaction's only job, which needs no savepoint, and ends the transaction."""
    _run(connection, job)
    connection.execute("COMMIT" if job.error is None else "ROLLBACK")


def _run(connection: apsw.Connection, job: _Job[Any]) -> None:
    """The job's result, or its error: what it raises is its own, but for storage failures, which are the whole transaction's."""
    job.error = None
    try:
        job.result = job.work(connection)
    except STORAGE_FAILURES:
        raise
    except Exception as error:
        job.error = error


def _close(connection: apsw.Connection) -> None:
    """An open transaction is rolled back. What a failing disk says to that is noted, and changes nothing."""
    try:
        connection.close(True)
    except apsw.Error as error:
        log.error("closing a database: %s", error)


def _snapshot(connection: apsw.Connection, work: Callable[[apsw.Connection], T]) -> T:
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")


def _answer(batch: list[_Job[Any]]) -> None:
    """Hands the outcomes to the loops that asked, in order."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job[Any]]] = {}
    for job in batch:
        if job.loop is None:
            _resolve([job])
        else:
            by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, jobs)
        except RuntimeError:  # the loop has ended meanwhile; the change is kept all the same
            log.warning("nobody waits any more for %d changes", len(jobs))


def _resolve(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        if job.error is None and job.then is not None:
            job.then(job.result)
        if job.future.done():  # cancelled while its change was being made
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
