"""The schema of the server's own database: directory and guard state."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from gatepost.adapters.sqlite.connections import Migration

_VERSION_1 = """
CREATE TABLE domain (
    name TEXT PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE account (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    quota INTEGER NOT NULL,
    credentials BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE alias (
    alias TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (alias, account)
) WITHOUT ROWID;
CREATE INDEX alias_account ON alias (account);
CREATE TABLE app_password (
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    created REAL NOT NULL,
    used REAL NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID;
CREATE TABLE secret_key (
    name TEXT PRIMARY KEY,
    octets BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE guard (
    part TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (part, key)
) WITHOUT ROWID;
"""


def _first(connection: apsw.Connection) -> None:
    connection.execute(_VERSION_1)


def migrations() -> Sequence[Migration]:
    """All of them, oldest first."""
    return (_first,)
