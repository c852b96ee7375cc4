"""The guard's durable map. Tables and encodings are the guard's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import apsw

from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.adapters.sqlite.serverschema import migrations
from gatepost.adapters.sqlite.threads import Threads
from gatepost.adapters.sqlite.writer import Database
from gatepost.ports.guardstore import Record


class SqliteGuardStore:
    """See `gatepost.ports.guardstore.GuardStore`. `path` is the server's database, which the directory may share."""

    def __init__(self, path: Path) -> None:
        self._threads = Threads(writers=1, readers=1, scans=1)
        self._database = Database(path, migrations, self._threads)

    def load(self) -> Iterable[Record]:
        """Everything, in the caller's thread: at start only. Raises StorageUnavailable."""
        rows = self._database.read_now(lambda db: fetch_all(db, "SELECT part, key, value FROM guard"))
        return [Record(part, key, value) for part, key, value in rows]

    async def save(self, records: Iterable[Record]) -> None:
        """All or nothing. Raises StorageUnavailable."""
        kept = list(records)
        await self._database.change(lambda db: _save(db, kept))

    async def close(self) -> None:
        """Finishes what was promised."""
        await self._database.finish()
        await asyncio.get_running_loop().run_in_executor(None, self._threads.close)


def _save(db: apsw.Connection, records: list[Record]) -> None:
    for record in records:
        if record.value is None:
            db.execute("DELETE FROM guard WHERE part = ? AND key = ?", (record.table, record.key))
        else:
            db.execute(
                "INSERT INTO guard (part, key, value) VALUES (?, ?, ?) ON CONFLICT (part, key) DO UPDATE SET value = excluded.value",
                (record.table, record.key, record.value),
            )
