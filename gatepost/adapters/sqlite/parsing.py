"""What an email's octets say, and the rows that keep it: its index, what it is sorted by, its thread."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import msgspec

from gatepost.adapters.sqlite import threadkeys
from gatepost.adapters.sqlite.indexrows import encode_index
from gatepost.adapters.sqlite.rows import Bindings
from gatepost.adapters.sqlite.searchindex import queue
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.mail import EmailId, ThreadId
from gatepost.model.message import MessageIndex
from gatepost.proto import mime
from gatepost.proto.mime.remembered import remembered

COLUMNS = "header_size, sent, sent_wall, attachment, base_subject, sort_from, sort_to, sort_cc"
"""Of `email`: what its octets say, in the order of `columns`."""
MARKS = ", ".join("?" for _ in COLUMNS.split(", "))
"""As many parameters."""
UNKNOWN: Bindings = (0, None, None, False, "", "", "", "")
"""These columns of an email that is not parsed yet."""
_SORT_LENGTH = 200


class Parsed(msgspec.Struct, frozen=True):
    """What octets say, without any database. `subject` is the base subject in the form that is compared, `senders` the sort keys of
    From, To and Cc, `sent_wall` the clock that Date names, in its own zone."""

    index: MessageIndex
    sent_wall: float | None
    subject: str
    senders: tuple[str, str, str]


class Threaded(msgspec.Struct, frozen=True):
    """The threads of new emails: each one's, each one's keys, and which of the threads are new."""

    threads: list[ThreadId]
    keys: list[list[bytes]]
    made: range


def parse(content: bytes, index: MessageIndex | None = None) -> Parsed:
    """For an indexer's thread. `index` is the message's, if somebody had to make it already."""
    if index is None:
        reading = mime.read_message(content)
        index, fields = reading.index, reading.fields
    else:
        fields = mime.first_fields(content, index.root)
    get = fields.get
    date = get("date")
    senders = (_sort_key(get("from", b"")), _sort_key(get("to", b"")), _sort_key(get("cc", b"")))
    sent_wall = None if date is None else mime.wall_clock(date)
    return Parsed(index, sent_wall, _sort_form(index.base_subject), senders)


def _sort_form(text: str) -> str:
    """Without regard to case; threads depend on it too, so it stays as it is."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


@remembered
def _sort_key(value: bytes) -> str:
    """RFC 8621 §4.4.2: the first address's name, else its email."""
    for address in mime.parse_addresses(value):
        return _sort_form(address.name or address.email)[:_SORT_LENGTH]
    return ""


def columns(parsed: Parsed) -> Bindings:
    """The values of COLUMNS."""
    index = parsed.index
    subject = parsed.subject[:_SORT_LENGTH]
    return (index.root.body, index.sent_at, parsed.sent_wall, index.has_attachment, subject, *parsed.senders)


def find_threads(change: Change, emails: Sequence[Parsed]) -> Threaded:
    """For each email the oldest thread with one of its keys, else a new one. Threads are never merged: an email's thread is
    immutable (RFC 8621 §4.1.1)."""
    keys = [threadkeys.thread_keys(one.index, one.subject) for one in emails]
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
    return Threaded(found, keys, range(first, number))


def keep(change: Change, emails: Sequence[EmailId], parsed: Sequence[Parsed], threaded: Threaded) -> None:
    """The rows beside `email` itself; their text waits for its index."""
    db = change.db
    db.executemany(
        "INSERT INTO message_index (email, data) VALUES (?, ?)",
        [(email, encode_index(one.index)) for email, one in zip(emails, parsed, strict=True)],
    )
    queue(db, emails)
    found = zip(emails, threaded.keys, threaded.threads, strict=True)
    threadkeys.add(db, [(email, key, thread) for email, its, thread in found for key in its])
