"""Emails whose octets nobody has looked into yet: of many that come at once the answer waits for the disk only.

Law: whoever asks for more of an email than its places, its size and the time it came calls `refuse` with its row, or `require`
where it asks about all, in the same view of the database. That raises Unparsed for those of which nothing is known; they are
parsed then (`Shelf.insist`), and the question is put once more. So nobody sees an email that is not parsed, and its thread, which it
gets then, is as immutable as any.

In the background all are parsed before their text is indexed (`indexing`). A crash loses nothing: which ones wait is in the
database, and so are their octets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import msgspec

from gatepost.adapters.sqlite import parsing
from gatepost.adapters.sqlite.blobs import BlobFiles, read
from gatepost.adapters.sqlite.parsing import Parsed
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first, fetch_one
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.errors import NoSuchBlob
from gatepost.model.mail import BlobId, EmailId

SCHEMA = "CREATE TABLE unparsed (email INTEGER PRIMARY KEY);"
NO_THREAD = 0
"""In the place of its thread: no thread's id."""
MOST = 4096
"""That wait at once: parsed in well under a second if all of them are asked for. Beyond it messages are parsed as they come."""
_UPDATE = f"UPDATE email SET (thread, {parsing.COLUMNS}) = (?, {parsing.MARKS}) WHERE id = ?"  # noqa: S608 - constants
_THOSE = "SELECT u.email FROM json_each(?) w CROSS JOIN unparsed u ON u.email = w.value"
_WAITING = "SELECT m.id, m.blob FROM unparsed u CROSS JOIN email m ON m.id = u.email ORDER BY u.email LIMIT ?"
_WAITING_OF = (
    "SELECT m.id, m.blob FROM json_each(?) w CROSS JOIN unparsed u ON u.email = w.value"
    " CROSS JOIN email m ON m.id = u.email ORDER BY u.email LIMIT ?"
)
_json = msgspec.json.Encoder().encode


class Unparsed(Exception):
    """These are to be parsed first; None for all that wait."""

    def __init__(self, emails: Sequence[EmailId] | None = None) -> None:
        super().__init__()
        self.emails = emails


def queue(db: apsw.Connection, emails: Iterable[EmailId]) -> None:
    """New emails wait."""
    db.executemany("INSERT INTO unparsed (email) VALUES (?)", [(email,) for email in emails])


def many(db: apsw.Connection) -> bool:
    """Whether no more should wait."""
    first, last = fetch_one(db, "SELECT (SELECT min(email) FROM unparsed), (SELECT max(email) FROM unparsed)")
    return first is not None and last - first >= MOST


def require(db: apsw.Connection) -> None:
    """Raises Unparsed if any email waits."""
    if fetch_first(db, "SELECT 1 FROM unparsed LIMIT 1"):
        raise Unparsed


def refuse(db: apsw.Connection, rows: Sequence[tuple[Any, ...]], at: int) -> None:
    """Raises Unparsed if any of the rows, which have an email's id at `at` and its thread behind it, is of one that waits."""
    threadless = [row[at] for row in rows if row[at + 1] == NO_THREAD]
    if threadless:
        waiting = fetch_all(db, _THOSE, (_json(threadless).decode(),))
        if waiting:  # else the database is damaged, and a repair finds it
            raise Unparsed([EmailId(row[0]) for row in waiting])


def some(
    db: apsw.Connection, files: BlobFiles, emails: Sequence[EmailId] | None, most: int, octets: int
) -> list[tuple[EmailId, bytes]]:
    """The first of those that wait, of all or of `emails`, with their octets, about `octets` in all. Octets that are lost are
    none: the email is as good as it can be then."""
    if emails is None:
        rows = fetch_all(db, _WAITING, (most,))
    else:
        rows = fetch_all(db, _WAITING_OF, (_json(emails).decode(), most))
    found: list[tuple[EmailId, bytes]] = []
    for email, blob in rows:
        content = _octets(db, files, BlobId(blob))
        octets -= len(content)
        if found and octets < 0:
            break
        found.append((EmailId(email), content))
    return found


def _octets(db: apsw.Connection, files: BlobFiles, blob: BlobId) -> bytes:
    try:
        return read(db, files, blob, 0, None)
    except NoSuchBlob:
        return b""


def settle(change: Change, emails: Sequence[tuple[EmailId, Parsed]]) -> None:
    """They are parsed now. Those that are gone meanwhile, or that somebody else parsed, stay as they are. Watchers need not be
    told: nobody has been told anything of them that this changes (`Change.threads_to_come`)."""
    db = change.db
    waiting = "DELETE FROM unparsed WHERE email = ? RETURNING 1"
    left = [(email, parsed) for email, parsed in emails if fetch_first(db, waiting, (email,))]
    numbers, parsed = [email for email, _ in left], [one for _, one in left]
    threaded = parsing.find_threads(change, parsed)
    change.threads_made(threaded.made)
    rows = zip(threaded.threads, parsed, numbers, strict=True)
    db.executemany(_UPDATE, [(thread, *parsing.columns(one), email) for thread, one, email in rows])
    parsing.keep(change, numbers, parsed, threaded)


def forget(db: apsw.Connection, email: EmailId) -> bool:
    """The email is gone; whether it waited."""
    return fetch_first(db, "DELETE FROM unparsed WHERE email = ? RETURNING 1", (email,)) is not None
