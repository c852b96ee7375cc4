"""A maildrop: INBOX as it was at sign-in, numbered for one session (RFC 1939 §4), and the lock on it.

What IMAP or JMAP do meanwhile changes no number. The lock holds within this process.
"""

from __future__ import annotations

import msgspec

from gatepost.model.account import AccountId
from gatepost.model.mail import BlobId, EmailId, MailboxId
from gatepost.model.uidset import ALL_UIDS, UidSet
from gatepost.ports.mailstore import AccountMail

BATCH = 500
"""Emails looked up at a time, so that their indexes are never all in memory."""


class Message(msgspec.Struct, frozen=True):
    """`size` in octets as stored, which is what RETR sends before stuffing (a message that does not end with CRLF gets one
    more); `body` is where the body begins. The unique id is
    `uidvalidity.uid`: UIDs are never used twice, and uidvalidity lasts as long as the mailbox, so it is stable for ever
    (RFC 1939 §7, UIDL)."""

    number: int
    uid: int
    unique: str
    email: EmailId
    blob: BlobId
    size: int
    body: int


class Maildrop:
    """One session's view. Messages marked by DELE are gone for this session, and go for good at QUIT only."""

    def __init__(self, mail: AccountMail, mailbox: MailboxId, messages: list[Message]) -> None:
        self.mail, self._mailbox, self._messages = mail, mailbox, messages
        self._marked: set[int] = set()

    def message(self, number: int) -> Message | None:
        """By number, unless it is marked."""
        if not 1 <= number <= len(self._messages) or number in self._marked:
            return None
        return self._messages[number - 1]

    def messages(self) -> list[Message]:
        """Those not marked, by number."""
        return [message for message in self._messages if message.number not in self._marked]

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
        uids = UidSet.of(self._messages[number - 1].uid for number in self._marked)
        return len((await self.mail.expunge(self._mailbox, uids, only_deleted=False)).vanished)


async def open_maildrop(mail: AccountMail) -> Maildrop:
    """INBOX now. Raises StorageUnavailable."""
    inbox = await mail.mailbox("INBOX")
    entries = await mail.entries(inbox.id, ALL_UIDS)
    messages: list[Message] = []
    for begin in range(0, len(entries), BATCH):
        batch = entries[begin : begin + BATCH]
        emails = {email.id: email for email in await mail.outlines([entry.email for entry in batch])}
        for entry in batch:
            email = emails.get(entry.email)
            if email is not None:
                unique = f"{inbox.uidvalidity}.{entry.uid}"
                number = len(messages) + 1
                messages.append(Message(number, entry.uid, unique, email.id, email.blob, email.size, email.header))
    return Maildrop(mail, inbox.id, messages)


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
