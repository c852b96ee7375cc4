"""Puts new mail's text into the index of text, behind the deliveries' back, for all accounts of a store in one thread; parses first
what nobody has asked for yet, and sorts in new keys of threads.

Not on the delivery's path: splitting a text into groups costs as much as storing the message. An account's turn comes when
a batch of messages waits and no more came for a moment, or the oldest has waited long enough; then it goes on until nothing
waits. Between steps the thread rests, so that a backlog (an import, a new version's migration) takes a small part of one
processor. A crash loses nothing: what waits is in the database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import apsw

from gatepost.adapters.sqlite import parsing, searchindex, threadkeys, unparsed
from gatepost.adapters.sqlite.blobs import BlobFiles
from gatepost.adapters.sqlite.threads import Threads
from gatepost.adapters.sqlite.unit import Change
from gatepost.adapters.sqlite.writer import Database
from gatepost.model.errors import StorageUnavailable
from gatepost.model.mail import EmailId

STEP_EMAILS = 64
STEP_OCTETS = 2 * 1024 * 1024
"""Read in one step; what one transaction holds up is some milliseconds."""
ROUND_SECONDS = 1.0
QUIET_SECONDS = 1.0
"""Without new mail: whoever is putting in thousands of messages is not slowed down meanwhile."""
PATIENCE_SECONDS = 15.0
"""How long messages wait at most: one transaction for many deliveries."""
REST = 3.0
"""Seconds of rest for each second of work."""

_Unit: TypeAlias = "Callable[[Callable[[Change], None]], Callable[[apsw.Connection], object]]"

log = logging.getLogger("gatepost.store")


class AccountIndex:
    """One account's part: its database and files, what makes a whole change of work on mail; how many messages came since its
    last turn, since when, and the last when."""

    def __init__(self, database: Database, files: BlobFiles, unit: _Unit) -> None:
        self.database, self.files, self._unit = database, files, unit
        self.since, self.latest, self.count = 0.0, 0.0, 0

    def step(self) -> int:
        """Parses or indexes some of what waits; how many emails. Blocks. Raises StorageUnavailable."""
        if parsed := self._parse():
            return parsed
        files = self.files

        def look(db: apsw.Connection) -> tuple[list[searchindex.Document], bool]:
            return searchindex.waiting(db, files, STEP_EMAILS, STEP_OCTETS), threadkeys.many(db)

        found, keys = self.database.read_now(look)
        while keys:
            keys = self.database.change_now(threadkeys.settle)
        if found:
            self.database.change_now(lambda db: searchindex.fill(db, found))
        return len(found)

    def parse(self, emails: Sequence[EmailId] | None) -> None:
        """Parses those of `emails`, or of all, that are not parsed yet. Blocks. Raises StorageUnavailable."""
        while self._parse(emails):
            pass

    def _parse(self, emails: Sequence[EmailId] | None = None) -> int:
        look = partial(unparsed.some, files=self.files, emails=emails, most=STEP_EMAILS, octets=STEP_OCTETS)
        found = self.database.read_now(look)
        if found:
            parsed = [(email, parsing.parse(content)) for email, content in found]
            self.database.change_now(self._unit(lambda change: unparsed.settle(change, parsed)))
        return len(found)


class Indexing:
    """All accounts of a store take turns. `monotonic` is the time in seconds."""

    def __init__(self, threads: Threads, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._threads, self._monotonic = threads, monotonic
        self._waiting: OrderedDict[AccountIndex, None] = OrderedDict()
        self._lock = threading.Lock()
        self._running = False

    def wake(self, index: AccountIndex, count: int = 1) -> None:
        """`count` messages more wait in the account's database. From any thread; cheap."""
        now = self._monotonic()
        with self._lock:
            if index not in self._waiting:
                self._waiting[index] = None
                index.since, index.count = now, 0
            index.count += count
            index.latest = now
            if self._running or self._threads.stopping.is_set():
                return
            self._running = True
        self._threads.background.submit(self._run)

    def _run(self) -> None:
        pause = ROUND_SECONDS
        while not self._threads.stopping.wait(pause):
            due = self._due()
            for index in due:
                self._index(index)
            pause = 0.0 if due else ROUND_SECONDS
            with self._lock:
                if not self._waiting:
                    self._running = False
                    return

    def _due(self) -> list[AccountIndex]:
        now = self._monotonic()
        long_ago, quiet = now - PATIENCE_SECONDS, now - QUIET_SECONDS
        with self._lock:
            due = [
                index
                for index in self._waiting
                if index.since <= long_ago or (index.count >= STEP_EMAILS and index.latest <= quiet)
            ]
            for index in due:
                del self._waiting[index]
        return due

    def _index(self, index: AccountIndex) -> None:
        """One step; the rest of a backlog waits until the other accounts had theirs."""
        begin = self._monotonic()
        try:
            found = index.step()
        except StorageUnavailable:
            return  # told and logged where it failed; the next delivery wakes us
        except Exception:
            log.exception("indexing %s", index.database.path)
            return
        if found:
            with self._lock:
                self._waiting[index] = None
                index.since = float("-inf")
        self._threads.stopping.wait((self._monotonic() - begin) * REST)
