"""The adapters under test. Another adapter of a port is one more line in its table here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gatepost.adapters.passwords import HashedPasswords
from gatepost.adapters.sqlite import SqliteDirectory, SqliteGuardStore, SqliteMailstore
from gatepost.ports.directory import Directory
from gatepost.ports.guardstore import GuardStore
from gatepost.ports.mailstore import Mailstore
from gatepost.ports.passwords import Passwords


class SetClock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time


MAILSTORES: dict[str, Callable[[Path, SetClock], Mailstore]] = {"sqlite": SqliteMailstore}
DIRECTORIES: dict[str, Callable[[Path], Directory]] = {
    "sqlite": lambda folder: SqliteDirectory(folder / "gatepost.db", "example.org")
}
GUARD_STORES: dict[str, Callable[[Path], GuardStore]] = {
    "sqlite": lambda folder: SqliteGuardStore(folder / "gatepost.db")
}
PASSWORDS: dict[str, Callable[[], Passwords]] = {"argon2": lambda: HashedPasswords(2)}
