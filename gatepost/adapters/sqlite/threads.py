"""The threads in which SQLite works, and a bound on how many databases are open at once.

Threads start when they are first needed, so that a store may be made before the event loop runs. Closing a database's connections
never happens on the event loop: the last one to close writes its journal back.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol


class Closable(Protocol):
    """A database as the bound sees it."""

    def close_if_idle(self) -> bool:
        """Closes its connections and returns True, unless somebody is using them."""
        ...


class Threads:
    """`writers` commit (they mostly wait for the disk), `readers` answer quick questions, `scans` read text for a search: a
    long search keeps nobody from reading mail. `indexers` compute: few, since all that compute take turns with the event
    loop, and each turn is some milliseconds long. `background` does what nobody waits for, until `stopping`. At most about
    `open_databases` databases keep connections."""

    def __init__(
        self, writers: int = 8, readers: int = 4, scans: int = 2, indexers: int = 2, open_databases: int = 128
    ) -> None:
        self.writers = ThreadPoolExecutor(writers, "store-write")
        self.readers = ThreadPoolExecutor(readers, "store-read")
        self.scans = ThreadPoolExecutor(scans, "store-scan")
        self.indexers = ThreadPoolExecutor(indexers, "store-index")
        self.background = ThreadPoolExecutor(1, "store-background")
        self.stopping = threading.Event()
        self._limit = open_databases
        self._open: OrderedDict[Closable, None] = OrderedDict()
        self._lock = threading.Lock()

    def opened(self, database: Closable) -> None:
        """`database` has just been used; the ones not used for longest are closed beyond the bound."""
        with self._lock:
            self._open[database] = None
            self._open.move_to_end(database)
            excess = len(self._open) - self._limit
            if excess <= 0:
                return
            oldest = [other for other in self._open if other is not database][:excess]
        for other in oldest:
            if other.close_if_idle():
                self.closed(other)

    def touched(self, database: Closable) -> None:
        """As `opened`, on an event loop: nothing is closed."""
        with self._lock:
            if database in self._open:
                self._open.move_to_end(database)

    def closed(self, database: Closable) -> None:
        """`database` keeps no connections any more."""
        with self._lock:
            self._open.pop(database, None)

    def close(self) -> None:
        """Waits for what the threads are doing, then closes every database. Blocks: not for the event loop."""
        self.stopping.set()
        for executor in (self.background, self.indexers, self.writers, self.readers, self.scans):
            executor.shutdown(wait=True)
        for database in list(self._open):
            database.close_if_idle()
        self._open.clear()
