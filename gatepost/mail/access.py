"""Access lists in names, as people read and write them (RFC 4314): an account's login, or `anyone` in its domain; with `-`
before it what is taken away.

Law: the owner has every right, always, and stands in no list. Nobody outside the owner's domain can be named, nor be told from
somebody who does not exist.
"""

from __future__ import annotations

from gatepost.mail.mailbox import MailboxDoor, domain_of
from gatepost.model.account import Account, AccountId
from gatepost.model.errors import NoSuchAccount, NotPermitted
from gatepost.model.mail import MailboxId
from gatepost.model.mailaddr import BadMailAddress, split_address
from gatepost.model.rights import ALL_RIGHTS, NO_RIGHTS, Grant, Grantee, Rights, combine_rights, everybody
from gatepost.ports.mailstore import AccountMail

ANYONE = "anyone"
NEGATIVE = "-"


class AccessLists:
    """Of whatever mail `mailboxes` opens, which asks for the right to administer."""

    def __init__(self, mailboxes: MailboxDoor) -> None:
        self._mailboxes, self._directory = mailboxes, mailboxes.directory

    async def read(self, mail: AccountMail, mailbox: MailboxId) -> list[tuple[str, Rights]]:
        """(identifier, rights), the owner first, then by name; who is gone is left out. Raises NoSuchMailbox, NotPermitted."""
        owner = self._mailboxes.owner(mail)
        named = [(self._name(owner, grant), grant) for grant in await mail.access(mailbox)]
        known = sorted((name, grant.negative, grant.rights) for name, grant in named if name is not None)
        lines = [(NEGATIVE + name if negative else name, rights) for name, negative, rights in known]
        return [(owner.email, ALL_RIGHTS), *lines]

    def _name(self, owner: Account, grant: Grant) -> str | None:
        if grant.grantee.startswith("@"):
            return ANYONE if grant.grantee == everybody(domain_of(owner)) else None
        account = self._directory.account(AccountId(grant.grantee))
        return account.email if account is not None and domain_of(account) == domain_of(owner) else None

    async def change(self, mail: AccountMail, mailbox: MailboxId, identifier: str, mode: str, rights: Rights) -> None:
        """`mode` as in `AccountMail.set_access`. Raises NoSuchAccount, NoSuchMailbox, TooManyGrants, NotPermitted: also where it
        would take something from the owner."""
        owner = self._mailboxes.owner(mail)
        await mail.access(mailbox)  # before anything is told about identifiers
        grantee, negative = self._grantee(owner, identifier)
        if grantee == Grantee(owner.id):
            now = NO_RIGHTS if negative else ALL_RIGHTS
            if combine_rights(now, mode, rights) != now:
                raise NotPermitted("the owner has every right")
            return
        await mail.set_access(mailbox, grantee, mode, rights, negative)

    async def remove(self, mail: AccountMail, mailbox: MailboxId, identifier: str) -> None:
        """The identifier's line; nothing where there is none. Raises as `change`."""
        await self.change(mail, mailbox, identifier, "remove", ALL_RIGHTS)

    async def grantable(self, mail: AccountMail, mailbox: MailboxId, identifier: str) -> tuple[Rights, Rights]:
        """The rights that the identifier has always, and those that it can be granted, each by itself. Raises as `change`."""
        owner = self._mailboxes.owner(mail)
        await mail.access(mailbox)
        grantee, negative = self._grantee(owner, identifier)
        if grantee == Grantee(owner.id):
            return (NO_RIGHTS, NO_RIGHTS) if negative else (ALL_RIGHTS, NO_RIGHTS)
        return NO_RIGHTS, ALL_RIGHTS

    def _grantee(self, owner: Account, identifier: str) -> tuple[Grantee, bool]:
        """Whom an identifier means, and whether it takes away. Raises NoSuchAccount."""
        negative = identifier.startswith(NEGATIVE)
        name = identifier.removeprefix(NEGATIVE)
        if name.lower() == ANYONE:
            return everybody(domain_of(owner)), negative
        if "@" not in name:
            name = f"{name}@{domain_of(owner)}"
        try:
            _, domain = split_address(name)
        except BadMailAddress as error:
            raise NoSuchAccount(identifier) from error
        if domain != domain_of(owner):  # before the directory is asked: other domains' names are not ours to tell
            raise NoSuchAccount(identifier)
        account = self._directory.find(name)
        if domain_of(account) != domain:
            raise NoSuchAccount(identifier)
        return Grantee(account.id), negative
