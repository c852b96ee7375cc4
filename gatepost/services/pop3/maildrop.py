"""A maildrop: INBOX as it was at sign-in, numbered for one session (RFC 1939 §4), and the lock on it.

What IMAP or JMAP do meanwhile changes no number. The lock holds within this process.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gatepost.model.account import AccountId
from gatepost.model.errors import NoSuchEmail
from gatepost.model.mail import EmailId, Listing, Mailbox, Outline
from gatepost.model.uidset import UidSet
from gatepost.ports.mailstore import AccountMail


class Message(msgspec.Struct, frozen=True):
    """`size` in octets as stored, which is what RETR sends before stuffing (a message that does not end with CRLF gets one
    more). The unique id is `uidvalidity.uid`: UIDs are never used twice, and uidvalidity lasts as long as the mailbox, so it
    is stable for ever (RFC 1939 §7, UIDL)."""

    number: int
    unique: str
    size: int


class Maildrop:
    """One session's view, sixteen octets a message. Messages marked by DELE are gone for this session, and go for good at QUIT
    only."""

    def __init__(self, mail: AccountMail, mailbox: Mailbox, listing: Listing) -> None:
        self.mail, self._mailbox, self._listing = mail, mailbox, listing
        self._marked: set[int] = set()
        self._octets = sum(listing.sizes)

    @property
    def count(self) -> int:
        """How many messages there are, without those marked."""
        return len(self._listing.uids) - len(self._marked)

    @property
    def octets(self) -> int:
        """Of these, together."""
        return self._octets - sum(self._listing.sizes[number - 1] for number in self._marked)

    def message(self, number: int) -> Message | None:
        """By number, unless it is marked."""
        if not 1 <= number <= len(self._listing.uids) or number in self._marked:
            return None
        unique = f"{self._mailbox.uidvalidity}.{self._listing.uids[number - 1]}"
        return Message(number, unique, self._listing.sizes[number - 1])

    def messages(self) -> Iterator[Message]:
        """Those not marked, by number."""
        for number in range(1, len(self._listing.uids) + 1):
            if (message := self.message(number)) is not None:
                yield message

    async def outline(self, message: Message) -> Outline:
        """What its octets are found by. Raises NoSuchEmail where it is gone from every mailbox, StorageUnavailable."""
        email = EmailId(self._listing.emails[message.number - 1])
        for outline in await self.mail.outlines([email]):
            return outline
        raise NoSuchEmail(str(email))

    def mark(self, number: int) -> None:
        """DELE."""
        self._marked.add(number)

    def unmark_all(self) -> None:
        """RSET."""
        self._marked.clear()

    @property
    def marked(self) -> int:
        """How many are marked."""
        return len(self._marked)

    async def remove_marked(self) -> int:
        """The UPDATE state (RFC 1939 §6): all of them in one transaction, or none. How many went: others may have removed or moved
        some meanwhile. Raises NoSuchMailbox, StorageUnavailable, and none went then."""
        if not self._marked:
            return 0
        uids = UidSet.of(self._listing.uids[number - 1] for number in self._marked)
        return len((await self.mail.expunge(self._mailbox.id, uids, only_deleted=False)).vanished)


async def open_maildrop(mail: AccountMail) -> Maildrop:
    """INBOX now. Raises StorageUnavailable."""
    inbox = await mail.mailbox("INBOX")
    return Maildrop(mail, inbox, await mail.listing(inbox.id))


class Locks:
    """One session a maildrop (RFC 1939 §4: an exclusive-access lock)."""

    def __init__(self) -> None:
        self._held: set[AccountId] = set()

    def take(self, account: AccountId) -> bool:
        """Whether it was free."""
        if account in self._held:
            return False
        self._held.add(account)
        return True

    def release(self, account: AccountId) -> None:
        """Free again."""
        self._held.discard(account)
