"""How a message comes in: first what needs no database (digest, index), in a thread of its own, then the rows."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

import msgspec

from gatepost.adapters.sqlite import threadkeys
from gatepost.adapters.sqlite.blobs import BlobFiles, blob_id, insert
from gatepost.adapters.sqlite.indexrows import encode_index
from gatepost.adapters.sqlite.rows import Bindings
from gatepost.adapters.sqlite.searchindex import queue
from gatepost.adapters.sqlite.unit import INSERT_ENTRY, Change, NewEntry
from gatepost.model.errors import MessageTooLarge, NoSuchMailbox
from gatepost.model.mail import BlobId, Draft, EmailId, MailboxId, Stored, ThreadId
from gatepost.model.message import MessageIndex
from gatepost.proto import mime
from gatepost.proto.mime.remembered import remembered

MAX_MESSAGE = 1024 * 1024 * 1024
"""Octets of one message. What the doors take is far less; this bounds the store's own arithmetic."""
SMALL = 32 * 1024
"""Octets of messages that are indexed in the writer's thread: the way to another one would cost as much."""
_BATCH = 512 * 1024
_SORT_LENGTH = 200
_EMAIL = (
    "INSERT INTO email (id, thread, blob, received, modseq, created, size, header_size, sent, sent_wall, attachment,"
    " base_subject, sort_from, sort_to, sort_cc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Prepared(msgspec.Struct, frozen=True):
    """A draft with everything that can be known without its database."""

    draft: Draft
    blob: BlobId
    index: MessageIndex
    sent_wall: float | None
    subject: str
    """Its base subject, to be compared."""
    senders: tuple[str, str, str]
    """Sort keys of From, To and Cc."""


def prepare(draft: Draft) -> Prepared:
    """Digest and index; for an indexer's thread. Raises MessageTooLarge."""
    if len(draft.content) > MAX_MESSAGE:
        raise MessageTooLarge(f"{len(draft.content)} octets")
    blob = blob_id(draft.content)
    if draft.index is None:
        reading = mime.read_message(draft.content)
        index, fields = reading.index, reading.fields
    else:
        index, fields = draft.index, mime.first_fields(draft.content, draft.index.root)
    get = fields.get
    date = get("date")
    senders = (_sort_key(get("from", b"")), _sort_key(get("to", b"")), _sort_key(get("cc", b"")))
    sent_wall = None if date is None else mime.wall_clock(date)
    return Prepared(draft, blob, index, sent_wall, _sort_form(index.base_subject), senders)


def _sort_form(text: str) -> str:
    """Without regard to case; threads depend on it too, so it stays as it is."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def prepare_all(drafts: Sequence[Draft]) -> list[Prepared]:
    """Several, in order. Raises MessageTooLarge."""
    return [prepare(draft) for draft in drafts]


def batches(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    """Drafts in parts that an indexer's thread takes at a time."""
    batch: list[Draft] = []
    octets = 0
    for draft in drafts:
        if batch and octets + len(draft.content) > _BATCH:
            yield batch
            batch, octets = [], 0
        batch.append(draft)
        octets += len(draft.content)
    if batch:
        yield batch


@remembered
def _sort_key(value: bytes) -> str:
    """RFC 8621 §4.4.2: the first address's name, else its email."""
    for address in mime.parse_addresses(value):
        return _sort_form(address.name or address.email)[:_SORT_LENGTH]
    return ""


def append(change: Change, files: BlobFiles, prepared: Prepared) -> Stored:
    """Raises NoSuchMailbox, OverQuota, OSError."""
    return append_all(change, files, [prepared])[0]


def append_all(change: Change, files: BlobFiles, prepared: Sequence[Prepared]) -> list[Stored]:
    """Several, a table at a time. Raises NoSuchMailbox, OverQuota, OSError."""
    for one in prepared:
        if not one.draft.mailboxes:
            raise NoSuchMailbox("a message needs a mailbox")
        for mailbox in one.draft.mailboxes:
            change.tally(mailbox)
    keys = [threadkeys.thread_keys(one.index, one.subject) for one in prepared]
    threads, made = _threads(change, keys)
    stored, entries = _places(change, prepared, threads)
    change.threads_made(made)
    change.check_quota()
    insert(change, files, [(one.blob, one.draft.content) for one in prepared], 1, None)
    db = change.db
    db.executemany(_EMAIL, [_email(change, one, kept) for one, kept in zip(prepared, stored, strict=True)])
    db.executemany(
        "INSERT INTO message_index (email, data) VALUES (?, ?)",
        [(kept.email, encode_index(one.index)) for one, kept in zip(prepared, stored, strict=True)],
    )
    queue(db, [kept.email for kept in stored])
    threadkeys.add(db, [(kept.email, key, kept.thread) for kept, its in zip(stored, keys, strict=True) for key in its])
    db.executemany(INSERT_ENTRY, entries)
    return stored


def _places(
    change: Change, prepared: Sequence[Prepared], threads: Sequence[ThreadId]
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


def columns(prepared: Prepared) -> Bindings:
    """size, header_size, sent, sent_wall, attachment, base_subject, sort_from, sort_to, sort_cc."""
    index = prepared.index
    subject = prepared.subject[:_SORT_LENGTH]
    size, header, sent = len(prepared.draft.content), index.root.body, index.sent_at
    return (size, header, sent, prepared.sent_wall, index.has_attachment, subject, *prepared.senders)


def _email(change: Change, one: Prepared, kept: Stored) -> Bindings:
    received = one.draft.received or change.now
    return (kept.email, kept.thread, kept.blob, received, kept.modseq, kept.modseq, *columns(one))


def _threads(change: Change, keys: Sequence[Sequence[bytes]]) -> tuple[list[ThreadId], range]:
    """For each email the oldest thread with one of its keys, else a new one; and which are new. Threads are never merged: an
    email's thread is immutable."""
    known = threadkeys.oldest(change.db, dict.fromkeys(key for its in keys for key in its))
    first = number = change.next_id("thread")
    found: list[ThreadId] = []
    for its in keys:
        thread = min([known[key] for key in its if key in known], default=None)
        if thread is None:
            thread, number = ThreadId(number), number + 1
        elif thread < first:
            change.thread_joined(thread)
        known.update(dict.fromkeys(its, thread))
        found.append(thread)
    return found, range(first, number)
