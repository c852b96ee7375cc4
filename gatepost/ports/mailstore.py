"""The mail store under IMAP, POP3 and JMAP, and its promises.

- What a method returned is on disk (fsync), or it raised `StorageUnavailable` and nothing changed.
- Octets are kept as they came. UIDs are never used twice; UIDVALIDITY stays when a mailbox is renamed.
- Every change takes the account's next modseq; tombstones are kept for ever unless said otherwise.
- After a change is durable, watchers of the account are called on the event loop, once a change, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from gatepost.model.account import AccountId
from gatepost.model.annotation import Annotation
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
from gatepost.ports.upkeep import Upkeep


class AccountMail(Protocol):
    """One account's mail. Methods may be called concurrently from the event loop; changes are applied one at a time."""

    @property
    def account(self) -> AccountId:
        """Whose mail it is."""
        ...

    # -- mailboxes -----------------------------------------------------------------------------------------------
    async def mailboxes(self) -> tuple[Mailbox, ...]:
        """All of them, by path, INBOX first. A new account has INBOX, Drafts, Sent, Trash, Junk and Archive."""
        ...

    async def mailbox(self, path: str) -> Mailbox:
        """By path; INBOX in any case. Raises NoSuchMailbox."""
        ...

    async def mailbox_by_id(self, mailbox: MailboxId) -> Mailbox:
        """Raises NoSuchMailbox."""
        ...

    async def mailbox_counts(self, mailbox: MailboxId) -> MailboxCounts:
        """Linear in the mailbox's size; all zero for one that does not exist."""
        ...

    async def create_mailbox(self, path: str, role: str | None = None, subscribed: bool = False) -> Mailbox:
        """Makes missing parents too. Raises MailboxExists, BadMailboxName."""
        ...

    async def update_mailbox(self, mailbox: MailboxId, update: MailboxUpdate) -> Mailbox:
        """Rename, move, subscribe, give a role. Children follow. Raises NoSuchMailbox, MailboxExists, BadMailboxName
        (also: a parent that lies under it), MailboxProtected (INBOX)."""
        ...

    async def rename_inbox(self, path: str) -> Mailbox:
        """RFC 9051 §6.3.6: a new mailbox takes all of INBOX's messages, INBOX stays, empty. Returns the new one.
        Raises MailboxExists, BadMailboxName."""
        ...

    async def delete_mailbox(self, mailbox: MailboxId, with_mail: bool = True) -> None:
        """Its entries go; emails without any place left go too. Raises NoSuchMailbox, MailboxHasChildren,
        MailboxProtected, and MailboxHasMail unless `with_mail`."""
        ...

    # -- access ----------------------------------------------------------------------------------------------------
    async def rights(self, mailbox: MailboxId) -> Rights:
        """What whoever opened this mail may do in the mailbox: the owner everything. Raises NoSuchMailbox where that is
        nothing."""
        ...

    async def access(self, mailbox: MailboxId) -> tuple[Grant, ...]:
        """Its access list, by grantee. Raises NoSuchMailbox."""
        ...

    async def all_access(self) -> tuple[MailboxAccess, ...]:
        """The lists of all mailboxes that have one."""
        ...

    async def set_access(
        self, mailbox: MailboxId, grantee: Grantee, mode: str, rights: Rights, negative: bool = False
    ) -> None:
        """Changes one line of the list, `mode` as in `set_flags`; without rights left the line goes. Watchers are told.
        New mailboxes begin with the list of what they lie under. Raises NoSuchMailbox, TooManyGrants."""
        ...

    async def subscriptions(self) -> frozenset[tuple[AccountId, MailboxId]]:
        """Mailboxes of others to which this account subscribes; some may be gone, or not to be seen any more."""
        ...

    async def subscribe(self, owner: AccountId, mailbox: MailboxId, subscribed: bool) -> None:
        """Subscribes to a mailbox of another, or no more. Raises TooManyGrants."""
        ...

    async def left_subscriptions(self) -> tuple[str, ...]:
        """Paths of own mailboxes that were subscribed to when they were deleted (RFC 9051 §6.3.7), sorted."""
        ...

    async def drop_subscription(self, path: str) -> bool:
        """Takes such a path off; whether there was one."""
        ...

    # -- annotations -------------------------------------------------------------------------------------------------
    async def annotations(self, mailbox: MailboxId | None, user: AccountId) -> tuple[Annotation, ...]:
        """The mailbox's, or for None the server's: the shared ones and those that are `user`'s own, by name. Raises
        NoSuchMailbox."""
        ...

    async def annotate(
        self,
        mailbox: MailboxId | None,
        user: AccountId,
        values: Mapping[str, bytes | None],
        update: MailboxUpdate | None = None,
    ) -> None:
        """Sets annotations by name, or with None removes them, and changes the mailbox by `update`: all or nothing. They
        follow the mailbox, and go with it. Raises NoSuchMailbox, AnnotationTooLarge, TooManyAnnotations, and what
        `update_mailbox` raises."""
        ...

    # -- messages of one mailbox -----------------------------------------------------------------------------------
    async def opening(self, path: str) -> Opening:
        """What SELECT tells (RFC 9051 §6.3.2). Raises NoSuchMailbox."""
        ...

    async def uids(self, mailbox: MailboxId) -> Sequence[int]:
        """All UIDs, ascending, as a compact sequence (`array('I')`). Raises NoSuchMailbox."""
        ...

    async def listing(self, mailbox: MailboxId) -> Listing:
        """All of them with their sizes, sixteen octets a message. Raises NoSuchMailbox."""
        ...

    async def claim_recent(self, mailbox: MailboxId) -> UidSet:
        """The UIDs given out that no read-write session has been told of; each is claimed once (RFC 3501 §2.3.2). Raises
        NoSuchMailbox."""
        ...

    async def recent(self, mailbox: MailboxId) -> UidSet:
        """As `claim_recent`, but only looking (RFC 3501 §6.3.2, EXAMINE). Raises NoSuchMailbox."""
        ...

    async def entries(self, mailbox: MailboxId, uids: UidSet, since: int = 0) -> list[Entry]:
        """Entries in `uids` changed after modseq `since`, ascending by UID; what doesn't exist is left out."""
        ...

    async def messages(
        self,
        mailbox: MailboxId,
        uids: UidSet,
        indexed: bool = False,
        begun: bool = False,
    ) -> list[Message]:
        """As `entries`, with their emails, `indexed` or not. If `begun`, the octets of few small ones may come along; else
        `read_starts` has them. Raises NoSuchMailbox."""
        ...

    async def delta(self, mailbox: MailboxId, since: int) -> MailboxDelta:
        """What changed in the mailbox after modseq `since`. Raises NoSuchMailbox."""
        ...

    async def append(self, draft: Draft) -> Stored:
        """Keeps a message. Raises NoSuchMailbox, OverQuota, MessageTooLarge, StorageUnavailable."""
        ...

    async def append_all(self, drafts: Sequence[Draft], later: bool = False) -> list[Stored]:
        """All of them or none (MULTIAPPEND, RFC 3502). With `later` the answer need not wait until they are parsed: that may be
        done when somebody asks for more of them than their places, and in the background."""
        ...

    async def replace(self, draft: Draft, mailbox: MailboxId, uid: int) -> Stored:
        """Keeps a message and removes the entry `uid` of `mailbox`, both or neither; only the difference counts towards the
        quota (RFC 8508 §3.4). Raises what `append` raises, and NoSuchEmail."""
        ...

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
        """`mode` is `add`, `remove` or `replace`. An entry whose flags stay the same keeps its modseq. Flags that `rights`
        do not give (`permitted_flags`) stay as they are. `quiet`: the entries are not told."""
        ...

    async def copy(self, mailbox: MailboxId, uids: UidSet, target: MailboxId, rights: Rights = ALL_RIGHTS) -> Copied:
        """All or none; flags (those that `rights` give) and received date are kept, email ids too. Raises NoSuchMailbox,
        OverQuota."""
        ...

    async def move(self, mailbox: MailboxId, uids: UidSet, target: MailboxId, rights: Rights = ALL_RIGHTS) -> Copied:
        """All or none (RFC 6851), flags as in `copy`. To the same mailbox it gives new UIDs."""
        ...

    async def expunge(self, mailbox: MailboxId, uids: UidSet, only_deleted: bool = True) -> MailboxDelta:
        """Removes the entries in `uids` (those with \\Deleted if `only_deleted`); the delta names what vanished."""
        ...

    # -- emails ---------------------------------------------------------------------------------------------------
    async def outlines(self, ids: Sequence[EmailId]) -> list[Outline]:
        """Emails without their indexes, for a fraction of the time; in the order asked for, unknown ones left out."""
        ...

    async def emails(self, ids: Sequence[EmailId]) -> list[Email]:
        """In the order asked for; unknown ones are left out."""
        ...

    async def placed(self, ids: Sequence[EmailId]) -> list[PlacedEmail]:
        """Emails with their places, in the order asked for; unknown ones are left out."""
        ...

    async def update_emails(self, updates: Sequence[EmailUpdate]) -> dict[EmailId, Exception | None]:
        """Each on its own: None where it worked, else NoSuchEmail, NoSuchMailbox or OverQuota."""
        ...

    async def destroy_emails(self, ids: Sequence[EmailId]) -> list[EmailId]:
        """Removes them from every mailbox; returns those that existed."""
        ...

    async def search(self, mailbox: MailboxId, criterion: Criterion) -> list[int]:
        """UIDs in `mailbox` that match, ascending."""
        ...

    async def query(
        self, criterion: Criterion, sort: Sequence[SortKey], collapse_threads: bool = False, limit: int | None = None
    ) -> list[EmailId]:
        """Emails of the account that match, sorted, the first `limit` of them; with `collapse_threads` the first of each
        thread only."""
        ...

    async def threads(self, ids: Sequence[ThreadId]) -> dict[ThreadId, tuple[EmailId, ...]]:
        """The emails of each thread by received date; unknown threads are left out."""
        ...

    async def find_blob(self, blob: BlobId) -> int:
        """Its size in octets. Raises NoSuchBlob."""
        ...

    async def read_starts(self, starts: Sequence[tuple[BlobId, int]]) -> list[bytes | None]:
        """Of each blob the first so many octets, all read at once, in the order asked for; None where it is not there."""
        ...

    async def read_blob(self, blob: BlobId, start: int = 0, end: int | None = None) -> bytes:
        """Octets [start:end] of a message or an uploaded blob. Raises NoSuchBlob."""
        ...

    async def save_upload(self, content: bytes) -> BlobId:
        """Keeps uploaded octets for at least an hour (RFC 8620 §6.1)."""
        ...

    # -- states and changes -----------------------------------------------------------------------------------------
    async def states(self) -> States:
        """The states now."""
        ...

    async def email_changes(self, since: int, limit: int | None = None) -> ObjectChanges:
        """Raises CannotCalculateChanges for a state in the future."""
        ...

    async def mailbox_changes(self, since: int, limit: int | None = None) -> ObjectChanges:
        """Raises CannotCalculateChanges for a state in the future."""
        ...

    async def thread_changes(self, since: int, limit: int | None = None) -> ObjectChanges:
        """Raises CannotCalculateChanges for a state in the future."""
        ...

    def watch(self, callback: Callable[[AccountChange], None], others: bool = False) -> Callable[[], None]:
        """Calls `callback` on the event loop after every durable change; returns the call that ends it. With `others` only
        after changes that were not made through this very object."""
        ...

    async def usage(self) -> int:
        """Octets that count towards the quota: each entry counts its message's size."""
        ...

    # -- Sieve scripts ------------------------------------------------------------------------------------------------
    async def scripts(self) -> tuple[Script, ...]:
        """All, by name."""
        ...

    async def put_script(self, name: str, content: bytes) -> None:
        """New or replaced; stays active if it was. Raises TooManyScripts."""
        ...

    async def activate_script(self, name: str) -> None:
        """The empty name makes none active. Raises NoSuchScript."""
        ...

    async def delete_script(self, name: str) -> None:
        """Raises NoSuchScript, ScriptActive."""
        ...

    async def rename_script(self, name: str, new: str) -> None:
        """Raises NoSuchScript, ScriptExists."""
        ...


class Mailstore(Protocol):
    """All accounts' mail."""

    def open(self, account: AccountId, quota: int = 0) -> AccountMail:
        """The account's mail; cheap, keeps no resources of its own. `quota` in octets, 0 for none."""
        ...

    @property
    def upkeep(self) -> Upkeep:
        """The care for what is stored."""
        ...

    async def sharers(self, grantees: Collection[Grantee]) -> tuple[AccountId, ...]:
        """Everybody who grants something to one of `grantees`, sorted; perhaps some who did, but nobody is missing."""
        ...

    async def erase(self, account: AccountId) -> None:
        """Everything of the account, for ever, and what others granted to it."""
        ...

    async def close(self) -> None:
        """Finishes what was promised, then releases everything."""
        ...
