"""Copies of an account's database and files, and of the server's database: what backups are made of.

A copy is of one moment: the database by SQLite's own backup (one reader's view, writers go on), then the files that it names,
which nobody removes meanwhile (`Shelf.held`). Everything is on disk before a copy has its name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import apsw

from gatepost.adapters.ondisk import sync
from gatepost.adapters.sqlite.blobs import BlobFiles
from gatepost.adapters.sqlite.connections import connect, make_folder
from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.model.mail import BlobId
from gatepost.model.upkeep import BadBackup

DATABASE = "mail.db"
BLOBS = "blobs"


def copy_database(reading: apsw.Connection, target: Path) -> None:
    """As it is at one moment, in one file that can be read without writing. Raises OSError, apsw.Error."""
    make_folder(target.parent)
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with contextlib.closing(apsw.Connection(str(target))) as writing:
        with writing.backup("main", reading, "main") as backup:
            backup.step(-1)
        writing.pragma("journal_mode", "delete")
    sync(target)


def copy_files(source: Path, target: Path) -> list[str]:
    """The files that the database in `target` names; those that are not there, in words. Raises BadBackup, OSError."""
    here, there = BlobFiles(source / BLOBS), BlobFiles(target / BLOBS)
    missing: list[str] = []
    for blob in named(target / DATABASE):
        path = there.path(blob)
        make_folder(path.parent)
        try:
            with here.path(blob).open("rb") as reading, open(path, "xb", opener=_private) as writing:
                shutil.copyfileobj(reading, writing, 1 << 20)
                os.fsync(writing.fileno())
        except FileNotFoundError:
            missing.append(f"the octets {blob} are lost")
    for folder in (target / BLOBS).glob("??"):
        sync(folder)
    sync(target)
    return missing


def named(database: Path) -> list[BlobId]:
    """The octets that a database has in files. Raises BadBackup where it is no database of mail."""
    try:
        db = connect(database, query_only=True)
        try:
            return [BlobId(row[0]) for row in fetch_all(db, "SELECT id FROM blob WHERE content IS NULL ORDER BY id")]
        finally:
            db.close()
    except (apsw.Error, OSError) as error:
        raise BadBackup(f"{database} cannot be read: {error}") from error


def take_account(source: Path, target: Path) -> list[str]:
    """A backup's account into a folder of the store's; what files it lacks, in words. Raises BadBackup where its database is
    not sound."""
    if not (source / DATABASE).is_file():
        raise BadBackup(f"{source} holds no mail")
    make_folder(target)
    with (source / DATABASE).open("rb") as reading, open(target / DATABASE, "xb", opener=_private) as writing:
        shutil.copyfileobj(reading, writing, 1 << 20)
        os.fsync(writing.fileno())
    try:
        with contextlib.closing(connect(target / DATABASE)) as db:
            sound = fetch_all(db, "PRAGMA integrity_check(1)") == [("ok",)]
    except apsw.Error as error:
        raise BadBackup(f"{source / DATABASE} is damaged: {error}") from error
    if not sound:
        raise BadBackup(f"{source / DATABASE} is damaged")
    missing = copy_files(source, target)
    if missing and not (source / DATABASE).is_file():
        raise BadBackup(f"{source} went away while it was read")
    return missing


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
