"""How many entries of a mailbox have each keyword, so that opening a mailbox looks at none of them (RFC 9051 §7.3.5).

The sums are part of every change (`unit.Tally`), and `checking` holds them against the entries.
"""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.model.flags import Flags
from gatepost.model.mail import MailboxId

_SPLIT = """json_each('["' || replace(replace(n.flags, '\\', '\\\\'), ' ', '","') || '"]') k"""
COUNTED = f"""
SELECT n.mailbox, k.value AS name, count(*) AS uses FROM entry n, {_SPLIT}
WHERE n.flags <> '' AND k.value NOT LIKE '\\%' GROUP BY n.mailbox, k.value
"""  # noqa: S608 - of our own names
"""What the table holds, counted anew."""
SCHEMA = f"""
CREATE TABLE keyword (
    mailbox INTEGER NOT NULL,
    name TEXT NOT NULL,
    uses INTEGER NOT NULL,
    PRIMARY KEY (mailbox, name)
) WITHOUT ROWID;
INSERT INTO keyword (mailbox, name, uses) {COUNTED};
"""


def keywords_in(flags: Flags) -> list[str]:
    """Those of `flags` that are not the system's; they stand last (`model.flags`)."""
    if not flags or flags.rpartition(" ")[2].startswith("\\"):
        return []
    return [name for name in flags.split(" ") if not name.startswith("\\")]


def add(db: apsw.Connection, mailbox: MailboxId, uses: Mapping[str, int]) -> None:
    """Adds to the sums of one mailbox, or takes away."""
    changed = [(mailbox, name, count) for name, count in uses.items() if count]
    db.executemany(
        "INSERT INTO keyword (mailbox, name, uses) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET uses = uses + excluded.uses",
        changed,
    )
    if any(count < 0 for _, _, count in changed):
        db.execute("DELETE FROM keyword WHERE mailbox = ? AND uses <= 0", (mailbox,))


def in_use(db: apsw.Connection, mailbox: MailboxId) -> tuple[str, ...]:
    """The keywords that entries of the mailbox have, sorted."""
    return tuple(
        row[0] for row in fetch_all(db, "SELECT name FROM keyword WHERE mailbox = ? ORDER BY name", (mailbox,))
    )
