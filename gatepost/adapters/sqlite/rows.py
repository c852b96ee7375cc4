"""Rows as our schema promises them. SQLite gives any value for any column, so the type checker is told here, and only here,
that the schema is believed."""

from __future__ import annotations

from typing import Any, TypeAlias

import apsw

Bindings: TypeAlias = "tuple[int | float | str | bytes | None, ...]"


def fetch_all(db: apsw.Connection, sql: str, bindings: Bindings = ()) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return db.execute(sql, bindings).fetchall()


def fetch_first(db: apsw.Connection, sql: str, bindings: Bindings = ()) -> tuple[Any, ...] | None:
    """The first row, None if there is none."""
    return db.execute(sql, bindings).fetchone()


def fetch_one(db: apsw.Connection, sql: str, bindings: Bindings = ()) -> tuple[Any, ...]:
    """The only row of a query that always has one."""
    found = fetch_first(db, sql, bindings)
    assert found is not None
    return found
