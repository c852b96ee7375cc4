"""Opening SQLite databases the way this server needs them: durable, private, versioned.

Every commit is on disk before it returns (WAL, synchronous=FULL). Folders are 0700 and files 0600: mail and credentials
are nobody else's. A database knows its schema's version (`user_version`); what is older is migrated in one transaction.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import apsw

from gatepost.adapters.ondisk import sync
from gatepost.model.errors import StorageDamaged, StorageUnavailable

Migration: TypeAlias = Callable[[apsw.Connection], None]
"""Brings the schema from the version before to the next; runs within the migrating transaction."""

BUSY_MILLISECONDS = 10_000
CACHE_KIBIBYTES = 1024
WRITER_CACHE_KIBIBYTES = 2048
SPILL_PAGES = 2048
"""Pages that a transaction may change before any goes to the journal. One that goes early is often changed, and written, again."""
JOURNAL_OCTETS = 16 * 1024 * 1024

STORAGE_FAILURES: tuple[type[Exception], ...] = (
    apsw.FullError,
    apsw.ReadOnlyError,
    apsw.IOError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.NoMemError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    OSError,
)
"""What a disk that is full, read-only, failing or gone looks like."""

_making = threading.Lock()


class NewerSchema(Exception):
    """The database was written by a newer version of this program."""


def make_folder(folder: Path) -> None:
    """Makes `folder` and its missing parents, mode 0700, their names on disk when this returns."""
    with _making:  # whoever finds a folder finds it on disk: not while another thread is still about to sync it
        _make_folder(folder)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    sync(folder.parent)


def prepare(path: Path, migrations: Sequence[Migration]) -> None:
    """Makes the database if there is none, and brings it to version `len(migrations)`. Raises NewerSchema."""
    make_folder(path.parent)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        sync(path.parent)
    connection = connect(path)
    try:
        connection.pragma("journal_mode", "wal")
        connection.execute("BEGIN IMMEDIATE")
        version = int(connection.pragma("user_version"))
        if version > len(migrations):
            raise NewerSchema(f"{path} has schema version {version}, this program knows {len(migrations)}")
        for migrate in migrations[version:]:
            migrate(connection)
        connection.pragma("user_version", len(migrations))
        connection.execute("COMMIT")
    finally:
        connection.close()


def connect(path: Path, query_only: bool = False) -> apsw.Connection:
    """A connection to a database that exists. Raises one of STORAGE_FAILURES."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    # a query's plan depends on its text alone; else SQLite makes it anew each time a value is given (no statistics are kept anyway)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.pragma("synchronous", "full")
    connection.pragma("journal_size_limit", JOURNAL_OCTETS)
    connection.pragma("temp_store", "memory")
    if query_only:
        connection.pragma("cache_size", -CACHE_KIBIBYTES)
        connection.pragma("query_only", True)
    else:
        connection.pragma("cache_size", -WRITER_CACHE_KIBIBYTES)
        connection.pragma("cache_spill", SPILL_PAGES)
    return connection


def unavailable(error: Exception) -> StorageUnavailable:
    """The domain's word for one of STORAGE_FAILURES; the cause goes to the log, never to a peer."""
    damaged = isinstance(error, apsw.CorruptError | apsw.NotADBError)
    kind = StorageDamaged if damaged else StorageUnavailable
    failure = kind("the storage is damaged" if damaged else "the storage does not work at the moment")
    failure.__cause__ = error
    return failure
