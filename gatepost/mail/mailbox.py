"""The one way mail is read or changed: whoever signed in gets their account's mail here, with its quota, from the store, and
what others of their domain share with them, as far as they were granted it.

Law: a path means one mailbox only. Those of others lie under `Other Users`; all else is the account's own.
"""

from __future__ import annotations

from gatepost.mail.shared import OTHERS, SharedMail
from gatepost.mail.transfer import Transfers
from gatepost.model.account import Account
from gatepost.model.errors import NoSuchAccount
from gatepost.model.mail import SEPARATOR, Copied, Draft, MailboxId, Stored
from gatepost.model.rights import Grantee, everybody
from gatepost.model.uidset import UidSet
from gatepost.ports.directory import Directory
from gatepost.ports.mailstore import AccountMail, Mailstore


class MailboxDoor:
    """Opens accounts' mail for services and delivery. `default_quota` in octets, for accounts without one; 0: no limit."""

    def __init__(self, store: Mailstore, directory: Directory, default_quota: int = 0) -> None:
        self._store, self.directory, self._default_quota = store, directory, default_quota
        self._transfers = Transfers(store)

    def open(self, account: Account) -> AccountMail:
        """The account's own mail."""
        return self._store.open(account.id, self.quota(account))

    def quota(self, account: Account) -> int:
        """Octets the account may hold; 0: no limit."""
        return account.quota or self._default_quota

    def owner(self, mail: AccountMail) -> Account:
        """Whose mail it is. Raises NoSuchAccount for one who is gone."""
        account = self.directory.account(mail.account)
        if account is None:
            raise NoSuchAccount(mail.account)
        return account

    # -- what others share -------------------------------------------------------------------------------------------
    async def shared(self, account: Account) -> list[SharedMail]:
        """The mail of everybody who may have granted something to the account, by address."""
        owners = [self.directory.account(owner) for owner in await self._store.sharers(grantees(account))]
        near = [owner for owner in owners if owner is not None and _may_share(owner, account)]
        return [self._share(owner, account) for owner in sorted(near, key=lambda owner: owner.email)]

    async def at(self, account: Account, path: str) -> AccountMail:
        """The mail that a path lies in, whether there is a mailbox of that name or not. Raises NoSuchMailbox where it lies with
        others and nobody shares it; an account's own mailbox of such a name is not hidden by that."""
        if not lies_with_others(path):
            return self.open(account)
        theirs = await self.of(account, path.partition(SEPARATOR)[2].partition(SEPARATOR)[0])
        if theirs is not None:
            return theirs
        own = self.open(account)
        await own.mailbox(path)
        return own

    async def of(self, account: Account, address: str) -> SharedMail | None:
        """The mail of somebody who may have granted something to the account, by the address that stands in paths."""
        owner = self._named(address, account)
        if owner is None or owner.id not in await self._store.sharers(grantees(account)):
            return None
        return self._share(owner, account)

    def _named(self, address: str, account: Account) -> Account | None:
        """Somebody of the account's domain, by the address as it is written in paths."""
        if address.rpartition("@")[2] != domain_of(account):
            return None
        try:
            owner = self.directory.find(address)
        except NoSuchAccount:
            return None
        return owner if owner.email == address and _may_share(owner, account) else None

    def _share(self, owner: Account, account: Account) -> SharedMail:
        return SharedMail(owner, self.open(owner), self.open(account), grantees(account))

    # -- between two mailboxes, whosesoever ----------------------------------------------------------------------------
    async def copy(
        self, source: AccountMail, mailbox: MailboxId, uids: UidSet, target: AccountMail, into: MailboxId
    ) -> Copied:
        """All or none. Raises what `AccountMail.copy` raises, and NotPermitted."""
        if source.account == target.account:
            return await source.copy(mailbox, uids, into)
        return await self._transfers.copy(source, mailbox, uids, target, into)

    async def move(
        self, source: AccountMail, mailbox: MailboxId, uids: UidSet, target: AccountMail, into: MailboxId
    ) -> Copied:
        """All or none; between accounts see `transfer`."""
        if source.account == target.account:
            return await source.move(mailbox, uids, into)
        return await self._transfers.move(source, mailbox, uids, target, into)

    async def replace(
        self, source: AccountMail, mailbox: MailboxId, uid: int, target: AccountMail, draft: Draft
    ) -> Stored:
        """Both or neither (RFC 8508 §3.4); between accounts see `transfer`."""
        if source.account == target.account:
            return await source.replace(draft, mailbox, uid)
        return await self._transfers.replace(source, mailbox, uid, target, draft)


def lies_with_others(path: str) -> bool:
    """Whether a path may be of another's mailbox; all else is the account's own."""
    return path.startswith(OTHERS) and path.partition(SEPARATOR)[0] == OTHERS


def domain_of(account: Account) -> str:
    """The domain within which an account shares."""
    return account.email.rpartition("@")[2]


def grantees(account: Account) -> frozenset[Grantee]:
    """All that the account is in an access list."""
    return frozenset({Grantee(account.id), everybody(domain_of(account))})


def _may_share(owner: Account, account: Account) -> bool:
    return owner.id != account.id and domain_of(owner) == domain_of(account)
