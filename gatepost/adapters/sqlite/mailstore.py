"""All accounts' mail in one folder: `ROOT/ACCOUNTID/` holds an account's database and large blobs."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

from gatepost.adapters.sqlite.accountmail import Shelf, SqliteAccountMail
from gatepost.adapters.sqlite.connections import unavailable
from gatepost.adapters.sqlite.indexing import Indexing
from gatepost.adapters.sqlite.threads import Threads
from gatepost.model.account import AccountId
from gatepost.ports.clock import Clock

_ACCOUNT = re.compile(r"[a-z0-9]{1,64}", re.ASCII)


class SqliteMailstore:
    """See `gatepost.ports.mailstore.Mailstore`. `root` is the folder of all mail."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._threads = Threads()
        self._indexing = Indexing(self._threads)
        self._shelves: dict[AccountId, Shelf] = {}

    def open(self, account: AccountId, quota: int = 0) -> SqliteAccountMail:
        """The account's mail. Raises ValueError for an id that this server cannot have given."""
        if not _ACCOUNT.fullmatch(account):
            raise ValueError("not an account id")
        shelf = self._shelves.get(account)
        if shelf is None:
            shelf = self._shelves[account] = Shelf(self._root / account, self._clock, self._threads, self._indexing)
        return SqliteAccountMail(shelf, account, quota)

    async def erase(self, account: AccountId) -> None:
        """Everything of the account; whoever still has it open gets StorageUnavailable."""
        self.open(account)
        shelf = self._shelves.pop(account)
        await shelf.database.finish()
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads.writers, _remove, shelf)
        except OSError as error:
            raise unavailable(error) from error

    async def close(self) -> None:
        """Finishes what was promised."""
        for shelf in self._shelves.values():
            await shelf.database.finish()
        await asyncio.get_running_loop().run_in_executor(None, self._threads.close)


def _remove(shelf: Shelf) -> None:
    shelf.database.close_if_idle()
    if shelf.folder.exists():
        shutil.rmtree(shelf.folder)
