"""Another's mail as somebody sees it who was granted something in it (RFC 4314).

Law: every method asks first for the right that it needs, as the access list is at that moment; nothing else stands between a
granted mailbox and the rest of its owner's mail. Where the right is missing it raises NotPermitted, or NoSuchMailbox where
the mailbox is not even to be seen. Paths begin with `prefix`. What concerns a whole account is not permitted at all.

Flags are the mailbox's, \\Seen too: the owner and all others share them. What is recent is the owner's to claim.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from msgspec import UNSET

from gatepost.mail.ownersalone import OwnersAlone, refuse
from gatepost.model.account import Account, AccountId
from gatepost.model.annotation import Annotation
from gatepost.model.errors import NoSuchBlob, NoSuchMailbox, NotPermitted
from gatepost.model.flags import Flags
from gatepost.model.mail import (
    SEPARATOR,
    AccountChange,
    BlobId,
    Copied,
    Draft,
    Email,
    EmailId,
    Entry,
    FlagsChanged,
    Listing,
    Mailbox,
    MailboxCounts,
    MailboxDelta,
    MailboxId,
    MailboxUpdate,
    Message,
    Opening,
    Outline,
    PlacedEmail,
    Stored,
)
from gatepost.model.rights import (
    ADMINISTER,
    ALL_RIGHTS,
    CREATE,
    DELETE,
    EXPUNGE,
    INSERT,
    LOOKUP,
    MARK_DELETED,
    NO_RIGHTS,
    POST,
    READ,
    SEE,
    WRITE,
    Grant,
    Grantee,
    MailboxAccess,
    Rights,
    effective_rights,
    permitted_flags,
)
from gatepost.model.search import Criterion
from gatepost.model.uidset import UidSet
from gatepost.ports.mailstore import AccountMail

OTHERS = "Other Users"
"""The level under which the mailboxes of others lie, each owner's under the owner's address (RFC 2342 §5)."""

_KNOWN_BY = frozenset({LOOKUP, READ, INSERT, CREATE, DELETE, ADMINISTER})
"""RFC 4314 §4, MYRIGHTS: with none of these there is no mailbox."""
_ANNOTATING = frozenset({READ, SEE, WRITE, INSERT, POST})
"""RFC 5464 §3.3: one of these, besides the right to look the mailbox up."""
_LENT = 1000
"""Messages of which octets may be read after their emails were."""


class SharedMail(OwnersAlone):
    """`mail` is the owner's, with the owner's quota; `reader` the own mail of whoever looks, who is all of `grantees`."""

    def __init__(self, owner: Account, mail: AccountMail, reader: AccountMail, grantees: frozenset[Grantee]) -> None:
        self._mail, self._reader, self._grantees = mail, reader, grantees
        self.prefix = f"{OTHERS}{SEPARATOR}{owner.email}{SEPARATOR}"
        self._lent: OrderedDict[BlobId, None] = OrderedDict()

    @property
    def account(self) -> AccountId:
        """Whose mail it is."""
        return self._mail.account

    # -- rights ------------------------------------------------------------------------------------------------------
    async def rights(self, mailbox: MailboxId) -> Rights:
        """Raises NoSuchMailbox where there are none by which it would be known."""
        found = effective_rights(await self._mail.access(mailbox), self._grantees)
        if _KNOWN_BY.isdisjoint(found):
            raise NoSuchMailbox(str(mailbox))
        return found

    async def _require(self, mailbox: MailboxId, *needed: str) -> Rights:
        return await require(self, mailbox, *needed)

    async def _all_rights(self) -> dict[MailboxId, Rights]:
        lists = await self._mail.all_access()
        found = {each.mailbox: effective_rights(each.grants, self._grantees) for each in lists}
        return {mailbox: rights for mailbox, rights in found.items() if rights}

    async def access(self, mailbox: MailboxId) -> tuple[Grant, ...]:
        await self._require(mailbox, ADMINISTER)
        return await self._mail.access(mailbox)

    async def all_access(self) -> tuple[MailboxAccess, ...]:
        mine = await self._all_rights()
        return tuple(each for each in await self._mail.all_access() if ADMINISTER in mine.get(each.mailbox, NO_RIGHTS))

    async def set_access(
        self, mailbox: MailboxId, grantee: Grantee, mode: str, rights: Rights, negative: bool = False
    ) -> None:
        await self._require(mailbox, ADMINISTER)
        await self._mail.set_access(mailbox, grantee, mode, rights, negative)

    async def subscriptions(self) -> frozenset[tuple[AccountId, MailboxId]]:
        """The reader's own."""
        return await self._reader.subscriptions()

    async def subscribe(self, owner: AccountId, mailbox: MailboxId, subscribed: bool) -> None:
        await self._reader.subscribe(owner, mailbox, subscribed)

    async def left_subscriptions(self) -> tuple[str, ...]:
        return await self._reader.left_subscriptions()

    async def drop_subscription(self, path: str) -> bool:
        return await self._reader.drop_subscription(path)

    # -- mailboxes ---------------------------------------------------------------------------------------------------
    async def mailboxes(self) -> tuple[Mailbox, ...]:
        """Those that may be looked up."""
        rights = await self._all_rights()
        if not any(LOOKUP in each for each in rights.values()):
            return ()
        subscribed = await self._reader.subscriptions()
        return tuple(
            self._shown(mailbox, rights[mailbox.id], (self.account, mailbox.id) in subscribed)
            for mailbox in await self._mail.mailboxes()
            if LOOKUP in rights.get(mailbox.id, NO_RIGHTS)
        )

    def _shown(self, mailbox: Mailbox, rights: Rights, subscribed: bool) -> Mailbox:
        """Without what only readers may know; its role is the owner's affair."""
        shown = msgspec.structs.replace(
            mailbox, path=self.prefix + mailbox.path, role=None, subscribed=subscribed, sort_order=0
        )
        if READ in rights:
            return shown
        return msgspec.structs.replace(shown, messages=0, unseen=0, deleted=0, size=0, modseq=0, uidnext=1)

    async def _show(self, mailbox: Mailbox) -> Mailbox:
        rights = await self.rights(mailbox.id)
        return self._shown(mailbox, rights, (self.account, mailbox.id) in await self._reader.subscriptions())

    def _inner(self, path: str) -> str:
        """The owner's own name of it. Raises NoSuchMailbox."""
        if not path.startswith(self.prefix):
            raise NoSuchMailbox(path)
        return path.removeprefix(self.prefix)

    async def mailbox(self, path: str) -> Mailbox:
        return await self._show(await self._mail.mailbox(self._inner(path)))

    async def mailbox_by_id(self, mailbox: MailboxId) -> Mailbox:
        return await self._show(await self._mail.mailbox_by_id(mailbox))

    async def mailbox_counts(self, mailbox: MailboxId) -> MailboxCounts:
        await self._require(mailbox, READ)
        return await self._mail.mailbox_counts(mailbox)

    async def create_mailbox(self, path: str, role: str | None = None, subscribed: bool = False) -> Mailbox:
        """RFC 4314 §4: under a mailbox that says so. Its top level is the owner's."""
        if role is not None or not path.startswith(self.prefix):
            raise NotPermitted(path)
        inner = self._inner(path)
        parent = await self._nearest(inner)
        try:
            await self._require(parent.id, CREATE)
        except NoSuchMailbox as error:
            raise NotPermitted(path) from error
        made = await self._mail.create_mailbox(inner)
        if subscribed:
            await self.subscribe(self.account, made.id, True)
        return await self._show(made)

    async def _nearest(self, inner: str) -> Mailbox:
        """The nearest mailbox above that there is. Raises NotPermitted."""
        above = inner
        while SEPARATOR in above:
            above = above.rpartition(SEPARATOR)[0]
            try:
                return await self._mail.mailbox(above)
            except NoSuchMailbox:
                continue
        raise NotPermitted(inner)

    async def update_mailbox(self, mailbox: MailboxId, update: MailboxUpdate) -> Mailbox:
        """A subscription is the reader's own. Renaming asks for DELETE there and CREATE under the new parent."""
        if update.role is not UNSET or update.sort_order is not UNSET:
            raise NotPermitted(str(mailbox))
        if update.name is not UNSET or update.parent is not UNSET:
            await self._require(mailbox, DELETE)
            old = await self._mail.mailbox_by_id(mailbox)
            parent = old.parent if update.parent is UNSET else update.parent
            if parent is None:
                raise NotPermitted("the top level is the owner's")
            await self._require(parent, CREATE)
            await self._mail.update_mailbox(mailbox, MailboxUpdate(name=update.name, parent=update.parent))
        if update.subscribed is not UNSET:
            if update.subscribed:
                await self._require(mailbox, LOOKUP)
            await self.subscribe(self.account, mailbox, update.subscribed)
        return await self.mailbox_by_id(mailbox)

    async def rename_inbox(self, path: str) -> Mailbox:
        raise NotPermitted("INBOX is the owner's")

    async def delete_mailbox(self, mailbox: MailboxId, with_mail: bool = True) -> None:
        await self._require(mailbox, DELETE)
        await self._mail.delete_mailbox(mailbox, with_mail)

    # -- messages of one mailbox ---------------------------------------------------------------------------------------
    async def opening(self, path: str) -> Opening:
        inner = self._inner(path)
        await self._require((await self._mail.mailbox(inner)).id, READ)
        opened = await self._mail.opening(inner)
        return msgspec.structs.replace(opened, mailbox=await self._show(opened.mailbox))

    async def uids(self, mailbox: MailboxId) -> Sequence[int]:
        await self._require(mailbox, READ)
        return await self._mail.uids(mailbox)

    async def listing(self, mailbox: MailboxId) -> Listing:
        await self._require(mailbox, READ)
        return await self._mail.listing(mailbox)

    async def claim_recent(self, mailbox: MailboxId) -> UidSet:
        """Claims nothing: see the module."""
        return await self.recent(mailbox)

    async def recent(self, mailbox: MailboxId) -> UidSet:
        await self._require(mailbox, READ)
        return await self._mail.recent(mailbox)

    async def entries(self, mailbox: MailboxId, uids: UidSet, since: int = 0) -> list[Entry]:
        await self._require(mailbox, READ)
        return await self._mail.entries(mailbox, uids, since)

    async def messages(
        self,
        mailbox: MailboxId,
        uids: UidSet,
        indexed: bool = False,
        begun: bool = False,
    ) -> list[Message]:
        """Without octets, always with the index."""
        entries = await self.entries(mailbox, uids)
        emails = {email.id: email for email in await self.emails([entry.email for entry in entries])}
        return [Message(entry, emails[entry.email]) for entry in entries if entry.email in emails]

    async def delta(self, mailbox: MailboxId, since: int) -> MailboxDelta:
        await self._require(mailbox, READ)
        return await self._mail.delta(mailbox, since)

    async def append(self, draft: Draft) -> Stored:
        return (await self.append_all([draft]))[0]

    async def append_all(self, drafts: Sequence[Draft], later: bool = False) -> list[Stored]:
        """Flags that may not be set are left out (RFC 4314 §4)."""
        return await self._mail.append_all([await self._permitted(draft) for draft in drafts], later)

    async def _permitted(self, draft: Draft) -> Draft:
        flags = draft.flags
        for mailbox in draft.mailboxes:
            flags = permitted_flags(flags, await self._require(mailbox, INSERT))
        return msgspec.structs.replace(draft, flags=flags)

    async def replace(self, draft: Draft, mailbox: MailboxId, uid: int) -> Stored:
        """RFC 8508 §4.1."""
        await self._require(mailbox, READ, MARK_DELETED, EXPUNGE)
        return await self._mail.replace(await self._permitted(draft), mailbox, uid)

    async def set_flags(
        self,
        mailbox: MailboxId,
        uids: UidSet,
        mode: str,
        flags: Flags,
        unchanged_since: int | None = None,
        rights: Rights = ALL_RIGHTS,
        quiet: bool = False,
    ) -> FlagsChanged:
        """Flags that may not be changed stay as they are; NotPermitted where that leaves nothing to do (RFC 4314 §4)."""
        mine = _both(await self._require(mailbox, READ), rights)
        changeable = {SEE, WRITE, MARK_DELETED} & set(mine) if mode == "replace" else permitted_flags(flags, mine)
        if not changeable and (flags or mode == "replace"):
            raise NotPermitted(str(mailbox))
        return await self._mail.set_flags(mailbox, uids, mode, flags, unchanged_since, mine, quiet)

    async def copy(self, mailbox: MailboxId, uids: UidSet, target: MailboxId, rights: Rights = ALL_RIGHTS) -> Copied:
        await self._require(mailbox, READ)
        there = await self._require(target, INSERT)
        return await self._mail.copy(mailbox, uids, target, _both(there, rights))

    async def move(self, mailbox: MailboxId, uids: UidSet, target: MailboxId, rights: Rights = ALL_RIGHTS) -> Copied:
        """RFC 6851 §4.2."""
        await self._require(mailbox, READ, MARK_DELETED, EXPUNGE)
        there = await self._require(target, INSERT)
        return await self._mail.move(mailbox, uids, target, _both(there, rights))

    async def expunge(self, mailbox: MailboxId, uids: UidSet, only_deleted: bool = True) -> MailboxDelta:
        await self._require(mailbox, READ, EXPUNGE, *(() if only_deleted else (MARK_DELETED,)))
        return await self._mail.expunge(mailbox, uids, only_deleted)

    async def search(self, mailbox: MailboxId, criterion: Criterion) -> list[int]:
        await self._require(mailbox, READ)
        return await self._mail.search(mailbox, criterion)

    # -- emails --------------------------------------------------------------------------------------------------------
    async def outlines(self, ids: Sequence[EmailId]) -> list[Outline]:
        """As `emails`."""
        return list(await self.emails(ids))

    async def emails(self, ids: Sequence[EmailId]) -> list[Email]:
        """Those that lie in a mailbox that may be read. Their octets may be read then."""
        return [placed.email for placed in await self.placed(ids)]

    async def placed(self, ids: Sequence[EmailId]) -> list[PlacedEmail]:
        """With the places that may be read; emails that lie only elsewhere are left out."""
        rights = await self._all_rights()
        readable = {mailbox for mailbox, each in rights.items() if READ in each}
        found: list[PlacedEmail] = []
        for placed in await self._mail.placed(ids):
            places = tuple(place for place in placed.placements if place.mailbox in readable)
            if places:
                found.append(msgspec.structs.replace(placed, placements=places))
        self._lend(placed.email.blob for placed in found)
        return found

    def _lend(self, blobs: Iterable[BlobId]) -> None:
        for blob in blobs:
            self._lent[blob] = None
            self._lent.move_to_end(blob)
        while len(self._lent) > _LENT:
            self._lent.popitem(last=False)

    async def find_blob(self, blob: BlobId) -> int:
        self._require_lent(blob)
        return await self._mail.find_blob(blob)

    async def read_starts(self, starts: Sequence[tuple[BlobId, int]]) -> list[bytes | None]:
        for blob, _ in starts:
            self._require_lent(blob)
        return await self._mail.read_starts(starts)

    async def read_blob(self, blob: BlobId, start: int = 0, end: int | None = None) -> bytes:
        self._require_lent(blob)
        return await self._mail.read_blob(blob, start, end)

    def _require_lent(self, blob: BlobId) -> None:
        if blob not in self._lent:
            raise NoSuchBlob(blob)

    async def usage(self) -> int:
        """For whoever may read one of the mailboxes (RFC 9208 §6)."""
        if not any(READ in rights for rights in (await self._all_rights()).values()):
            raise NotPermitted("usage")
        return await self._mail.usage()

    def watch(self, callback: Callable[[AccountChange], None], others: bool = False) -> Callable[[], None]:
        """All of the account's changes: which mailboxes, and which annotations may be the reader's to see. Mailboxes that were
        made, renamed or deleted are among `granted`, without their names: whoever may look them up finds these."""

        def told(change: AccountChange) -> None:
            mine = ("", self._reader.account)
            annotated = tuple(each for each in change.annotated if each.mailbox is not None and each.owner in mine)
            granted = change.granted.union(event.mailbox for event in change.events if event.kind != "subscription")
            callback(msgspec.structs.replace(change, events=(), annotated=annotated, granted=granted))

        return self._mail.watch(told, others)

    # -- annotations ---------------------------------------------------------------------------------------------------
    async def annotations(self, mailbox: MailboxId | None, user: AccountId) -> tuple[Annotation, ...]:
        """RFC 5464 §3.3. The server's are in the reader's own mail."""
        await self._require_annotating(mailbox)
        return await self._mail.annotations(mailbox, self._reader.account)

    async def annotate(
        self,
        mailbox: MailboxId | None,
        user: AccountId,
        values: Mapping[str, bytes | None],
        update: MailboxUpdate | None = None,
    ) -> None:
        await self._require_annotating(mailbox)
        if update is not None:
            raise NotPermitted(str(mailbox))
        await self._mail.annotate(mailbox, self._reader.account, values)

    async def _require_annotating(self, mailbox: MailboxId | None) -> None:
        if mailbox is None:
            refuse()
        if _ANNOTATING.isdisjoint(await self._require(mailbox, LOOKUP)):
            raise NotPermitted(str(mailbox))


async def require(mail: AccountMail, mailbox: MailboxId, *needed: str) -> Rights:
    """What whoever opened `mail` may do in the mailbox, the `needed` among it. Raises NotPermitted, and NoSuchMailbox where the
    mailbox is not even to be seen (RFC 4314 §6)."""
    rights = await mail.rights(mailbox)
    if not set(needed) <= set(rights):
        raise NotPermitted(str(mailbox)) if LOOKUP in rights else NoSuchMailbox(str(mailbox))
    return rights


def _both(one: Rights, other: Rights) -> Rights:
    return Rights("".join(letter for letter in one if letter in other))
