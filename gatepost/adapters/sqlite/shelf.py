"""What all that open one account's mail share: its database, its files, its index, and who watches it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import apsw

from gatepost.adapters.sqlite import blobs
from gatepost.adapters.sqlite.indexing import AccountIndex, Indexing
from gatepost.adapters.sqlite.mailschema import migrations
from gatepost.adapters.sqlite.rows import fetch_first
from gatepost.adapters.sqlite.sharing import Sharing
from gatepost.adapters.sqlite.threads import Threads
from gatepost.adapters.sqlite.uidlists import UidLists
from gatepost.adapters.sqlite.unit import Change
from gatepost.adapters.sqlite.unparsed import Unparsed
from gatepost.adapters.sqlite.writer import Database
from gatepost.model.mail import AccountChange, BlobId
from gatepost.ports.clock import Clock

T = TypeVar("T")
log = logging.getLogger("gatepost.store")


class Shelf:
    """See the module."""

    def __init__(
        self, folder: Path, clock: Clock, threads: Threads, indexing: Indexing, sharing: Sharing, uid_lists: UidLists
    ) -> None:
        self.folder, self.clock, self.sharing, self.uid_lists = folder, clock, sharing, uid_lists
        self.granting = asyncio.Lock()
        self.database = Database(folder / "mail.db", lambda: migrations(clock.now()), threads)
        self.database.after_commit = self._clear
        self.files = blobs.BlobFiles(folder / "blobs")
        self.index = AccountIndex(self.database, self.files, self.unit)
        self._indexing = indexing
        self._appended = 0
        self.held = 0
        """Backups under way: no file goes meanwhile."""
        self.insisting = 0
        """How many are waiting for something to be parsed."""
        self.watchers: dict[int, tuple[Callable[[AccountChange], None], object]] = {}
        self._numbers = iter(range(1 << 62))
        self._doubtful: deque[str] = deque()
        self._swept = self._searched = False

    def watch(self, callback: Callable[[AccountChange], None], deaf_to: object = None) -> Callable[[], None]:
        """Calls `callback` after every change until the call that is returned, but not after changes by `deaf_to`."""
        number = next(self._numbers)
        self.watchers[number] = (callback, deaf_to)
        return lambda: void(self.watchers.pop(number, None))

    def tell(self, told: AccountChange | None, author: object) -> None:
        """On the loop, after a commit."""
        for callback, deaf_to in list(self.watchers.values()) if told is not None else ():
            if deaf_to is author:
                continue
            try:
                callback(told)  # type: ignore[arg-type]
            except Exception:
                log.exception("a watcher failed")

    def unit(
        self, work: Callable[[Change], T], quota: int = 0
    ) -> Callable[[apsw.Connection], tuple[T, AccountChange | None]]:
        """`work` as a whole change of the database."""

        def run(db: apsw.Connection) -> tuple[T, AccountChange | None]:
            change = Change(db, self.clock.now(), quota)
            result = work(change)
            told = change.finish()
            self._doubtful.extend(change.freed)
            self._appended += change.appended
            return result, told

        return run

    async def insist(self, look: Callable[[], Awaitable[T]], found: Unparsed) -> T:
        """What `look` returns once that is parsed which kept it from looking. Nothing that comes meanwhile is left for later:
        during a long upload there would be no end to it. Raises StorageUnavailable, and what `look` raises."""
        self.insisting += 1
        try:
            while True:
                await self.database.compute(partial(self.index.parse, found.emails))
                try:
                    return await look()
                except Unparsed as more:
                    found = more
        finally:
            self.insisting -= 1

    def doubt(self, *written: BlobId) -> None:
        """These blobs' files were written for a change that failed: they go with the next commit unless a row needs them."""
        self._doubtful.extend(written)

    def searched(self) -> None:
        """Mail that an older version stored is indexed once somebody searches it."""
        if not self._searched:
            self._searched = True
            self._indexing.wake(self.index)

    def _clear(self, db: apsw.Connection) -> None:
        """In the writer's thread after a commit: removes files that no row needs."""
        while self._doubtful and not self.held:
            blob = BlobId(self._doubtful.popleft())
            if not fetch_first(db, "SELECT 1 FROM blob WHERE id = ?", (blob,)):
                self.files.remove(blob)
        if self._appended:
            self._indexing.wake(self.index, self._appended)
            self._appended = 0
        if not self._swept and not self.held:
            self._swept = True
            self._indexing.wake(self.index)
            self.files.sweep(db)


def void(_: object) -> None:
    """Sets a value aside."""
