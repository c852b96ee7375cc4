"""The one way mail is read or changed: whoever signed in gets their account's mail here, with its quota, from the store."""

from __future__ import annotations

from gatepost.model.account import Account
from gatepost.ports.mailstore import AccountMail, Mailstore


class MailboxDoor:
    """Opens accounts' mail for services and delivery."""

    def __init__(self, store: Mailstore) -> None:
        self._store = store

    def open(self, account: Account) -> AccountMail:
        """The account's own mail."""
        return self._store.open(account.id, account.quota)
