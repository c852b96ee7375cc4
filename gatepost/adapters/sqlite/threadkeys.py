"""By what a new email finds its thread: two with a key in common are one thread (RFC 8621 §3).

A key is a digest, so it lies anywhere in `thread_key`, and each that is put there changes a page of its own, which goes to the
journal first and to its place later. So new ones wait in `fresh_key`, in the order of their emails, with a small index; in the
background thousands of them are sorted in at once (`indexing`). Law: a key is in one of the two; who looks for it looks in both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import apsw

from gatepost.adapters.sqlite.rows import fetch_one
from gatepost.model.mail import EmailId, ThreadId
from gatepost.model.message import MessageIndex

SCHEMA = """
CREATE TABLE fresh_key (
    email INTEGER NOT NULL,
    key BLOB NOT NULL,
    thread INTEGER NOT NULL,
    PRIMARY KEY (email, key)
) WITHOUT ROWID;
CREATE INDEX fresh_key_key ON fresh_key (key, thread);
"""
MANY = 2048
"""Emails whose keys are sorted in together."""
_MAX_REFERENCES = 100
_OLDEST = (
    "SELECT ?1, min(thread) FROM (SELECT min(thread) AS thread FROM thread_key WHERE key = ?1"
    " UNION ALL SELECT min(thread) FROM fresh_key WHERE key = ?1)"
)
_ENDS = "SELECT (SELECT min(email) FROM fresh_key), (SELECT max(email) FROM fresh_key)"


def thread_keys(index: MessageIndex, subject: str) -> list[bytes]:
    """An id that it has or names, each with the same base subject, of which `subject` is the form that is compared."""
    ids = [index.message_id, *index.in_reply_to, *index.references[-_MAX_REFERENCES:]]
    end = b"\0" + subject.encode(errors="replace")
    unique = dict.fromkeys(text.encode(errors="replace") for text in ids[: 2 * _MAX_REFERENCES] if text)
    return [hashlib.blake2b(text + end, digest_size=16).digest() for text in unique]


def oldest(db: apsw.Connection, keys: Iterable[bytes]) -> dict[bytes, ThreadId]:
    """The oldest thread of each key that there is."""
    found = db.executemany(_OLDEST, [(key,) for key in keys])
    return {key: ThreadId(thread) for key, thread in found if thread is not None}


def add(db: apsw.Connection, keys: Iterable[tuple[EmailId, bytes, ThreadId]]) -> None:
    """Keys of new emails."""
    db.executemany("INSERT INTO fresh_key (email, key, thread) VALUES (?, ?, ?)", keys)


def forget(db: apsw.Connection, email: EmailId) -> None:
    """The email is gone."""
    db.execute("DELETE FROM thread_key WHERE email = ?", (email,))
    db.execute("DELETE FROM fresh_key WHERE email = ?", (email,))


def many(db: apsw.Connection) -> bool:
    """Whether enough wait to be sorted in."""
    first, last = fetch_one(db, _ENDS)
    return first is not None and last - first >= MANY


def settle(db: apsw.Connection) -> bool:
    """Sorts in the keys of the oldest emails that wait, some thousands; whether enough still wait."""
    (first, _) = fetch_one(db, _ENDS)
    if first is None:
        return False
    db.execute(
        "INSERT INTO thread_key (key, email, thread) SELECT key, email, thread FROM fresh_key WHERE email < ?"
        " ORDER BY key, thread, email",
        (first + MANY,),
    )
    db.execute("DELETE FROM fresh_key WHERE email < ?", (first + MANY,))
    return many(db)
