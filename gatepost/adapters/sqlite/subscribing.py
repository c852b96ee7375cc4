"""Names that stay subscribed after their mailbox is gone.

RFC 9051 §6.3.7: the server takes no name off the list by itself, even if its mailbox exists no longer. A mailbox that comes
back under such a name is subscribed to again.
"""

from __future__ import annotations

import apsw

from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.adapters.sqlite.unit import Change

SCHEMA = "CREATE TABLE left_subscription (path TEXT PRIMARY KEY) WITHOUT ROWID"
MAX_LEFT = 1000
"""Such names in one account; past that, a name goes with its mailbox."""


def left(db: apsw.Connection) -> tuple[str, ...]:
    """Paths, sorted."""
    return tuple(row[0] for row in db.execute("SELECT path FROM left_subscription ORDER BY path"))


def leave(change: Change, path: str) -> None:
    """A mailbox that was subscribed to went."""
    if fetch_all(change.db, "SELECT count(*) FROM left_subscription")[0][0] < MAX_LEFT:
        change.db.execute("INSERT OR IGNORE INTO left_subscription (path) VALUES (?)", (path,))


def take_up(change: Change, path: str) -> bool:
    """A mailbox comes to be at `path`: whether the name was still subscribed to. It is the mailbox's own matter from now."""
    gone = fetch_first(change.db, "DELETE FROM left_subscription WHERE path = ? RETURNING path", (path,))
    return gone is not None
