"""Mailboxes, emails and changes: one data model under IMAP, POP3 and JMAP.

An *email* is immutable content with an id (JMAP Email, IMAP EMAILID, RFC 8474). An *entry* is its place in one mailbox,
with a UID and flags of its own; an email in two mailboxes has two entries. Every change takes the account's next
modification sequence (modseq, RFC 7162), which is also what JMAP states are made of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NewType

import msgspec

from gatepost.model.flags import NO_FLAGS, Flags
from gatepost.model.message import MessageIndex
from gatepost.model.uidset import UidSet

MailboxId = NewType("MailboxId", int)
EmailId = NewType("EmailId", int)
ThreadId = NewType("ThreadId", int)
BlobId = NewType("BlobId", str)
"""Lower-case hexadecimal of the content's digest; the same octets in one account have the same id."""

SEPARATOR = "/"
"""Between the levels of a mailbox's path."""

ROLES = ("inbox", "drafts", "sent", "trash", "junk", "archive", "all", "flagged", "important")
"""JMAP roles (RFC 8621 §2); IMAP's SPECIAL-USE attributes (RFC 6154) are the same words capitalised, inbox apart."""


class Mailbox(msgspec.Struct, frozen=True):
    """`path` is the full name, levels joined by `/`, INBOX always so spelled. `modseq` is the highest of its entries
    and tombstones (RFC 7162 HIGHESTMODSEQ); `changed` that of the mailbox object itself, counts included. `size` in octets."""

    id: MailboxId
    path: str
    name: str
    parent: MailboxId | None
    role: str | None
    subscribed: bool
    sort_order: int
    uidvalidity: int
    uidnext: int
    messages: int
    unseen: int
    deleted: int
    size: int
    modseq: int
    changed: int


class Opening(msgspec.Struct, frozen=True):
    """What a client that opens a mailbox wants to know, all of one moment. `uids` ascending, the caller's own; `recent` those
    that no read-write session was told of (RFC 3501 §2.3.2); `keywords` the flags in use but for the system's, sorted;
    `first_unseen` the lowest UID without \\Seen, 0 for none."""

    mailbox: Mailbox
    uids: Sequence[int]
    recent: UidSet
    keywords: tuple[str, ...]
    first_unseen: int


class Listing(msgspec.Struct, frozen=True):
    """All messages of a mailbox in compact sequences as long as one another: UIDs ascending, emails, sizes in octets."""

    uids: Sequence[int]
    emails: Sequence[int]
    sizes: Sequence[int]


class MailboxCounts(msgspec.Struct, frozen=True):
    """What a mailbox shows to JMAP (RFC 8621 §2): entries with \\Deleted count nowhere; unread is neither \\Seen nor \\Draft;
    a thread counts if an email of it lies here, as unread if one of these is."""

    emails: int = 0
    unread: int = 0
    threads: int = 0
    unread_threads: int = 0


class MailboxUpdate(msgspec.Struct, frozen=True, omit_defaults=True):
    """Changes of one mailbox; UNSET leaves a property as it is."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    parent: MailboxId | msgspec.UnsetType | None = msgspec.UNSET
    role: str | msgspec.UnsetType | None = msgspec.UNSET
    subscribed: bool | msgspec.UnsetType = msgspec.UNSET
    sort_order: int | msgspec.UnsetType = msgspec.UNSET


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One email in one mailbox. `saved` is when it came into this mailbox (RFC 8514), seconds since the epoch."""

    uid: int
    email: EmailId
    flags: Flags
    modseq: int
    saved: float


class Outline(msgspec.Struct, frozen=True):
    """What is known of an email without its index. `size` in octets, the first `header` of them its header with the empty
    line; `received` in seconds since the epoch (INTERNALDATE, receivedAt)."""

    id: EmailId
    thread: ThreadId
    blob: BlobId
    size: int
    header: int
    received: float


class Email(Outline, frozen=True):
    """An email without its places."""

    index: MessageIndex


class Message(msgspec.Struct, frozen=True):
    """An entry with its email (an Email where the index was asked for), and the first octets, where they were and are at hand."""

    entry: Entry
    email: Outline
    start: bytes | None = None


class Placement(msgspec.Struct, frozen=True):
    """Where an email lies: mailbox, UID there, flags there."""

    mailbox: MailboxId
    uid: int
    flags: Flags


class PlacedEmail(msgspec.Struct, frozen=True):
    """An email with all its places, as JMAP sees it. `modseq` is the highest of email and entries."""

    email: Email
    placements: tuple[Placement, ...]
    modseq: int


class Draft(msgspec.Struct, frozen=True):
    """A message to be stored: its octets exactly as they are to be kept, CRLF line ends as they came, and where to.
    `index` is given by whoever had to make it already."""

    content: bytes
    mailboxes: tuple[MailboxId, ...]
    flags: Flags = NO_FLAGS
    received: float = 0.0
    index: MessageIndex | None = None


class Stored(msgspec.Struct, frozen=True):
    """Where a draft now is, durably: `uids` in the order of the draft's mailboxes. `thread` is None if that is found out later."""

    email: EmailId
    thread: ThreadId | None
    blob: BlobId
    size: int
    uids: tuple[int, ...]
    modseq: int


class Copied(msgspec.Struct, frozen=True):
    """Pairs of (source UID, target UID), ascending by source, for COPYUID (RFC 4315)."""

    uidvalidity: int
    pairs: tuple[tuple[int, int], ...]
    modseq: int


class EntryFlags(msgspec.Struct, frozen=True):
    """UIDs, flags and modseqs of entries, one each, ascending by UID: of ten thousand three lists, and no objects."""

    uids: Sequence[int] = ()
    flags: Sequence[Flags] = ()
    modseqs: Sequence[int] = ()

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> EntryFlags:
        """Those of these entries."""
        return cls(
            [entry.uid for entry in entries], [entry.flags for entry in entries], [entry.modseq for entry in entries]
        )

    @classmethod
    def joined(cls, parts: Sequence[EntryFlags]) -> EntryFlags:
        """Several, one after another."""
        if len(parts) <= 1:
            return parts[0] if parts else cls()
        return cls(
            [uid for part in parts for uid in part.uids],
            [flags for part in parts for flags in part.flags],
            [modseq for part in parts for modseq in part.modseqs],
        )

    def among(self, uids: Collection[int]) -> EntryFlags:
        """Those with one of these UIDs."""
        kept = [each for each in zip(self.uids, self.flags, self.modseqs, strict=True) if each[0] in uids]
        return EntryFlags(*zip(*kept, strict=True)) if kept else EntryFlags()

    def __getitem__(self, part: slice) -> EntryFlags:
        return EntryFlags(self.uids[part], self.flags[part], self.modseqs[part])


class FlagsChanged(msgspec.Struct, frozen=True):
    """`now` is what the flags are after the change, of entries that exist; `failed` were changed since by others
    (UNCHANGEDSINCE). `count` exist and did not fail. The change's own modseqs, which nothing else has, are those from `first`
    (0: it changed nothing) to `modseq`, the mailbox's after it; `before` was the mailbox's before it."""

    now: EntryFlags
    failed: UidSet
    modseq: int
    count: int
    first: int
    before: int


class MailboxDelta(msgspec.Struct, frozen=True):
    """What happened in one mailbox since a modseq: `vanished` UIDs, then entries new or changed, ascending by UID."""

    vanished: UidSet
    entries: tuple[Entry, ...]
    modseq: int


class ObjectChanges(msgspec.Struct, frozen=True):
    """JMAP `changes` of one type since a modseq. `modseq` is the new state; `more` where `max` cut it short."""

    created: tuple[int, ...]
    updated: tuple[int, ...]
    destroyed: tuple[int, ...]
    modseq: int
    more: bool = False
    counts_only: bool = False
    """For mailboxes: nothing but counts changed in `updated` (RFC 8621 §2.2)."""


class States(msgspec.Struct, frozen=True):
    """The modseq of the last change of each type."""

    email: int
    mailbox: int
    thread: int


class EmailUpdate(msgspec.Struct, frozen=True):
    """JMAP Email/set update: None leaves as it is. `flags` apply to every place of the email."""

    email: EmailId
    mailboxes: frozenset[MailboxId] | None = None
    flags: Flags | None = None


class MailboxEvent(msgspec.Struct, frozen=True):
    """Something happened to a mailbox itself: `kind` is created, deleted, renamed or subscription. `path` is its name now
    (when it was deleted: its last), `old` what it was before it was renamed."""

    kind: str
    mailbox: MailboxId
    path: str
    old: str = ""


class Annotated(msgspec.Struct, frozen=True):
    """An annotation was set or removed; `mailbox` None for the server's, `owner` empty for a shared one."""

    mailbox: MailboxId | None
    owner: str
    name: str


class AccountChange(msgspec.Struct, frozen=True):
    """Told to watchers after a change is durable: which mailboxes' entries changed, and the states now. `counted` are those
    of them where messages came or went, `granted` those where others may do more or less now; `events` and `annotated` in
    the order in which they happened."""

    mailboxes: frozenset[MailboxId]
    states: States
    counted: frozenset[MailboxId] = frozenset()
    events: tuple[MailboxEvent, ...] = ()
    annotated: tuple[Annotated, ...] = ()
    granted: frozenset[MailboxId] = frozenset()


class Script(msgspec.Struct, frozen=True):
    """A stored Sieve script (RFC 5804)."""

    name: str
    content: bytes
    active: bool = False
