"""Whether each message's octets are there and are its own, and whether its index fits them. For a scan's thread."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from gatepost.adapters.sqlite import parsing
from gatepost.adapters.sqlite.blobs import STRAY_SECONDS, BlobFiles, blob_ids, read
from gatepost.adapters.sqlite.indexrows import encode_index
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.errors import NoSuchBlob
from gatepost.model.mail import BlobId, EmailId
from gatepost.model.upkeep import Fault

_EMAIL = (
    "SELECT m.id, m.blob, EXISTS (SELECT 1 FROM unparsed u WHERE u.email = m.id),"  # noqa: S608 - constants
    f" i.data, size, {parsing.COLUMNS} FROM email m LEFT JOIN message_index i ON i.email = m.id"
)
SOME = 200


class Doubt(msgspec.Struct, frozen=True):
    """A message that is not as it should be: `kind` lost, damaged or index."""

    kind: str
    email: EmailId
    blob: BlobId


def some(db: apsw.Connection, files: BlobFiles, after: int) -> tuple[int, list[Doubt]]:
    """Looks at SOME emails after the id `after`; the last one's id (0 at the end) and what is doubtful."""
    rows = fetch_all(db, f"{_EMAIL} WHERE m.id > ? ORDER BY m.id LIMIT {SOME}", (after,))
    return (rows[-1][0] if rows else 0), [doubt for row in rows if (doubt := _doubt(db, files, row))]


def _doubt(db: apsw.Connection, files: BlobFiles, row: tuple[Any, ...]) -> Doubt | None:
    email, blob, waits = row[:3]
    try:
        content = read(db, files, blob, 0, None)
    except NoSuchBlob:
        return Doubt("lost", email, blob)
    if blob not in blob_ids(content):
        return Doubt("damaged", email, blob)
    if not waits and _expected(content) != row[3:]:
        return Doubt("index", email, blob)
    return None


def _expected(content: bytes) -> tuple[object, ...]:
    parsed = parsing.parse(content)
    return (encode_index(parsed.index), len(content), *parsing.columns(parsed))


def still(db: apsw.Connection, files: BlobFiles, doubts: Sequence[Doubt]) -> list[Doubt]:
    """Those that a second look finds again: a message that went between two looks is no fault."""
    found = [(doubt, fetch_first(db, f"{_EMAIL} WHERE m.id = ?", (doubt.email,))) for doubt in doubts]
    return [doubt for doubt, row in found if row is not None and _doubt(db, files, row) == doubt]


def told(db: apsw.Connection, doubts: Sequence[Doubt]) -> Iterator[Fault]:
    """In an administrator's words."""
    known = {row[0] for row in fetch_all(db, "SELECT blob FROM lost")}
    for doubt in doubts:
        row = fetch_first(
            db,
            "SELECT b.path, n.uid, m.base_subject FROM email m LEFT JOIN entry n ON n.email = m.id"
            " LEFT JOIN mailbox b ON b.id = n.mailbox WHERE m.id = ?",
            (doubt.email,),
        )
        path, uid, subject = row or ("", 0, "")
        where = f"message {doubt.email} ({path or 'no mailbox'}, UID {uid}, {subject[:60]!r})"
        text = {
            "lost": f"the octets of {where} are lost",
            "damaged": f"the octets of {where} are not those that came in",
            "index": f"the index of {where} does not fit its octets",
        }[doubt.kind]
        yield Fault(doubt.kind, doubt.blob, text, known=doubt.kind != "index" and doubt.blob in known)


def strays(db: apsw.Connection, files: BlobFiles) -> list[Path]:
    """Files that no row needs, older than what may just be coming in."""
    before = time.time() - STRAY_SECONDS
    known = {row[0] for row in fetch_all(db, "SELECT id FROM blob WHERE content IS NULL")}
    return [
        path for path in sorted(files.folder.glob("??/*")) if path.name not in known and path.stat().st_mtime < before
    ]


def reindex(change: Change, content: bytes, email: EmailId) -> None:
    """Writes what is known of a message anew, from its octets."""
    db, parsed = change.db, parsing.parse(content)
    names = f"(size, {parsing.COLUMNS}) = (?, {parsing.MARKS})"
    db.execute(f"UPDATE email SET {names} WHERE id = ?", (len(content), *parsing.columns(parsed), email))  # noqa: S608
    db.execute("INSERT OR REPLACE INTO message_index (email, data) VALUES (?, ?)", (email, encode_index(parsed.index)))
    change.touch_email(email, change.next_modseq())
