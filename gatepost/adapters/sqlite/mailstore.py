"""All accounts' mail in one folder: `ROOT/ACCOUNTID/` holds an account's database and large blobs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import shutil
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from gatepost.adapters.sqlite.accountmail import SqliteAccountMail
from gatepost.adapters.sqlite.connections import STORAGE_FAILURES, NewerSchema, prepare, unavailable
from gatepost.adapters.sqlite.copying import DATABASE, take_account
from gatepost.adapters.sqlite.indexing import Indexing
from gatepost.adapters.sqlite.mailschema import migrations
from gatepost.adapters.sqlite.restoring import exchange, finish_exchanges, outlive, part
from gatepost.adapters.sqlite.sharing import Sharing, granted_in
from gatepost.adapters.sqlite.shelf import Shelf
from gatepost.adapters.sqlite.threads import Threads
from gatepost.adapters.sqlite.uidlists import UidLists
from gatepost.adapters.sqlite.upkeep import SqliteUpkeep
from gatepost.model.account import AccountId
from gatepost.model.errors import Overloaded, StorageUnavailable
from gatepost.model.rights import Grantee
from gatepost.model.upkeep import BadBackup
from gatepost.ports.clock import Clock

T = TypeVar("T")
log = logging.getLogger("gatepost.store")
_CLOSING_SECONDS = 60.0
_ACCOUNT = re.compile(r"[a-z0-9]{1,64}", re.ASCII)


class SqliteMailstore:
    """See `gatepost.ports.mailstore.Mailstore`. `root` is the folder of all mail."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._threads = Threads()
        self._indexing = Indexing(self._threads)
        self.upkeep = SqliteUpkeep(self)
        finish_exchanges(root)
        self.sharing = Sharing(root, self._threads)
        self._uid_lists = UidLists()
        self._shelves: dict[AccountId, Shelf] = {}

    def open(self, account: AccountId, quota: int = 0) -> SqliteAccountMail:
        """The account's mail. Raises ValueError for an id that this server cannot have given."""
        return SqliteAccountMail(self.shelf(account), account, quota)

    def shelf(self, account: AccountId) -> Shelf:
        """What all who open the account share. Raises ValueError."""
        if not _ACCOUNT.fullmatch(account):
            raise ValueError("not an account id")
        shelf = self._shelves.get(account)
        if shelf is None:
            folder = self._root / account
            shelf = Shelf(folder, self._clock, self._threads, self._indexing, self.sharing, self._uid_lists)
            self._shelves[account] = shelf
        return shelf

    def kept(self) -> list[AccountId]:
        """The accounts that have a folder, by id."""
        if not self._root.is_dir():
            return []
        names = sorted(path.name for path in self._root.iterdir() if _ACCOUNT.fullmatch(path.name) and path.is_dir())
        return [AccountId(name) for name in names]

    async def scan(self, work: Callable[[], T]) -> T:
        """Runs `work`, which reads much, in a scan's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads.scans, work)

    async def sharers(self, grantees: Collection[Grantee]) -> tuple[AccountId, ...]:
        """Who may have granted something to one of `grantees`, sorted."""
        return await self.sharing.owners(grantees)

    async def erase(self, account: AccountId) -> None:
        """Everything of the account; whoever still has it open gets StorageUnavailable."""
        self.open(account)
        await self._revoke(account)
        shelf = self._shelves.pop(account)
        self._uid_lists.forget(shelf)
        await shelf.database.finish()
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads.writers, _remove, shelf)
        except OSError as error:
            raise unavailable(error) from error
        await self.sharing.settle(account, ())

    async def _revoke(self, account: AccountId) -> None:
        """What others granted to an account that goes. A grant that cannot be reached is nobody's: ids are given once."""
        grantee = Grantee(account)
        for owner in await self.sharing.owners([grantee]):
            try:
                await self.open(owner).revoke(grantee)
            except StorageUnavailable:
                log.warning("%s still grants something to %s, who is gone", owner, account)

    async def replace(self, account: AccountId, source: Path, aside: Path | None = None) -> list[str]:
        """A backup's folder becomes the account's mail; what it lacked, in words. `aside`: where the folder is whose UIDs must
        not be given again, instead of the account's own. Raises BadBackup, and has changed nothing then; StorageUnavailable,
        Overloaded."""
        new = part(self._root, account)
        shelf = self.shelf(account)
        if shelf.held:
            raise Overloaded("a backup of this account is being made; try again later")
        try:
            missing = await self.scan(lambda: self._take(source, new))
            await self.sharing.may_grant(account, await self.scan(lambda: granted_in(new / DATABASE)))
            await shelf.database.finish()  # it stays where it is, closed, until its successor is in place
            await asyncio.get_running_loop().run_in_executor(self._threads.writers, self._exchange, shelf, new, aside)
            del self._shelves[account]
            with contextlib.suppress(StorageUnavailable):  # it is restored all the same
                await self.open(account).settle_access()
            return missing
        except STORAGE_FAILURES as error:
            raise unavailable(error) from error
        finally:
            if shelf.database.closed and self._shelves.get(account) is shelf:
                del self._shelves[account]
                self._uid_lists.forget(shelf)

    def _take(self, source: Path, new: Path) -> list[str]:
        missing = take_account(source, new)
        try:
            prepare(new / DATABASE, migrations(self._clock.now()))
        except NewerSchema as error:
            raise BadBackup(f"{source} was made by a newer version") from error
        return missing

    def _exchange(self, shelf: Shelf, new: Path, aside: Path | None) -> None:
        """Not before the last connection is closed: SQLite removes journals by name, and the name will be another's."""
        deadline = time.monotonic() + _CLOSING_SECONDS
        while not shelf.database.close_if_idle():
            if time.monotonic() > deadline:
                raise unavailable(TimeoutError("somebody still reads"))
            time.sleep(0.01)
        old = (aside / shelf.folder.name if aside else shelf.folder) / DATABASE
        if old.exists():
            prepare(old, migrations(self._clock.now()))
            outlive(new / DATABASE, old)
        exchange(self._root, shelf.folder.name)

    async def close(self) -> None:
        """Finishes what was promised."""
        for shelf in self._shelves.values():
            await shelf.database.finish()
        await self.sharing.finish()
        await asyncio.get_running_loop().run_in_executor(None, self._threads.close)


def _remove(shelf: Shelf) -> None:
    shelf.database.close_if_idle()
    if shelf.folder.exists():
        shutil.rmtree(shelf.folder)
