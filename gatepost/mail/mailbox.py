"""The one way mail is read or changed: whoever signed in gets their account's mail here, with its quota, from the store."""

from __future__ import annotations

from gatepost.model.account import Account
from gatepost.ports.mailstore import AccountMail, Mailstore


class MailboxDoor:
    """Opens accounts' mail for services and delivery. `default_quota` in octets, for accounts without one; 0: no limit."""

    def __init__(self, store: Mailstore, default_quota: int = 0) -> None:
        self._store, self._default_quota = store, default_quota

    def open(self, account: Account) -> AccountMail:
        """The account's own mail."""
        return self._store.open(account.id, self.quota(account))

    def quota(self, account: Account) -> int:
        """Octets the account may hold; 0: no limit."""
        return account.quota or self._default_quota
