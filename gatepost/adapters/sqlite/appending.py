"""How a message comes in: first what needs no database (digest, index), in a thread of its own, then the rows."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence

import apsw
import msgspec

from gatepost.adapters.sqlite.blobs import BlobFiles, blob_id, insert
from gatepost.adapters.sqlite.indexrows import encode_index
from gatepost.adapters.sqlite.rows import fetch_first
from gatepost.adapters.sqlite.searchindex import queue
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.errors import MessageTooLarge, NoSuchMailbox
from gatepost.model.mail import BlobId, Draft, EmailId, Stored, ThreadId
from gatepost.model.message import MessageIndex
from gatepost.proto import mime

MAX_MESSAGE = 1024 * 1024 * 1024
"""Octets of one message. What the doors take is far less; this bounds the store's own arithmetic."""
SMALL = 32 * 1024
"""Octets of messages that are indexed in the writer's thread: the way to another one would cost as much."""
_BATCH = 256 * 1024
_MAX_REFERENCES = 100
_SORT_LENGTH = 200


class Prepared(msgspec.Struct, frozen=True):
    """A draft with everything that can be known without its database."""

    draft: Draft
    blob: BlobId
    index: MessageIndex
    sent_wall: float | None
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
    date = fields.get("date")
    senders = (_sort_key(fields.get("from")), _sort_key(fields.get("to")), _sort_key(fields.get("cc")))
    return Prepared(draft, blob, index, None if date is None else mime.wall_clock(date), senders)


def _sort_form(text: str) -> str:
    """Without regard to case; threads depend on it too, so it stays as it is."""
    return unicodedata.normalize("NFC", text).casefold()


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


def _sort_key(value: bytes | None) -> str:
    """RFC 8621 §4.4.2: the first address's name, else its email."""
    for address in mime.parse_addresses(value) if value else ():
        return _sort_form(address.name or address.email)[:_SORT_LENGTH]
    return ""


def append(change: Change, files: BlobFiles, prepared: Prepared) -> Stored:
    """Raises NoSuchMailbox, OverQuota, OSError."""
    draft, index = prepared.draft, prepared.index
    if not draft.mailboxes:
        raise NoSuchMailbox("a message needs a mailbox")
    for mailbox in draft.mailboxes:
        change.tally(mailbox)
    insert(change, files, prepared.blob, draft.content, 1, None)
    keys = thread_keys(index)
    thread = _thread(change.db, keys)
    modseq = change.next_modseq()
    email_id = _insert_email(change, prepared, thread, modseq)
    change.db.executemany(
        "INSERT INTO thread_key (key, email, thread) VALUES (?, ?, ?)", [(key, email_id, thread) for key in keys]
    )
    placed: dict[int, int] = {}
    for mailbox in draft.mailboxes:
        if mailbox not in placed:
            placed[mailbox] = change.place(mailbox, email_id, len(draft.content), draft.flags, modseq)
    change.check_quota()
    change.email_made(modseq)
    change.thread_changed(thread)
    uids = tuple(placed[mailbox] for mailbox in draft.mailboxes)
    return Stored(email_id, thread, prepared.blob, len(draft.content), uids, modseq)


def columns(prepared: Prepared) -> tuple[int | float | str | bool | None, ...]:
    """size, header_size, sent, sent_wall, attachment, base_subject, sort_from, sort_to, sort_cc."""
    index = prepared.index
    subject = _sort_form(index.base_subject)[:_SORT_LENGTH]
    size, header, sent = len(prepared.draft.content), index.root.body, index.sent_at
    return (size, header, sent, prepared.sent_wall, index.has_attachment, subject, *prepared.senders)


def _insert_email(change: Change, prepared: Prepared, thread: ThreadId, modseq: int) -> EmailId:
    draft, index = prepared.draft, prepared.index
    change.db.execute(
        "INSERT INTO email (thread, blob, received, modseq, created, size, header_size, sent, sent_wall, attachment,"
        " base_subject, sort_from, sort_to, sort_cc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (thread, prepared.blob, draft.received or change.now, modseq, modseq, *columns(prepared)),
    )
    number = EmailId(change.db.last_insert_rowid())
    change.db.execute("INSERT INTO message_index (email, data) VALUES (?, ?)", (number, encode_index(index)))
    queue(change.db, number)
    return number


def thread_keys(index: MessageIndex) -> list[bytes]:
    """Two emails with a key in common are one thread (RFC 8621 §3): an id that both name, and the same base subject."""
    ids = [index.message_id, *index.in_reply_to, *index.references[-_MAX_REFERENCES:]]
    subject = _sort_form(index.base_subject).encode(errors="replace")
    unique = dict.fromkeys(text.encode(errors="replace") for text in ids[: 2 * _MAX_REFERENCES] if text)
    return [hashlib.blake2b(text + b"\0" + subject, digest_size=16).digest() for text in unique]


def _thread(db: apsw.Connection, keys: Sequence[bytes]) -> ThreadId:
    """The oldest thread with one of the keys, else a new one. Threads are never merged: an email's thread is immutable."""
    known = [fetch_first(db, "SELECT min(thread) FROM thread_key WHERE key = ?", (key,)) for key in keys]
    threads = [row[0] for row in known if row is not None and row[0] is not None]
    if threads:
        return ThreadId(min(threads))
    db.execute("INSERT INTO thread (modseq, created) VALUES (0, 0)")
    return ThreadId(db.last_insert_rowid())
