"""Octets: small ones as rows, large ones as files, each kept once for an account however many emails it has.

Law: never a row without its file. A file is on disk under its final name before the row commits, and goes only after the
row's removal has committed; a crash in between leaves a file too many, which `sweep` removes later. All removals happen in
the database's writer, so that they cannot cross the path of a message that brings the same octets again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import apsw

from gatepost.adapters.ondisk import sync
from gatepost.adapters.sqlite.connections import make_folder
from gatepost.adapters.sqlite.rows import Bindings, fetch_all, fetch_first
from gatepost.adapters.sqlite.unit import Change
from gatepost.adapters.sqlite.writer import Elsewhere
from gatepost.model.errors import NoSuchBlob, OverQuota
from gatepost.model.mail import BlobId
from gatepost.proto import mime

INLINE_OCTETS = 64 * 1024
"""Up to this size content is a row."""
UPLOAD_SECONDS = 24 * 3600.0
"""How long an upload is kept that no email uses (RFC 8620 §6.1 asks for an hour)."""
UPLOAD_BUDGET = 1024 * 1024 * 1024
"""Octets of uploads that no email uses, for one account."""
STRAY_SECONDS = 3600.0
"""A file without a row is left alone for so long: its row may be about to come."""
_DATED = re.compile(rb"\n[Dd]ate: (?:[A-Za-z]{3}, )?([0-9]{1,2} [A-Za-z]{3} [0-9]{4}) ")
_DATED_WITHIN = 16 * 1024


def blob_id(content: bytes) -> BlobId:
    """40 hexadecimal digits: the day that a Date field names, if there is one, and a digest. Mail of one time has ids that lie
    together in their index: digests alone would change a page of it with each message."""
    dated = _DATED.search(content, 0, _DATED_WITHIN)
    day = dated and mime.day_number(dated[1])
    if day is None:
        return _plain_id(content)
    return BlobId(f"{day & 0xFFFF:04x}" + hashlib.blake2b(content, digest_size=18).hexdigest())


def blob_ids(content: bytes) -> tuple[BlobId, BlobId]:
    """The id, and the one that an older version gave."""
    return blob_id(content), _plain_id(content)


def _plain_id(content: bytes) -> BlobId:
    """BLAKE2b-160."""
    return BlobId(hashlib.blake2b(content, digest_size=20).hexdigest())


class BlobFiles:
    """The files of one account's large blobs: `ab/abcdef...` under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, blob: BlobId) -> Path:
        """Where the octets are."""
        return self.folder / blob[:2] / blob

    def keep(self, blob: BlobId, content: bytes) -> None:
        """Puts the octets on disk, name included, unless they are there. Raises OSError."""
        path = self.path(blob)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size == len(content):
                sync(path.parent)  # another thread may have named it just now
                return
        make_folder(path.parent)
        temporary = path.with_name(f"{blob}.{os.urandom(6).hex()}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                view = memoryview(content)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
            temporary.rename(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        sync(path.parent)

    def read(self, blob: BlobId, start: int, end: int) -> bytes:
        """Octets [start:end], no others are read. Raises FileNotFoundError."""
        descriptor = os.open(self.path(blob), os.O_RDONLY)
        try:
            parts = []
            while start < end:
                part = os.pread(descriptor, end - start, start)
                if not part:
                    break
                parts.append(part)
                start += len(part)
            return b"".join(parts)
        finally:
            os.close(descriptor)

    def remove(self, blob: BlobId) -> None:
        """Lets a file go, if it is there."""
        self.path(blob).unlink(missing_ok=True)

    def sweep(self, db: apsw.Connection) -> None:
        """Removes what crashes left behind: files without a row that are older than an hour. For the writer's thread."""
        if not self.folder.is_dir():
            return
        before = time.time() - STRAY_SECONDS  # files carry the machine's time, whatever the server's clock says
        for path in self.folder.glob("??/*"):
            known = fetch_first(db, "SELECT 1 FROM blob WHERE id = ? AND content IS NULL", (path.name,))
            with contextlib.suppress(FileNotFoundError):
                if known is None and path.stat().st_mtime < before:
                    path.unlink()


def insert(
    change: Change, files: BlobFiles, blobs: Iterable[tuple[BlobId, bytes]], refs: int, uploaded: float | None
) -> None:
    """Adds `refs` uses of the octets of each; a large blob's file is on disk before the row. Raises OSError."""
    rows: list[Bindings] = []
    for blob, content in blobs:
        large = len(content) > INLINE_OCTETS
        if large:
            files.keep(blob, content)
            change.freed.discard(blob)
        rows.append((blob, len(content), refs, uploaded, None if large else content))
    change.db.executemany(
        "INSERT INTO blob (id, size, refs, uploaded, content) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " refs = refs + excluded.refs, uploaded = coalesce(excluded.uploaded, uploaded)",
        rows,
    )


def release(change: Change, blob: BlobId) -> None:
    """One use less; without any, and no fresh upload, the octets go."""
    row = fetch_first(
        change.db, "UPDATE blob SET refs = refs - 1 WHERE id = ? RETURNING refs, uploaded, content IS NULL", (blob,)
    )
    if row is None:
        return
    refs, uploaded, large = row
    if refs <= 0 and (uploaded is None or uploaded < change.now - UPLOAD_SECONDS):
        change.db.execute("DELETE FROM blob WHERE id = ?", (blob,))
        if large:
            change.freed.add(blob)


def keep_upload(change: Change, files: BlobFiles, blob: BlobId, content: bytes) -> None:
    """Keeps uploaded octets, and lets uploads go whose time is over. Raises OverQuota, OSError."""
    old = fetch_all(
        change.db,
        "DELETE FROM blob WHERE refs = 0 AND uploaded < ? RETURNING id, content IS NULL",
        (change.now - UPLOAD_SECONDS,),
    )
    change.freed.update(number for number, large in old if large)
    insert(change, files, [(blob, content)], 0, change.now)
    (total,) = fetch_first(change.db, "SELECT total(size) FROM blob WHERE refs = 0 AND uploaded IS NOT NULL") or (0,)
    if total > UPLOAD_BUDGET:
        raise OverQuota("too many uploads at once")


def size_of(db: apsw.Connection, blob: BlobId) -> int:
    """Octets. Raises NoSuchBlob."""
    row = fetch_first(db, "SELECT size FROM blob WHERE id = ?", (blob,))
    if row is None:
        raise NoSuchBlob(blob)
    return int(row[0])


def glance(db: apsw.Connection, blob: BlobId, start: int, end: int | None) -> bytes:
    """As `read`, of what is a row. Raises Elsewhere for a file, NoSuchBlob."""
    length = INLINE_OCTETS if end is None else max(0, end - max(start, 0))
    row = fetch_first(db, "SELECT substr(content, ?, ?) FROM blob WHERE id = ?", (max(start, 0) + 1, length, blob))
    if row is None:
        raise NoSuchBlob(blob)
    if row[0] is None:
        raise Elsewhere
    return bytes(row[0])


def read(db: apsw.Connection, files: BlobFiles, blob: BlobId, start: int, end: int | None) -> bytes:
    """Octets [start:end]; what lies beyond the end is not there. Raises NoSuchBlob."""
    size = size_of(db, blob)
    start = min(max(start, 0), size)
    end = size if end is None else min(max(end, start), size)
    if start == end:
        return b""
    row = fetch_first(db, "SELECT substr(content, ?, ?) FROM blob WHERE id = ?", (start + 1, end - start, blob))
    if row is not None and row[0] is not None:
        return bytes(row[0])
    try:
        return files.read(blob, start, end)
    except FileNotFoundError as error:  # its last email went while this was read
        raise NoSuchBlob(blob) from error


# the whole is not copied
_START = "SELECT id, size, iif(size <= ?2, content, substr(content, 1, ?2)) FROM blob WHERE id = ?1"


def read_starts(
    db: apsw.Connection, files: BlobFiles | None, starts: Sequence[tuple[BlobId, int]]
) -> list[bytes | None]:
    """The first so many octets of each; None where they are not there. Without `files` raises Elsewhere where one is needed."""
    found: list[bytes | None] = []
    rows = db.executemany(_START, starts)
    row = rows.fetchone()
    for blob, end in starts:
        if row is None or row[0] != blob:  # there is none of it
            found.append(None)
            continue
        found.append(row[2] if row[2] is not None else _read_file(files, blob, min(end, row[1])))
        row = rows.fetchone()
    return found


def _read_file(files: BlobFiles | None, blob: BlobId, end: int) -> bytes | None:
    if files is None:
        raise Elsewhere
    try:
        return files.read(blob, 0, end)
    except FileNotFoundError:
        return None
