"""The embedded stores: mail, directory and guard state in SQLite databases under one folder."""

from gatepost.adapters.sqlite.directory import SqliteDirectory
from gatepost.adapters.sqlite.guardstore import SqliteGuardStore
from gatepost.adapters.sqlite.mailstore import SqliteMailstore

__all__ = ["SqliteDirectory", "SqliteGuardStore", "SqliteMailstore"]
