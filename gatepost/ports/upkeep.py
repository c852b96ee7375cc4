"""Care for stored mail that is no mailbox's business: checking, mending, backing up, restoring."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from gatepost.model.account import AccountId
from gatepost.model.upkeep import Fault


class Upkeep(Protocol):
    """For an administrator, while the server runs. Nothing here makes mail wait for longer than a change does."""

    async def kept(self) -> list[AccountId]:
        """Accounts of which anything is stored."""
        ...

    async def check(self, account: AccountId) -> list[Fault]:
        """Reads all of the account's mail; changes nothing. Raises StorageUnavailable."""
        ...

    async def repair(self, account: AccountId) -> list[Fault]:
        """What was found, and what of it is mended now. No message is removed. Raises StorageUnavailable."""
        ...

    async def backup(self, account: AccountId, folder: Path) -> list[str]:
        """Copies the account's mail, as it is at one moment, into `folder`, which is made; what was lost before, in words.
        Raises StorageUnavailable."""
        ...

    async def restore(self, account: AccountId, folder: Path) -> list[str]:
        """The account's mail is from now on what `folder` (made by `backup`) holds; clients that saw later mail are told that
        it is gone; what the backup lacked, in words. Raises StorageUnavailable, BadBackup."""
        ...
