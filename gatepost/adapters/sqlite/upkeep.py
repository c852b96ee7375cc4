"""Care for the embedded store: see `gatepost.ports.upkeep.Upkeep`, whose promises these are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from gatepost.adapters.sqlite import access, checking, contents, mending
from gatepost.adapters.sqlite.connections import unavailable
from gatepost.adapters.sqlite.contents import Doubt
from gatepost.adapters.sqlite.copying import DATABASE, copy_database, copy_files
from gatepost.adapters.sqlite.shelf import Shelf, void
from gatepost.model.account import AccountId
from gatepost.model.errors import StorageUnavailable
from gatepost.model.upkeep import Fault

if TYPE_CHECKING:
    from gatepost.adapters.sqlite.mailstore import SqliteMailstore

MENDED_AT_ONCE = 100
"""Messages that one transaction reads anew."""


class SqliteUpkeep:
    """One for a store."""

    def __init__(self, store: SqliteMailstore) -> None:
        self._store = store

    async def kept(self) -> list[AccountId]:
        """By id."""
        return self._store.kept()

    async def check(self, account: AccountId) -> list[Fault]:
        """Rows first, in one view of the database; then octets, a few hundred messages at a time."""
        shelf = self._store.shelf(account)
        found = await _look(shelf, _rows)
        if any(fault.kind == "integrity" for fault in found):
            return found  # rows that cannot be read tell nothing
        doubts = await self._doubts(shelf)
        found += await shelf.database.read(lambda db: list(contents.told(db, doubts)), scan=True)
        found += [_stray(path) for path in await self._strays(shelf)]
        found += await self._unknown(account, shelf)
        return found

    async def _unknown(self, account: AccountId, shelf: Shelf) -> list[Fault]:
        """Grants that nobody would find."""
        known = await self._store.sharing.known(account)
        granted = await shelf.database.read(access.grantees)
        return [
            Fault("access", grantee, f"something is shared with {grantee}, who cannot find it")
            for grantee in sorted(granted - known)
        ]

    async def _doubts(self, shelf: Shelf) -> list[Doubt]:
        doubts: list[Doubt] = []
        after = 0
        while True:
            look = partial(contents.some, files=shelf.files, after=after)
            after, found = await shelf.database.read(look, scan=True)
            if found:
                again = partial(contents.still, files=shelf.files, doubts=found)
                doubts += await shelf.database.read(again, scan=True)
            if not after:
                return doubts

    async def _strays(self, shelf: Shelf) -> list[Path]:
        return await shelf.database.read(lambda db: contents.strays(db, shelf.files), scan=True)

    async def repair(self, account: AccountId) -> list[Fault]:
        """SQLite's own indexes, then rows, then contents, then files."""
        shelf = self._store.shelf(account)
        mail = self._store.open(account)
        found = await _look(shelf, checking.integrity)
        if found:
            with contextlib.suppress(StorageUnavailable):
                await shelf.database.change(lambda db: void(db.execute("REINDEX")))
            left = await _look(shelf, checking.integrity)
            found = [Fault(each.kind, each.subject, each.text, mended=each not in left) for each in found]
            if left:
                return found
        files = shelf.files
        found += await mail.mend(lambda change: mending.mend_rows(change, files))
        doubts = await self._doubts(shelf)
        lost = {doubt.blob for doubt in doubts if doubt.kind != "index"}
        told = await shelf.database.read(lambda db: list(contents.told(db, doubts)), scan=True)
        found += [Fault(each.kind, each.subject, each.text, each.known, each.kind == "index") for each in told]
        for start in range(0, len(doubts), MENDED_AT_ONCE):
            part = doubts[start : start + MENDED_AT_ONCE]
            await mail.mend(lambda change, part=part: mending.mend_contents(change, files, part))  # type: ignore[misc]
        await mail.mend(lambda change: mending.unmark(change, lost))
        strays = [] if shelf.held else await self._strays(shelf)
        await shelf.database.change(lambda db: _sweep(db, shelf))
        found += [Fault(each.kind, each.subject, each.text, mended=True) for each in map(_stray, strays)]
        unknown = await self._unknown(account, shelf)
        await mail.settle_access()
        found += [Fault(each.kind, each.subject, each.text, mended=True) for each in unknown]
        return found

    async def backup(self, account: AccountId, folder: Path) -> list[str]:
        """Files that its messages need are not removed while it lasts."""
        shelf = self._store.shelf(account)
        shelf.held += 1
        try:
            await shelf.database.read(lambda db: copy_database(db, folder / DATABASE), scan=True)
            return await self._store.scan(lambda: copy_files(shelf.folder, folder))
        except OSError as error:
            raise unavailable(error) from error
        finally:
            shelf.held -= 1

    async def restore(self, account: AccountId, folder: Path) -> list[str]:
        """While it lasts the account answers StorageUnavailable, which senders and clients take as a reason to try again."""
        return await self._store.replace(account, folder)


async def _look(shelf: Shelf, work: Callable[[apsw.Connection], list[Fault]]) -> list[Fault]:
    """A database that cannot even be opened is a fault too, and no reason not to look at the next."""
    try:
        return await shelf.database.read(work, scan=True)
    except StorageUnavailable as error:
        if isinstance(error.__cause__, apsw.CorruptError | apsw.NotADBError):
            return [Fault("integrity", "database", f"the database is damaged: {error.__cause__}")]
        raise


def _rows(db: apsw.Connection) -> list[Fault]:
    found = checking.integrity(db)
    if not found:
        checking.rows(db, found.append)
    return found


def _sweep(db: apsw.Connection, shelf: Shelf) -> None:
    """In the writer's thread: no message can bring the same octets meanwhile."""
    for path in () if shelf.held else contents.strays(db, shelf.files):
        path.unlink(missing_ok=True)


def _stray(path: Path) -> Fault:
    return Fault("stray", path.name, f"the file {path} is of no message")
