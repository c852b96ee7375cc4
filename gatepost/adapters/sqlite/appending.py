"""How a message comes in: first what needs no database (digest, index), in a thread of its own, then the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from gatepost.adapters.sqlite import parsing, unparsed
from gatepost.adapters.sqlite.blobs import BlobFiles, blob_id, insert
from gatepost.adapters.sqlite.parsing import Parsed
from gatepost.adapters.sqlite.rows import Bindings
from gatepost.adapters.sqlite.unit import INSERT_ENTRY, Change, NewEntry
from gatepost.model.errors import MessageTooLarge, NoSuchMailbox
from gatepost.model.mail import BlobId, Draft, EmailId, MailboxId, Stored, ThreadId

MAX_MESSAGE = 1024 * 1024 * 1024
"""Octets of one message. What the doors take is far less; this bounds the store's own arithmetic."""
SMALL = 32 * 1024
"""Octets of messages that are indexed in the writer's thread: the way to another one would cost as much."""
BATCH = 512 * 1024
"""Octets of messages that an indexer's thread takes at a time; of more than that nothing is left for later."""
_EMAIL = (
    f"INSERT INTO email (id, thread, blob, received, modseq, created, size, {parsing.COLUMNS})"  # noqa: S608 - constants
    f" VALUES (?, ?, ?, ?, ?, ?, ?, {parsing.MARKS})"
)


class Prepared(msgspec.Struct, frozen=True):
    """A draft with everything that can be known without its database; `parsed` None where that is left for later."""

    draft: Draft
    blob: BlobId
    parsed: Parsed | None


def prepare(draft: Draft, later: bool = False) -> Prepared:
    """Digest and index; for an indexer's thread. Raises MessageTooLarge."""
    if len(draft.content) > MAX_MESSAGE:
        raise MessageTooLarge(f"{len(draft.content)} octets")
    blob = blob_id(draft.content)
    return Prepared(draft, blob, None if later else parsing.parse(draft.content, draft.index))


def prepare_all(drafts: Sequence[Draft], later: bool = False) -> list[Prepared]:
    """Several, in order. Raises MessageTooLarge."""
    return [prepare(draft, later) for draft in drafts]


def batches(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    """Drafts in parts that an indexer's thread takes at a time."""
    batch: list[Draft] = []
    octets = 0
    for draft in drafts:
        if batch and octets + len(draft.content) > BATCH:
            yield batch
            batch, octets = [], 0
        batch.append(draft)
        octets += len(draft.content)
    if batch:
        yield batch


def append(change: Change, files: BlobFiles, prepared: Prepared) -> Stored:
    """Raises NoSuchMailbox, OverQuota, OSError."""
    return append_all(change, files, [prepared])[0]


def append_all(change: Change, files: BlobFiles, prepared: Sequence[Prepared]) -> list[Stored]:
    """Several, a table at a time; all of them are parsed, or else all wait for that. Raises NoSuchMailbox, OverQuota, OSError."""
    for one in prepared:
        if not one.draft.mailboxes:
            raise NoSuchMailbox("a message needs a mailbox")
        for mailbox in one.draft.mailboxes:
            change.tally(mailbox)
    if not prepared:
        return []
    parsed = [one.parsed for one in prepared if one.parsed is not None]
    if parsed:
        threaded = parsing.find_threads(change, parsed)
        stored, entries = _places(change, prepared, threaded.threads)
        change.threads_made(threaded.made)
        columns = [parsing.columns(one) for one in parsed]
    else:
        stored, entries = _places(change, prepared, [None] * len(prepared))
        change.threads_to_come()
        columns = [parsing.UNKNOWN] * len(prepared)
    change.check_quota()
    insert(change, files, [(one.blob, one.draft.content) for one in prepared], 1, None)
    rows = zip(prepared, stored, columns, strict=True)
    change.db.executemany(_EMAIL, [_email(change, one, kept, its) for one, kept, its in rows])
    emails = [kept.email for kept in stored]
    if parsed:
        parsing.keep(change, emails, parsed, threaded)
    else:
        unparsed.queue(change.db, emails)
    change.db.executemany(INSERT_ENTRY, entries)
    return stored


def _places(
    change: Change, prepared: Sequence[Prepared], threads: Sequence[ThreadId | None]
) -> tuple[list[Stored], list[NewEntry]]:
    """What becomes of each message, and the rows of its entries."""
    stored: list[Stored] = []
    entries: list[NewEntry] = []
    first = change.next_id("email")
    for number, (one, thread) in enumerate(zip(prepared, threads, strict=True), first):
        size, modseq = len(one.draft.content), change.next_modseq()
        placed: dict[MailboxId, int] = {}
        for mailbox in one.draft.mailboxes:
            if mailbox not in placed:
                entry = change.new_entry(mailbox, EmailId(number), size, one.draft.flags, modseq)
                placed[mailbox] = entry[1]
                entries.append(entry)
        change.email_made(modseq)
        uids = tuple([placed[mailbox] for mailbox in one.draft.mailboxes])
        stored.append(Stored(EmailId(number), thread, one.blob, size, uids, modseq))
    return stored, entries


def _email(change: Change, one: Prepared, kept: Stored, columns: Bindings) -> Bindings:
    received = one.draft.received or change.now
    thread = unparsed.NO_THREAD if kept.thread is None else kept.thread
    return (kept.email, thread, kept.blob, received, kept.modseq, kept.modseq, kept.size, *columns)
