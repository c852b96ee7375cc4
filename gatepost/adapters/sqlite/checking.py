"""What can be wrong with an account's rows, as a table: one query that finds it and one statement that mends it.

Counts that disagree with the rows, rows that point nowhere, tombstones of the living. Whether the octets are there and whether
the index fits them is asked in `contents`. Only reading; `mending` runs the statements.
"""

# ruff: noqa: S608 - the queries are made of our own names only

from __future__ import annotations

from collections.abc import Callable

import apsw
import msgspec

from gatepost.adapters.sqlite import blocks
from gatepost.adapters.sqlite.keywords import COUNTED
from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.model.upkeep import Fault


class Check(msgspec.Struct, frozen=True):
    """`query` selects the subjects. `mend` is run once if there are any; empty where `mending` does more than a statement.
    `mailboxes`: the subjects are mailboxes' paths, whose clients are told."""

    kind: str
    text: str
    query: str
    mend: str = ""
    mailboxes: bool = False


_SUMS = """
WITH sums AS (
    SELECT n.mailbox, count(*) AS messages, sum(instr(n.flags, '\\Seen') = 0) AS unseen,
        sum(instr(n.flags, '\\Deleted') > 0) AS deleted, sum(m.size) AS size, max(n.uid) AS uid, max(n.modseq) AS modseq
    FROM entry n JOIN email m ON m.id = n.email GROUP BY n.mailbox
), wanted AS (
    SELECT b.id, coalesce(s.messages, 0) AS messages, coalesce(s.unseen, 0) AS unseen, coalesce(s.deleted, 0) AS deleted,
        coalesce(s.size, 0) AS size, max(b.uidnext, coalesce(s.uid, 0) + 1,
            (SELECT coalesce(max(g.uid), 0) + 1 FROM gone_entry g WHERE g.mailbox = b.id)) AS uidnext,
        max(b.modseq, coalesce(s.modseq, 0)) AS modseq
    FROM mailbox b LEFT JOIN sums s ON s.mailbox = b.id
)
"""
_DIFFERENT = (
    "(b.messages, b.unseen, b.deleted, b.size, b.uidnext, b.modseq)"
    " <> (w.messages, w.unseen, w.deleted, w.size, w.uidnext, w.modseq)"
)
_KEYWORDS = f"WITH wanted AS ({COUNTED})"
_BLOCKS = f"""
SELECT b.path FROM mailbox b WHERE EXISTS (
    SELECT 1 FROM block k WHERE k.mailbox = b.id AND (k.messages = 0 OR k.modseq > b.modseq OR (k.messages, k.unseen, k.deleted, 0)
        <> (SELECT {blocks.COUNTS}, coalesce(max(n.modseq) > k.modseq, 0) {blocks.HERE}))
) OR (SELECT coalesce(sum(k.messages), 0) FROM block k WHERE k.mailbox = b.id)
    <> (SELECT count(*) FROM entry n WHERE n.mailbox = b.id)
UNION SELECT k.mailbox FROM block k WHERE k.mailbox NOT IN (SELECT id FROM mailbox)
"""
_USED = "(SELECT coalesce(sum(m.size), 0) FROM entry n JOIN email m ON m.id = n.email)"
_USES = (  # counted in one pass, since no index leads from octets to their messages
    "(SELECT c.id, coalesce(u.refs, 0) AS refs FROM blob c"
    " LEFT JOIN (SELECT blob, count(*) AS refs FROM email GROUP BY blob) u ON u.blob = c.id)"
)
_THREADLESS = "thread NOT IN (SELECT id FROM thread) AND id NOT IN (SELECT email FROM unparsed)"
_NEEDLESS = "email NOT IN (SELECT id FROM email) OR email IN (SELECT email FROM message_index)"

CHECKS: tuple[Check, ...] = (
    Check(
        "entry",
        "an entry of message {} lies in a mailbox that is not there",
        "SELECT DISTINCT email FROM entry WHERE mailbox NOT IN (SELECT id FROM mailbox)",
        "DELETE FROM entry WHERE mailbox NOT IN (SELECT id FROM mailbox)",
    ),
    Check(
        "entry",
        "entry {} is of a message that is not there",
        "SELECT mailbox || ':' || uid FROM entry WHERE email NOT IN (SELECT id FROM email)",
        "DELETE FROM entry WHERE email NOT IN (SELECT id FROM email)",
    ),
    Check(
        "count",
        "the counts of {} are wrong",
        f"{_SUMS} SELECT b.path FROM mailbox b JOIN wanted w ON w.id = b.id WHERE {_DIFFERENT}",
        f"{_SUMS} UPDATE mailbox AS b SET (messages, unseen, deleted, size, uidnext, modseq) ="
        f" (w.messages, w.unseen, w.deleted, w.size, w.uidnext, w.modseq) FROM wanted w WHERE w.id = b.id AND {_DIFFERENT}",
        mailboxes=True,
    ),
    Check(
        "count",
        "the keywords of {} are counted wrong",
        f"{_KEYWORDS} SELECT DISTINCT coalesce(b.path, d.mailbox) FROM (SELECT * FROM (SELECT * FROM wanted EXCEPT"
        " SELECT * FROM keyword) UNION ALL SELECT * FROM (SELECT * FROM keyword EXCEPT SELECT * FROM wanted)) d"
        " LEFT JOIN mailbox b ON b.id = d.mailbox",
        f"DELETE FROM keyword; INSERT INTO keyword (mailbox, name, uses) {COUNTED}",
    ),
    Check(
        "count",
        "the sums of blocks of {} are wrong",
        _BLOCKS,
        blocks.COUNT_ANEW,
    ),
    Check(
        "usage", "the account's size is wrong by {} octets", f"SELECT used - {_USED} FROM account WHERE used <> {_USED}"
    ),
    Check(
        "index",
        "message {} waits to be parsed and is not there, or is parsed",
        f"SELECT email FROM unparsed WHERE {_NEEDLESS}",
        f"DELETE FROM unparsed WHERE {_NEEDLESS}",
    ),
    Check(
        "thread",
        "thread {} of some messages is not there",
        f"SELECT DISTINCT thread FROM email WHERE {_THREADLESS}",
        "INSERT INTO thread (id, modseq, created) SELECT DISTINCT thread, modseq, created FROM email"
        f" WHERE {_THREADLESS} GROUP BY thread",
    ),
    Check(
        "thread",
        "thread {} has no messages",
        "SELECT id FROM thread WHERE id NOT IN (SELECT thread FROM email)",
        "DELETE FROM thread WHERE id NOT IN (SELECT thread FROM email)",
    ),
    Check(
        "thread",
        "threading remembers message {}, which is not there",
        "SELECT DISTINCT email FROM thread_key WHERE email NOT IN (SELECT id FROM email)",
        "DELETE FROM thread_key WHERE email NOT IN (SELECT id FROM email)",
    ),
    Check(
        "thread",
        "threading remembers new message {}, which is not there",
        "SELECT DISTINCT email FROM fresh_key WHERE email NOT IN (SELECT id FROM email)",
        "DELETE FROM fresh_key WHERE email NOT IN (SELECT id FROM email)",
    ),
    Check(
        "index",
        "there is an index of message {}, which is not there",
        "SELECT email FROM message_index WHERE email NOT IN (SELECT id FROM email)",
        "DELETE FROM message_index WHERE email NOT IN (SELECT id FROM email)",
    ),
    Check(
        "uses",
        "the uses of octets {} are counted wrong",
        f"SELECT b.id FROM blob b JOIN {_USES} w ON w.id = b.id WHERE b.refs <> w.refs",
        f"UPDATE blob AS b SET refs = w.refs FROM {_USES} w WHERE w.id = b.id AND b.refs <> w.refs",
    ),
    Check(
        "tombstone",
        "message {} is noted as gone and is there",
        "SELECT g.mailbox || ':' || g.uid FROM gone_entry g JOIN entry n ON n.mailbox = g.mailbox AND n.uid = g.uid",
        "DELETE FROM gone_entry WHERE (mailbox, uid) IN (SELECT mailbox, uid FROM entry)",
    ),
    Check(
        "tombstone",
        "messages are noted as gone from mailbox {}, which is gone itself",
        "SELECT DISTINCT mailbox FROM gone_entry WHERE mailbox NOT IN (SELECT id FROM mailbox)",
        "DELETE FROM gone_entry WHERE mailbox NOT IN (SELECT id FROM mailbox)",
    ),
    *(
        Check(
            "tombstone",
            f"{kind} {{}} is noted as gone and is there",
            f"SELECT id FROM gone WHERE kind = '{kind}' AND id IN (SELECT id FROM {kind})",
            f"DELETE FROM gone WHERE kind = '{kind}' AND id IN (SELECT id FROM {kind})",
        )
        for kind in ("email", "mailbox", "thread")
    ),
    Check(
        "access",
        "somebody may see mailbox {}, which is gone",
        "SELECT DISTINCT mailbox FROM access WHERE mailbox NOT IN (SELECT id FROM mailbox)",
        "DELETE FROM access WHERE mailbox NOT IN (SELECT id FROM mailbox)",
    ),
    Check(
        "annotation",
        "there are annotations of mailbox {}, which is not there",
        "SELECT DISTINCT mailbox FROM annotation WHERE mailbox > 0 AND mailbox NOT IN (SELECT id FROM mailbox)",
        "DELETE FROM annotation WHERE mailbox > 0 AND mailbox NOT IN (SELECT id FROM mailbox)",
    ),
    Check(
        "search",
        "message {} is neither in the index of text nor waiting for it",
        "SELECT id FROM email WHERE id NOT IN (SELECT email FROM unindexed) AND id NOT IN (SELECT email FROM unparsed)"
        " AND (id NOT IN (SELECT id FROM search_header_docsize) OR id NOT IN (SELECT id FROM search_body_docsize)"
        " OR id NOT IN (SELECT email FROM search_text))",
    ),
    Check(
        "search",
        "the index of text knows message {}, which is not there",
        "SELECT id FROM (SELECT id FROM search_header_docsize UNION SELECT id FROM search_body_docsize UNION"
        " SELECT email FROM search_text UNION SELECT email FROM search_head UNION"
        " SELECT email FROM search_brief UNION"
        " SELECT email FROM unindexed) WHERE id NOT IN (SELECT id FROM email)",
    ),
    Check(
        "unplaced", "message {} lies in no mailbox", "SELECT id FROM email WHERE id NOT IN (SELECT email FROM entry)"
    ),
    Check(
        "orphan",
        "octets {} are of no message",
        "SELECT id FROM blob WHERE uploaded IS NULL AND id NOT IN (SELECT blob FROM email)",
    ),
)
"""In the order in which they are mended: what adds messages comes last, once the counts it adds to are right."""
REPORTED = 1000
"""Faults of one kind that are named; a broken disk may make millions."""


def integrity(db: apsw.Connection) -> list[Fault]:
    """What SQLite itself finds wrong with the file. FTS5's own check looks with what its connection last knew of the pieces of
    an index, and takes pieces that were merged since for corruption (SQLite 3.54); a search makes it look anew."""
    for (name,) in fetch_all(db, "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%fts5%'"):
        db.execute(f"SELECT rowid FROM {name} WHERE {name} MATCH '\"abc\"' LIMIT 1").fetchall()
    found = [str(row[0]) for row in fetch_all(db, "PRAGMA integrity_check(100)")]
    return [Fault("integrity", "database", f"the database is damaged: {text}") for text in found if text != "ok"]


def subjects(db: apsw.Connection, check: Check) -> list[str]:
    """What a check finds."""
    return [str(row[0]) for row in fetch_all(db, f"{check.query} LIMIT {REPORTED}")]


def rows(db: apsw.Connection, told: Callable[[Fault], None]) -> None:
    """All checks of the table."""
    for check in CHECKS:
        for subject in subjects(db, check):
            told(Fault(check.kind, subject, check.text.format(subject)))
