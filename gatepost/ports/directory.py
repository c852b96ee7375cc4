"""Who has an account here: domains, accounts, aliases, credentials. Point reads answer at once; changes are durable on return."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from gatepost.model.account import Account, AccountId, AppPassword, Credentials, Login, ScramKeys
from gatepost.model.upkeep import Fault


class Directory(Protocol):
    """Reads are synchronous point look-ups (microseconds). Names may come in any spelling; they are canonicalised here."""

    def login(self, text: str) -> Login:
        """The canonical login of what somebody typed; never raises: a name nobody has gets a key too. A login without
        a domain is completed with the server's default domain. Disabled accounts have `account` None."""
        ...

    def account(self, account: AccountId) -> Account | None:
        """By id, disabled ones too."""
        ...

    def find(self, email: str) -> Account:
        """By primary address or alias of one account only. Raises NoSuchAccount."""
        ...

    def credentials(self, account: AccountId) -> Credentials:
        """Raises NoSuchAccount."""
        ...

    def app_password(self, digest: bytes) -> tuple[AccountId, str] | None:
        """Whose app password has this digest (mail/app_passwords.py), and its name."""
        ...

    def recipients(self, address: str) -> tuple[Account, ...]:
        """The accounts that get mail for `address` (`+detail` is set aside), aliases followed. Raises NotLocal where the
        domain is not ours, NoSuchAccount where nobody has the address."""
        ...

    def holds(self, domain: str) -> bool:
        """Whether mail for this domain is delivered here."""
        ...

    def domains(self) -> tuple[str, ...]:
        """Sorted."""
        ...

    def accounts(self, domain: str | None = None) -> tuple[Account, ...]:
        """By email."""
        ...

    def aliases(self, domain: str | None = None) -> tuple[tuple[str, str], ...]:
        """(alias, account's email), sorted."""
        ...

    def app_passwords(self, account: AccountId) -> tuple[AppPassword, ...]:
        """By name."""
        ...

    def secret_key(self, name: str) -> bytes:
        """32 random octets kept under this name, made on first use: keys that must outlive the process."""
        ...

    async def add_domain(self, domain: str) -> None:
        """Adding one that is there already changes nothing. Raises BadMailAddress."""
        ...

    async def remove_domain(self, domain: str) -> None:
        """Raises NoSuchDomain, DomainInUse."""
        ...

    async def add_account(self, email: str, credentials: Credentials, name: str = "", quota: int = 0) -> Account:
        """Raises BadMailAddress, NoSuchDomain, AccountExists."""
        ...

    async def remove_account(self, account: AccountId) -> None:
        """Account, aliases, credentials, app passwords. Its mail is the mail store's. Raises NoSuchAccount."""
        ...

    async def set_credentials(self, account: AccountId, credentials: Credentials) -> None:
        """Raises NoSuchAccount."""
        ...

    async def add_scram_keys(self, account: AccountId, password: str, keys: tuple[ScramKeys, ...]) -> None:
        """Adds those of a mechanism that the account has no keys for, if `password` is still its hash; else changes
        nothing. Raises NoSuchAccount."""
        ...

    async def set_disabled(self, account: AccountId, disabled: bool) -> None:
        """Raises NoSuchAccount."""
        ...

    async def add_alias(self, alias: str, email: str) -> None:
        """Raises BadMailAddress, NoSuchDomain, NoSuchAccount, AccountExists."""
        ...

    async def remove_alias(self, alias: str, email: str | None = None) -> None:
        """Raises NoSuchAccount."""
        ...

    async def add_app_password(self, account: AccountId, name: str, digest: bytes, at: float) -> None:
        """Raises NoSuchAccount, AccountExists (the name is in use)."""
        ...

    async def revoke_app_password(self, account: AccountId, name: str) -> None:
        """Raises NoSuchAccount."""
        ...

    def note_app_password_used(self, account: AccountId, name: str, at: float) -> None:
        """Kept with second's delay; losing it in a crash does no harm."""
        ...

    async def check(self) -> list[Fault]:
        """Faults of the database that holds it."""
        ...

    async def backup(self, path: Path) -> None:
        """Copies that database, as it is at one moment, into a new file. Raises StorageUnavailable."""
        ...

    async def close(self) -> None:
        """Finishes what was promised."""
        ...
