"""Sieve scripts as octets (RFC 5804). Whether they compile is the door's business."""

from __future__ import annotations

import apsw

from gatepost.adapters.sqlite.rows import fetch_first
from gatepost.model.errors import NoSuchScript, ScriptActive, ScriptExists, TooManyScripts
from gatepost.model.mail import Script

MAX_SCRIPTS = 64
MAX_OCTETS = 1024 * 1024
"""Of all scripts of an account together."""


def scripts(db: apsw.Connection) -> tuple[Script, ...]:
    """All, by name."""
    rows = db.execute("SELECT name, content, active FROM script ORDER BY name")
    return tuple(Script(name, bytes(content), bool(active)) for name, content, active in rows)


def put(db: apsw.Connection, name: str, content: bytes) -> None:
    """New or replaced; stays active if it was. Raises TooManyScripts."""
    db.execute(
        "INSERT INTO script (name, content, active) VALUES (?, ?, 0) ON CONFLICT (name) DO UPDATE SET content = excluded.content",
        (name, content),
    )
    count, octets = fetch_first(db, "SELECT count(*), total(length(content)) FROM script") or (0, 0)
    if count > MAX_SCRIPTS or octets > MAX_OCTETS:
        raise TooManyScripts(f"at most {MAX_SCRIPTS} scripts and {MAX_OCTETS} octets")


def activate(db: apsw.Connection, name: str) -> None:
    """The empty name makes none active. Raises NoSuchScript."""
    if name:
        _require(db, name)
    db.execute("UPDATE script SET active = (name = ?)", (name,))


def delete(db: apsw.Connection, name: str) -> None:
    """Raises NoSuchScript, ScriptActive (RFC 5804 §2.10)."""
    if _require(db, name):
        raise ScriptActive(name)
    db.execute("DELETE FROM script WHERE name = ?", (name,))


def rename(db: apsw.Connection, name: str, new: str) -> None:
    """Raises NoSuchScript, ScriptExists."""
    _require(db, name)
    if fetch_first(db, "SELECT 1 FROM script WHERE name = ?", (new,)):
        raise ScriptExists(new)
    db.execute("UPDATE script SET name = ? WHERE name = ?", (new, name))


def _require(db: apsw.Connection, name: str) -> bool:
    """Whether the script is active. Raises NoSuchScript."""
    row = fetch_first(db, "SELECT active FROM script WHERE name = ?", (name,))
    if row is None:
        raise NoSuchScript(name)
    return bool(row[0])
