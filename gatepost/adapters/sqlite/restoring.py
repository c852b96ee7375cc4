"""How a restored account takes the place of the one that is there.

Law: UIDs, ids and modseqs that clients have seen are never given again. Mailboxes keep their UIDVALIDITY; what came after
the backup is noted as gone, and everything else as changed, so that every client finds out what it has to forget.

The folders change places by two renames; a crash between them is put right when the store is next opened.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import apsw

from gatepost.adapters.ondisk import sync
from gatepost.adapters.sqlite.blocks import COUNT_ANEW
from gatepost.adapters.sqlite.connections import connect
from gatepost.adapters.sqlite.rows import fetch_one

_PART, _NEW, _OLD = ".part-", ".new-", ".old-"
_TABLES = {"email": "email", "mailbox": "mailbox", "thread": "thread"}
# each row of the restored account takes a modseq of its own, later than any that a client has seen
_RENUMBERED = (
    ("entry", "modseq", "mailbox, uid"),
    ("email", "modseq", "id"),
    ("thread", "modseq", "id"),
    ("mailbox", "changed", "id"),
)


def part(root: Path, account: str) -> Path:
    """Where a restored account is put together; what an earlier attempt left there goes."""
    folder = root / f"{_PART}{account}"
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    return folder


def outlive(new: Path, old: Path) -> None:
    """Makes the restored database later than the one it replaces. Both are of this version's schema."""
    db = connect(new)
    try:
        db.execute("ATTACH ? AS old", (str(old),))
        db.execute("BEGIN IMMEDIATE")
        (modseq,) = fetch_one(db, "SELECT max(a.modseq, b.modseq) FROM main.account a, old.account b")
        modseq = _bury(db, modseq)
        for table, column, key in _RENUMBERED:
            db.execute(
                f"UPDATE main.{table} AS t SET {column} = ? + r.n FROM"  # noqa: S608 - our own names
                f" (SELECT {key}, row_number() OVER (ORDER BY {key}) AS n FROM main.{table}) r"
                f" WHERE {' AND '.join(f't.{part} = r.{part}' for part in key.split(', '))}",
                (modseq,),
            )
            (count,) = fetch_one(db, f"SELECT count(*) FROM main.{table}")  # noqa: S608
            modseq += count
        db.execute(COUNT_ANEW)
        db.execute(
            "UPDATE main.mailbox AS b SET properties = changed, modseq = ?1,"
            " uidnext = max(uidnext, coalesce((SELECT uidnext FROM old.mailbox o WHERE o.id = b.id"
            " AND o.uidvalidity = b.uidvalidity), 0)),"
            " recent = max(recent, coalesce((SELECT recent FROM old.mailbox o WHERE o.id = b.id"
            " AND o.uidvalidity = b.uidvalidity), 0))",
            (modseq,),
        )
        db.execute(
            "UPDATE main.account SET modseq = ?1, email_state = ?1, mailbox_state = ?1, thread_state = ?1,"
            " uidvalidity = max(uidvalidity, (SELECT uidvalidity FROM old.account))",
            (modseq,),
        )
        db.execute(
            "UPDATE main.sqlite_sequence AS s SET seq = max(seq, coalesce((SELECT seq FROM old.sqlite_sequence o"
            " WHERE o.name = s.name), 0))"
        )
        db.execute(  # a table that never had a row has none here either
            "INSERT INTO main.sqlite_sequence (name, seq) SELECT name, seq FROM old.sqlite_sequence"
            " WHERE name NOT IN (SELECT name FROM main.sqlite_sequence)"
        )
        db.execute("COMMIT")
        db.execute("DETACH old")
    finally:
        db.close()


def _bury(db: apsw.Connection, modseq: int) -> int:
    """Tombstones for all that the old one had, dead or alive, and the new one has not; the last modseq taken."""
    later = (
        "SELECT o.mailbox, o.uid FROM (SELECT mailbox, uid FROM old.entry UNION SELECT mailbox, uid FROM old.gone_entry) o"
        " JOIN main.mailbox b ON b.id = o.mailbox JOIN old.mailbox c ON c.id = b.id AND c.uidvalidity = b.uidvalidity"
        " WHERE NOT EXISTS (SELECT 1 FROM main.entry n WHERE n.mailbox = o.mailbox AND n.uid = o.uid)"
        " AND NOT EXISTS (SELECT 1 FROM main.gone_entry g WHERE g.mailbox = o.mailbox AND g.uid = o.uid)"
    )
    db.execute(
        f"INSERT INTO main.gone_entry (mailbox, modseq, uid) SELECT mailbox, ? + row_number() OVER (), uid FROM ({later})",  # noqa: S608
        (modseq,),
    )
    modseq += db.changes()
    for kind, table in _TABLES.items():
        gone = (
            f"SELECT id, created FROM (SELECT id, created FROM old.{table} UNION"  # noqa: S608 - our own names
            f" SELECT id, created FROM old.gone WHERE kind = '{kind}') WHERE id NOT IN (SELECT id FROM main.{table})"
            f" AND id NOT IN (SELECT id FROM main.gone WHERE kind = '{kind}')"
        )
        db.execute(
            f"INSERT INTO main.gone (kind, modseq, id, created) SELECT '{kind}', ? + row_number() OVER (), id, created FROM ({gone})",  # noqa: S608
            (modseq,),
        )
        modseq += db.changes()
    return modseq


def exchange(root: Path, account: str) -> None:
    """The folder in `part` becomes the account's; the account's own goes."""
    new, old, place = root / f"{_NEW}{account}", root / f"{_OLD}{account}", root / account
    (root / f"{_PART}{account}").rename(new)
    sync(root)
    if place.exists():
        place.rename(old)
    new.rename(place)
    sync(root)
    if old.exists():
        shutil.rmtree(old)


def finish_exchanges(root: Path) -> None:
    """Puts right what a crash left: an exchange that had begun is finished, one that had not is forgotten."""
    if not root.is_dir():
        return
    for new in root.glob(f"{_NEW}*"):
        place = root / new.name.removeprefix(_NEW)
        if place.exists():
            shutil.rmtree(new)
        else:
            new.rename(place)
            sync(root)
    for left in (*root.glob(f"{_OLD}*"), *root.glob(f"{_PART}*")):
        shutil.rmtree(left)
