"""Where to look for what is shared with somebody: which accounts grant anything to whom.

Law: the access lists in the accounts' own databases are the truth. A line here is written before the grant that it is for and
removed after the last one, so a crash leaves a line too many, which costs a look, and never one too few. Where the database is
missing it is made anew from the truth.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterable
from pathlib import Path

import apsw

from gatepost.adapters.sqlite import access
from gatepost.adapters.sqlite.connections import STORAGE_FAILURES, connect
from gatepost.adapters.sqlite.copying import DATABASE
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.adapters.sqlite.threads import Threads
from gatepost.adapters.sqlite.writer import Database
from gatepost.model.account import AccountId
from gatepost.model.rights import Grantee

NAME = "sharing.db"
log = logging.getLogger("gatepost.store")

_SCHEMA = """
CREATE TABLE shared (
    grantee TEXT NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (grantee, owner)
) WITHOUT ROWID;
CREATE INDEX shared_owner ON shared (owner);
"""
_ADD = "INSERT OR IGNORE INTO shared (grantee, owner) VALUES (?, ?)"


class Sharing:
    """One for a store; `root` is the folder of all mail."""

    def __init__(self, root: Path, threads: Threads) -> None:
        self._root = root
        self._database = Database(root / NAME, lambda: (self._gather,), threads)

    def _gather(self, db: apsw.Connection) -> None:
        """In a thread, once: from every account's own database. Folders that begin with a dot are not in place yet."""
        db.execute(_SCHEMA)
        for path in self._root.glob(f"[!.]*/{DATABASE}"):
            for grantee in granted_in(path):
                db.execute(_ADD, (grantee, path.parent.name))

    async def owners(self, grantees: Collection[Grantee]) -> tuple[AccountId, ...]:
        """Who may have granted something to one of `grantees`, sorted."""

        def look(db: apsw.Connection) -> tuple[AccountId, ...]:
            marks = ", ".join("?" * len(grantees))
            query = f"SELECT DISTINCT owner FROM shared WHERE grantee IN ({marks}) ORDER BY owner"  # noqa: S608 - only marks
            return tuple(AccountId(row[0]) for row in fetch_all(db, query, tuple(grantees)))

        return await self._database.read(look)

    async def may_grant(self, owner: AccountId, grantees: Iterable[Grantee]) -> None:
        """Durable on return: grants may follow."""
        missing = [
            (grantee, owner)
            for grantee in grantees
            if not await self._database.read(lambda db, row=(grantee, owner): fetch_first(db, _KNOWN, row))  # type: ignore[misc]
        ]
        if missing:
            await self._database.change(lambda db: db.executemany(_ADD, missing))

    async def settle(self, owner: AccountId, granted: Collection[Grantee]) -> None:
        """`granted` is all that the owner's database says now; what else stands here goes."""
        known = await self.known(owner)
        gone = [(grantee, owner) for grantee in known if grantee not in granted]
        if gone:
            await self._database.change(
                lambda db: db.executemany("DELETE FROM shared WHERE grantee = ? AND owner = ?", gone)
            )

    async def known(self, owner: AccountId) -> frozenset[Grantee]:
        """For whom the owner may have granted something."""
        query = "SELECT grantee FROM shared WHERE owner = ?"
        return frozenset(row[0] for row in await self._database.read(lambda db: fetch_all(db, query, (owner,))))

    async def finish(self) -> None:
        """What was promised."""
        await self._database.finish()


_KNOWN = "SELECT 1 FROM shared WHERE grantee = ? AND owner = ?"


def granted_in(path: Path) -> frozenset[Grantee]:
    """For whom an account's database grants anything; none where it cannot be read or is of an older version."""
    try:
        with contextlib.closing(connect(path, query_only=True)) as db:
            if fetch_first(db, "SELECT 1 FROM sqlite_master WHERE name = 'access'") is None:
                return frozenset()
            return access.grantees(db)
    except STORAGE_FAILURES as error:
        log.error("looking for grants in %s: %s", path, error)
        return frozenset()
