"""What changed since a state: one query for JMAP `changes` of every type (RFC 8620 §5.2), over modseqs and tombstones."""

# ruff: noqa: S608 - the queries are made of our own names only

from __future__ import annotations

import apsw

from gatepost.adapters.sqlite import unparsed
from gatepost.adapters.sqlite.blocks import CHANGED, ENTRIES
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first, fetch_one
from gatepost.model.errors import CannotCalculateChanges
from gatepost.model.mail import ObjectChanges, States

# of objects: (id, created, last change); those born since are told at their birth, so that an answer may be cut anywhere
_QUERY = """
SELECT iif(created > ?1, created, modseq) AS at, id, iif(created > ?1, 0, 1) FROM {table} WHERE modseq > ?1
UNION ALL SELECT modseq AS at, id, 2 FROM gone WHERE kind = '{kind}' AND modseq > ?1 AND created <= ?1
ORDER BY at LIMIT ?2
"""
# flags change entries only: an email changed when it or one of its entries did
_EMAILS = (
    "(SELECT m.id, m.created, max(m.modseq, coalesce((SELECT max(x.modseq) FROM entry x WHERE x.email = m.id), 0)) AS modseq"
    " FROM email m WHERE m.id IN (SELECT id FROM email INDEXED BY email_modseq WHERE modseq > ?1 UNION SELECT n.email FROM mailbox b"
    f" CROSS JOIN {ENTRIES} WHERE b.modseq > ?1 AND k.mailbox = b.id AND {CHANGED}))"
)
_MAILBOXES = "(SELECT id, created, changed AS modseq FROM mailbox)"
_QUERIES = {
    "email": _QUERY.format(table=_EMAILS, kind="email"),
    "mailbox": _QUERY.format(table=_MAILBOXES, kind="mailbox"),
    "thread": _QUERY.format(table="thread", kind="thread"),
}


def states(db: apsw.Connection) -> States:
    """The states now."""
    return States(*fetch_one(db, "SELECT email_state, mailbox_state, thread_state FROM account"))


def changes(db: apsw.Connection, kind: str, since: int, limit: int | None) -> ObjectChanges:
    """`kind` is email, mailbox or thread. Raises CannotCalculateChanges for a state in the future."""
    if kind == "thread":
        unparsed.require(db)
    (newest,) = fetch_one(db, "SELECT modseq FROM account")
    if since > newest or since < 0:
        raise CannotCalculateChanges(f"state {since} is in the future")
    rows = fetch_all(db, _QUERIES[kind], (since, -1 if limit is None else limit + 1))
    more = limit is not None and len(rows) > limit
    if more:
        del rows[limit:]
    told: tuple[list[int], list[int], list[int]] = ([], [], [])
    for _, number, what in rows:
        told[what].append(number)
    now = rows[-1][0] if more and rows else max(since, fetch_one(db, _STATE_OF[kind])[0])
    counts_only = kind == "mailbox" and bool(told[1]) and not _properties_changed(db, since)
    return ObjectChanges(tuple(told[0]), tuple(told[1]), tuple(told[2]), now, more, counts_only)


_STATE_OF = {kind: f"SELECT {kind}_state FROM account" for kind in _QUERIES}


def _properties_changed(db: apsw.Connection, since: int) -> bool:
    """Whether a mailbox that is older than `since` got another name, place, role or the like."""
    row = fetch_first(db, "SELECT 1 FROM mailbox WHERE properties > ?1 AND created <= ?1", (since,))
    return row is not None
