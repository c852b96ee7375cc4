"""Messages between two accounts' mail, which are two databases.

Law: nothing is lost. Messages are on disk at the target before any is taken from the source. A crash between the two leaves
them in both places; a copy that fails half-way takes back what it had kept; a crash in a copy leaves what was copied so far.
Of several who move the same message at once, or expunge it meanwhile, only one takes it away, and only that one's copy stays.
A flag that is changed after a message was read and before it is taken away is lost with it.

Memory: a block of messages at a time, by octets, and few transfers at once. Rights are asked for by the mails themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from gatepost.mail.shared import require
from gatepost.model.errors import NoSuchEmail
from gatepost.model.mail import Copied, Draft, MailboxId, Stored
from gatepost.model.rights import EXPUNGE, MARK_DELETED
from gatepost.model.uidset import UidSet
from gatepost.ports.mailstore import AccountMail, Mailstore

AT_ONCE = 2
BLOCK_OCTETS = 4 << 20
_BLOCK = 100

Pairs = list[tuple[int, int]]
"""UID at the source, UID at the target."""


class Transfers:
    """One for a store, which it needs to undo and to finish what was permitted when it began."""

    def __init__(self, store: Mailstore) -> None:
        self._store = store
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def copy(
        self, source: AccountMail, mailbox: MailboxId, uids: UidSet, target: AccountMail, into: MailboxId
    ) -> Copied:
        """As `AccountMail.copy`, email ids apart."""
        async with self._turns:
            pairs = await self._add(source, mailbox, uids, target, into)
        return await _copied(target, into, pairs)

    async def move(
        self, source: AccountMail, mailbox: MailboxId, uids: UidSet, target: AccountMail, into: MailboxId
    ) -> Copied:
        """As `AccountMail.move`, email ids apart."""
        await require(source, mailbox, MARK_DELETED, EXPUNGE)  # RFC 6851 §4.2, before anything is copied
        async with self._turns:
            pairs = await self._add(source, mailbox, uids, target, into)
            pairs = await self._take(source, mailbox, pairs, target, into)
        return await _copied(target, into, pairs)

    async def replace(
        self, source: AccountMail, mailbox: MailboxId, uid: int, target: AccountMail, draft: Draft
    ) -> Stored:
        """As `AccountMail.replace`, the draft being for the target."""
        await require(source, mailbox, MARK_DELETED, EXPUNGE)  # RFC 6851 §4.2, before anything is copied
        one = UidSet([(uid, uid)])
        if not await source.entries(mailbox, one):
            raise NoSuchEmail("the message to be replaced is gone")
        stored = await target.append(draft)
        await self._store.open(source.account).expunge(mailbox, one, only_deleted=False)
        return stored

    async def _add(
        self, source: AccountMail, mailbox: MailboxId, uids: UidSet, target: AccountMail, into: MailboxId
    ) -> Pairs:
        pairs: Pairs = []
        try:
            async for block in _blocks(source, mailbox, uids, into):
                stored = await target.append_all([draft for _, draft in block])
                pairs += [(uid, kept.uids[0]) for (uid, _), kept in zip(block, stored, strict=True)]
        except BaseException:
            await self._undo(target, into, pairs)
            raise
        return pairs

    async def _take(
        self, source: AccountMail, mailbox: MailboxId, pairs: Pairs, target: AccountMail, into: MailboxId
    ) -> Pairs:
        """Removes what was added at the target; the pairs of what was still there to be removed."""
        if not pairs:
            return pairs
        everything = UidSet.of(uid for uid, _ in pairs)
        gone = await self._store.open(source.account).expunge(mailbox, everything, only_deleted=False)
        await self._undo(target, into, [pair for pair in pairs if pair[0] not in gone.vanished])
        return [pair for pair in pairs if pair[0] in gone.vanished]

    async def _undo(self, target: AccountMail, into: MailboxId, pairs: Pairs) -> None:
        if pairs:
            added = UidSet.of(uid for _, uid in pairs)
            await self._store.open(target.account).expunge(into, added, only_deleted=False)


async def _blocks(
    source: AccountMail, mailbox: MailboxId, uids: UidSet, into: MailboxId
) -> AsyncIterator[list[tuple[int, Draft]]]:
    """(UID, the message as a draft for the target), ascending; messages that go meanwhile are left out."""
    entries = await source.entries(mailbox, uids)
    block: list[tuple[int, Draft]] = []
    octets = 0
    for start in range(0, len(entries), _BLOCK):
        some = entries[start : start + _BLOCK]
        emails = {email.id: email for email in await source.emails([entry.email for entry in some])}
        for entry in some:
            email = emails.get(entry.email)
            if email is None:
                continue
            if block and octets + email.size > BLOCK_OCTETS:
                yield block
                block, octets = [], 0
            content = await source.read_blob(email.blob)
            block.append((entry.uid, Draft(content, (into,), entry.flags, email.received, email.index)))
            octets += email.size
    if block:
        yield block


async def _copied(target: AccountMail, into: MailboxId, pairs: Pairs) -> Copied:
    mailbox = await target.mailbox_by_id(into)
    return Copied(mailbox.uidvalidity, tuple(pairs), mailbox.modseq)
