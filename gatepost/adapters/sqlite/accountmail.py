"""One account's mail as the port wants it: each method hands one function to the database, for reading or for a change.

What the functions do is in `mailboxes`, `entries`, `emails`, `appending`, `criteria`, `states`, `blobs` and `scripts`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import apsw

from gatepost.adapters.sqlite import (
    access,
    annotating,
    appending,
    blobs,
    counts,
    emails,
    entries,
    flagging,
    mailboxes,
    messages,
    opening,
    replacing,
    scripts,
    searching,
    states,
    subscribing,
    unparsed,
)
from gatepost.adapters.sqlite.rows import fetch_one
from gatepost.adapters.sqlite.shelf import Shelf
from gatepost.adapters.sqlite.unit import Change
from gatepost.adapters.sqlite.unparsed import Unparsed
from gatepost.adapters.sqlite.writer import Elsewhere
from gatepost.model.account import AccountId
from gatepost.model.annotation import Annotation
from gatepost.model.errors import NoSuchEmail, NoSuchMailbox, OverQuota, StorageUnavailable
from gatepost.model.flags import Flags
from gatepost.model.mail import (
    AccountChange,
    BlobId,
    Copied,
    Draft,
    Email,
    EmailId,
    EmailUpdate,
    Entry,
    FlagsChanged,
    Listing,
    Mailbox,
    MailboxCounts,
    MailboxDelta,
    MailboxId,
    MailboxUpdate,
    Message,
    ObjectChanges,
    Opening,
    Outline,
    PlacedEmail,
    Script,
    States,
    Stored,
    ThreadId,
)
from gatepost.model.rights import ALL_RIGHTS, Grant, Grantee, MailboxAccess, Rights
from gatepost.model.search import Criterion, SortKey
from gatepost.model.uidset import UidSet

T = TypeVar("T")
log = logging.getLogger("gatepost.store")


class SqliteAccountMail:
    """See `gatepost.ports.mailstore.AccountMail`, whose promises these are."""

    def __init__(self, shelf: Shelf, account: AccountId, quota: int) -> None:
        self._shelf, self._account, self._quota = shelf, account, quota

    @property
    def account(self) -> AccountId:
        """Whose mail it is."""
        return self._account

    async def _read(self, work: Callable[[apsw.Connection], T], scan: bool = False) -> T:
        database = self._shelf.database
        try:
            return await database.read(work, scan)
        except Unparsed as found:
            return await self._shelf.insist(lambda: database.read(work, scan), found)

    async def _glance(
        self,
        work: Callable[[apsw.Connection], T],
        thorough: Callable[[apsw.Connection], T] | None = None,
        alone: bool = False,
    ) -> T:
        """`work` here and now if it is little, else `thorough` (by default the same) in a thread. `alone`: see `glance`."""
        try:
            return self._shelf.database.glance(work, alone)
        except (Elsewhere, Unparsed):
            return await self._read(work if thorough is None else thorough)

    async def _change(self, work: Callable[[Change], T]) -> T:
        unit = self._shelf.unit(work, self._quota)
        change = partial(self._shelf.database.change, unit, lambda outcome: self._shelf.tell(outcome[1], self))
        try:
            result, _ = await change()
        except Unparsed as found:
            result, _ = await self._shelf.insist(change, found)
        return result

    async def mend(self, work: Callable[[Change], T]) -> T:
        """A change that puts something right, for `mending`; watchers are told as of any other. Raises StorageUnavailable."""
        return await self._change(work)

    # -- mailboxes -------------------------------------------------------------------------------------------------
    async def mailboxes(self) -> tuple[Mailbox, ...]:
        return await self._read(mailboxes.all_mailboxes)

    async def mailbox(self, path: str) -> Mailbox:
        return await self._glance(lambda db: mailboxes.by_path(db, path))

    async def mailbox_by_id(self, mailbox: MailboxId) -> Mailbox:
        return await self._glance(lambda db: mailboxes.by_id(db, mailbox))

    async def mailbox_counts(self, mailbox: MailboxId) -> MailboxCounts:
        return await self._read(lambda db: counts.mailbox_counts(db, mailbox), scan=True)

    async def create_mailbox(self, path: str, role: str | None = None, subscribed: bool = False) -> Mailbox:
        number = await self._change(lambda change: mailboxes.create(change, path, role, subscribed))
        return await self.mailbox_by_id(number)

    async def update_mailbox(self, mailbox: MailboxId, update: MailboxUpdate) -> Mailbox:
        await self._change(lambda change: mailboxes.update(change, mailbox, update))
        return await self.mailbox_by_id(mailbox)

    async def rename_inbox(self, path: str) -> Mailbox:
        return await self.mailbox_by_id(await self._change(lambda change: mailboxes.rename_inbox(change, path)))

    async def delete_mailbox(self, mailbox: MailboxId, with_mail: bool = True) -> None:
        await self._change(lambda change: mailboxes.delete(change, mailbox, with_mail))
        with contextlib.suppress(StorageUnavailable):  # it is gone all the same
            if await self._shelf.sharing.known(self._account):
                await self.settle_access()

    # -- access ----------------------------------------------------------------------------------------------------
    async def rights(self, mailbox: MailboxId) -> Rights:
        return ALL_RIGHTS

    async def access(self, mailbox: MailboxId) -> tuple[Grant, ...]:
        return await self._read(lambda db: access.access(db, mailbox))

    async def all_access(self) -> tuple[MailboxAccess, ...]:
        return await self._read(access.all_access)

    async def set_access(
        self, mailbox: MailboxId, grantee: Grantee, mode: str, rights: Rights, negative: bool = False
    ) -> None:
        async with self._shelf.granting:
            if not negative and mode != "remove" and rights:
                await self._shelf.sharing.may_grant(self._account, [grantee])
            await self._change(lambda change: access.set_access(change, mailbox, grantee, mode, rights, negative))
            with contextlib.suppress(StorageUnavailable):  # a line too many does no harm
                await self._settle_access()

    async def revoke(self, grantee: Grantee) -> None:
        """Nothing is granted to `grantee` any more. Raises StorageUnavailable."""
        async with self._shelf.granting:
            await self._change(lambda change: access.revoke(change, grantee))
            with contextlib.suppress(StorageUnavailable):
                await self._settle_access()

    async def settle_access(self) -> None:
        """What `sharing` knows of this account becomes what is so. Raises StorageUnavailable."""
        async with self._shelf.granting:
            await self._settle_access()

    async def _settle_access(self) -> None:
        granted = await self._read(access.grantees)
        await self._shelf.sharing.may_grant(self._account, granted)
        await self._shelf.sharing.settle(self._account, granted)

    async def subscriptions(self) -> frozenset[tuple[AccountId, MailboxId]]:
        return await self._read(access.subscriptions)

    async def subscribe(self, owner: AccountId, mailbox: MailboxId, subscribed: bool) -> None:
        await self._change(lambda change: access.subscribe(change, owner, mailbox, subscribed))

    async def left_subscriptions(self) -> tuple[str, ...]:
        return await self._read(subscribing.left)

    async def drop_subscription(self, path: str) -> bool:
        return await self._change(lambda change: subscribing.take_up(change, path))

    async def annotations(self, mailbox: MailboxId | None, user: AccountId) -> tuple[Annotation, ...]:
        return await self._read(lambda db: annotating.kept(db, mailbox, user))

    async def annotate(
        self,
        mailbox: MailboxId | None,
        user: AccountId,
        values: Mapping[str, bytes | None],
        update: MailboxUpdate | None = None,
    ) -> None:
        await self._change(lambda change: annotating.annotate(change, mailbox, user, values, update))

    # -- messages of one mailbox -----------------------------------------------------------------------------------
    async def opening(self, path: str) -> Opening:
        lists, owner = self._shelf.uid_lists, self._shelf
        with contextlib.suppress(Elsewhere):
            return self._shelf.database.glance(lambda db: opening.reopening(db, lists, owner, path), alone=True)
        return await self._glance(
            lambda db: opening.opening(db, lists, owner, path, glance=True),
            lambda db: opening.opening(db, lists, owner, path),
        )

    async def uids(self, mailbox: MailboxId) -> Sequence[int]:
        lists, owner = self._shelf.uid_lists, self._shelf
        return await self._glance(
            lambda db: lists.uids(db, owner, mailbox, glance=True), lambda db: lists.uids(db, owner, mailbox)
        )

    async def listing(self, mailbox: MailboxId) -> Listing:
        return await self._read(lambda db: opening.listing(db, mailbox))

    async def claim_recent(self, mailbox: MailboxId) -> UidSet:
        if not await self.recent(mailbox):
            return UidSet()
        return await self._change(lambda change: entries.claim_recent(change, mailbox))

    async def recent(self, mailbox: MailboxId) -> UidSet:
        return await self._glance(lambda db: entries.recent(db, mailbox))

    async def entries(self, mailbox: MailboxId, uids: UidSet, since: int = 0) -> list[Entry]:
        return await self._glance(
            lambda db: entries.glance_entries(db, mailbox, uids, since),
            lambda db: entries.entries(db, mailbox, uids, since),
        )

    async def messages(
        self,
        mailbox: MailboxId,
        uids: UidSet,
        indexed: bool = False,
        begun: bool = False,
    ) -> list[Message]:
        def look(db: apsw.Connection) -> list[Message]:
            return messages.messages(db, mailbox, uids, indexed, begun)

        if len(uids) > messages.FEW:
            return await self._read(look)
        return await self._glance(look, alone=messages.alone(uids))

    async def delta(self, mailbox: MailboxId, since: int) -> MailboxDelta:
        return await self._glance(
            lambda db: entries.glance_delta(db, mailbox, since), lambda db: entries.delta(db, mailbox, since)
        )

    async def append(self, draft: Draft) -> Stored:
        return (await self.append_all([draft]))[0]

    async def append_all(self, drafts: Sequence[Draft], later: bool = False) -> list[Stored]:
        files = self._shelf.files
        later = later and not self._shelf.insisting and not await self._glance(unparsed.many)
        return await self._store(drafts, lambda change, all_of: appending.append_all(change, files, all_of), later)

    async def replace(self, draft: Draft, mailbox: MailboxId, uid: int) -> Stored:
        files = self._shelf.files
        return await self._store([draft], lambda change, one: replacing.replace(change, files, one[0], mailbox, uid))

    async def _store(
        self, drafts: Sequence[Draft], work: Callable[[Change, list[appending.Prepared]], T], later: bool = False
    ) -> T:
        """`work` in one change, once everything that needs no database is done and large octets are on disk. With `later` they are
        not parsed, if they are not too large for that."""
        shelf = self._shelf
        octets = sum(len(draft.content) for draft in drafts)
        later = later and octets <= appending.BATCH
        if octets <= appending.SMALL:
            ready: list[appending.Prepared] = []

            def prepare_too(change: Change) -> T:
                if not ready:  # it may run twice
                    ready.extend(appending.prepare_all(drafts, later))
                return work(change, ready)

            return await self._change(prepare_too)
        prepared: list[appending.Prepared] = []
        for batch in appending.batches(drafts):
            prepared += await shelf.database.compute(partial(appending.prepare_all, batch, later))
        large = [each for each in prepared if len(each.draft.content) > blobs.INLINE_OCTETS]
        try:
            for each in large:
                await shelf.database.aside(partial(shelf.files.keep, each.blob, each.draft.content))
            return await self._change(lambda change: work(change, prepared))
        except BaseException:
            shelf.doubt(*[each.blob for each in large])
            raise

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
        wish = flagging.Wish(mode, flags, unchanged_since, rights)
        return await self._change(lambda change: flagging.set_flags(change, mailbox, uids, wish, quiet))

    async def copy(self, mailbox: MailboxId, uids: UidSet, target: MailboxId, rights: Rights = ALL_RIGHTS) -> Copied:
        return await self._change(lambda change: entries.copy(change, mailbox, uids, target, rights))

    async def move(self, mailbox: MailboxId, uids: UidSet, target: MailboxId, rights: Rights = ALL_RIGHTS) -> Copied:
        return await self._change(lambda change: entries.move(change, mailbox, uids, target, rights))

    async def expunge(self, mailbox: MailboxId, uids: UidSet, only_deleted: bool = True) -> MailboxDelta:
        return await self._change(lambda change: entries.expunge(change, mailbox, uids, only_deleted))

    # -- emails ----------------------------------------------------------------------------------------------------
    async def outlines(self, ids: Sequence[EmailId]) -> list[Outline]:
        return await self._few(ids, lambda db: emails.outlines(db, ids))

    async def emails(self, ids: Sequence[EmailId]) -> list[Email]:
        return await self._few(ids, lambda db: emails.emails(db, ids))

    async def _few(self, ids: Sequence[EmailId], work: Callable[[apsw.Connection], T]) -> T:
        return await (self._glance(work) if len(ids) <= messages.FEW else self._read(work))

    async def placed(self, ids: Sequence[EmailId]) -> list[PlacedEmail]:
        return await self._read(lambda db: emails.placed(db, ids))

    async def update_emails(self, updates: Sequence[EmailUpdate]) -> dict[EmailId, Exception | None]:
        def work(change: Change) -> dict[EmailId, Exception | None]:
            outcomes: dict[EmailId, Exception | None] = {}
            for update in updates:
                try:
                    emails.update(change, update)
                    outcomes[update.email] = None
                except (NoSuchEmail, NoSuchMailbox, OverQuota) as error:
                    outcomes[update.email] = error
            return outcomes

        return await self._change(work)

    async def destroy_emails(self, ids: Sequence[EmailId]) -> list[EmailId]:
        return await self._change(lambda change: emails.destroy(change, ids))

    async def search(self, mailbox: MailboxId, criterion: Criterion) -> list[int]:
        files = self._shelf.files
        self._shelf.searched()
        return await self._read(lambda db: searching.search(db, files, mailbox, criterion), scan=True)

    async def query(
        self, criterion: Criterion, sort: Sequence[SortKey], collapse_threads: bool = False, limit: int | None = None
    ) -> list[EmailId]:
        files = self._shelf.files
        self._shelf.searched()
        return await self._read(
            lambda db: searching.query(db, files, criterion, sort, collapse_threads, limit), scan=True
        )

    async def index_text(self) -> int:
        """Puts what waits into the index of text, all at once; how many emails."""
        done = 0
        while found := await asyncio.get_running_loop().run_in_executor(None, self._shelf.index.step):
            done += found
        return done

    async def threads(self, ids: Sequence[ThreadId]) -> dict[ThreadId, tuple[EmailId, ...]]:
        return await self._read(lambda db: emails.threads(db, ids))

    async def find_blob(self, blob: BlobId) -> int:
        return await self._glance(lambda db: blobs.size_of(db, blob))

    async def read_blob(self, blob: BlobId, start: int = 0, end: int | None = None) -> bytes:
        return await self._glance(
            lambda db: blobs.glance(db, blob, start, end),
            lambda db: blobs.read(db, self._shelf.files, blob, start, end),
        )

    async def read_starts(self, starts: Sequence[tuple[BlobId, int]]) -> list[bytes | None]:
        files = self._shelf.files
        if len(starts) <= messages.FEW and sum(end for _, end in starts) <= blobs.INLINE_OCTETS:
            return await self._glance(
                lambda db: blobs.read_starts(db, None, starts), lambda db: blobs.read_starts(db, files, starts)
            )
        return await self._read(lambda db: blobs.read_starts(db, files, starts))

    async def save_upload(self, content: bytes) -> BlobId:
        """Raises OverQuota when too many uploads are kept that no email uses."""
        shelf = self._shelf
        blob = await shelf.database.compute(partial(blobs.blob_id, content))
        try:
            if len(content) > blobs.INLINE_OCTETS:
                await shelf.database.aside(partial(shelf.files.keep, blob, content))
            await self._change(lambda change: blobs.keep_upload(change, shelf.files, blob, content))
        except BaseException:
            shelf.doubt(blob)
            raise
        return blob

    # -- states and changes ----------------------------------------------------------------------------------------
    async def states(self) -> States:
        return await self._glance(states.states)

    async def email_changes(self, since: int, limit: int | None = None) -> ObjectChanges:
        return await self._read(lambda db: states.changes(db, "email", since, limit))

    async def mailbox_changes(self, since: int, limit: int | None = None) -> ObjectChanges:
        return await self._read(lambda db: states.changes(db, "mailbox", since, limit))

    async def thread_changes(self, since: int, limit: int | None = None) -> ObjectChanges:
        return await self._read(lambda db: states.changes(db, "thread", since, limit))

    def watch(self, callback: Callable[[AccountChange], None], others: bool = False) -> Callable[[], None]:
        return self._shelf.watch(callback, self if others else None)

    async def usage(self) -> int:
        return await self._read(lambda db: fetch_one(db, "SELECT used FROM account")[0])

    # -- Sieve scripts ---------------------------------------------------------------------------------------------
    async def scripts(self) -> tuple[Script, ...]:
        return await self._read(scripts.scripts)

    async def put_script(self, name: str, content: bytes) -> None:
        await self._shelf.database.change(lambda db: scripts.put(db, name, content))

    async def activate_script(self, name: str) -> None:
        await self._shelf.database.change(lambda db: scripts.activate(db, name))

    async def delete_script(self, name: str) -> None:
        await self._shelf.database.change(lambda db: scripts.delete(db, name))

    async def rename_script(self, name: str, new: str) -> None:
        await self._shelf.database.change(lambda db: scripts.rename(db, name, new))
