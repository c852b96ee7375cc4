"""The index of text: which emails can contain a word, by its groups of three characters (SQLite FTS5, trigram).

It narrows and never decides: what it lets through is compared exactly (`textmatch`), since the three-character groups of a word
may stand apart in a text. IMAP's substrings need three characters; for shorter ones everything is compared.

The index holds no text (contentless, `texts` does) and no positions. An email that waits for it is in `unindexed`, and passes every time;
so does one whose text is too long for the index, for ever. Delivery only puts an email's number there: `indexing` does the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw
import msgspec

from gatepost.adapters.sqlite import texts
from gatepost.adapters.sqlite.blobs import BlobFiles, read
from gatepost.adapters.sqlite.expressions import FALSE, TRUE, Sql, join
from gatepost.adapters.sqlite.indexrows import index_of
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.adapters.sqlite.searchtext import ADDRESS_FIELDS, body_text, fields_of, header_document, header_text
from gatepost.model import search as ask
from gatepost.model.errors import NoSuchBlob
from gatepost.model.mail import BlobId, EmailId
from gatepost.model.search import Criterion
from gatepost.proto.searchform import search_form as fold

_TABLES = ("search_header", "search_body")
_INDEXES = "".join(
    f"DROP TABLE IF EXISTS {table}; CREATE VIRTUAL TABLE {table} USING fts5"
    " (text, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');"
    for table in _TABLES
)
_INDEXES += texts.SCHEMA
SCHEMA = f"""{_INDEXES}
CREATE TABLE unindexed (
    email INTEGER PRIMARY KEY,
    long INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX unindexed_waiting ON unindexed (email) WHERE long = 0;
"""
LONG_TEXT = 512 * 1024
"""Characters of header and body together; longer texts are compared each time instead."""
LONG_MESSAGE = 32 * 1024 * 1024
"""Octets; a larger message is not even looked at."""
MOST_GROUPS = 24
"""Three-character groups of a word that are looked up: enough to tell it from nearly all others."""
_EVERYWHERE = frozenset({"subject", "from", "to", "date", "message-id"})
"""Fields that nearly every message has: that they are there tells nothing."""

_WAITING = "SELECT m.id, m.blob, m.header_size, m.size FROM unindexed u JOIN email m ON m.id = u.email WHERE u.long = 0"


class Document(msgspec.Struct, frozen=True):
    """An email's text, ready for the index; None where it is too long or its octets are lost."""

    email: EmailId
    header: str | None
    body: str = ""
    kept_header: bytes | None = None
    kept_body: bytes = b""


# -- narrowing ---------------------------------------------------------------------------------------------------------
def narrowed(criterion: Criterion) -> Sql:
    """True of every email that can satisfy a criterion about text."""
    match criterion:
        case ask.Header(name, text):
            field = "" if name.lower() in _EVERYWHERE else fold(name.lower()) + ": "
            return _either(_containing("search_header", field, fold(text)))
        case ask.Addresses(names, text) if ADDRESS_FIELDS.issuperset(name.lower() for name in names):
            return _either(_containing("search_header", fold(text)))
        case ask.Body(text):
            return _either(_containing("search_body", fold(text)))
        case ask.Text(text):
            word = fold(text)
            return _either(_containing("search_header", word), _containing("search_body", word))
    return TRUE


def _either(*found: Sql | None) -> Sql:
    known = [sql for sql in found if sql is not None]
    if len(known) < len(found):
        return TRUE
    return join(" OR ", FALSE, [*known, Sql("(m.id IN (SELECT email FROM unindexed))")])


def _containing(table: str, *words: str) -> Sql | None:
    """Emails whose text has all groups of `words`; None for words too short to have any."""
    groups = [group for word in words for group in _groups(storable(word))]
    if not groups:
        return None
    match = " AND ".join('"' + group.replace('"', '""') + '"' for group in dict.fromkeys(groups))
    return Sql(f"(m.id IN (SELECT rowid FROM {table} WHERE {table} MATCH ?))", match)  # noqa: S608 - our own names


def _groups(word: str) -> list[str]:
    """Groups of three characters: all of a short word, of a long one some that cover most of it."""
    count = len(word) - 2
    step = max(3, -(-count // MOST_GROUPS)) if count > MOST_GROUPS else 1
    return [word[at : at + 3] for at in range(0, count, step)]


def storable(text: str) -> str:
    """What UTF-8 and SQLite can hold, character for character: lone surrogates and NUL become other characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


# -- filling -----------------------------------------------------------------------------------------------------------
def queue(db: apsw.Connection, emails: Iterable[EmailId]) -> None:
    """New emails wait for the index; until then they pass every search."""
    db.executemany("INSERT INTO unindexed (email) VALUES (?)", [(email,) for email in emails])


def queue_all(db: apsw.Connection) -> None:
    """Makes the index anew: every email waits."""
    db.execute(_INDEXES)
    db.execute("DELETE FROM unindexed")
    db.execute("INSERT INTO unindexed (email) SELECT id FROM email")


def forget(db: apsw.Connection, emails: Iterable[EmailId]) -> None:
    """Emails are gone: no search finds their text, and SQLite drops it when it next merges that part of the index.

    All at once, the index's own tables last: a statement that SQLite may have to undo alone, as most are, makes FTS5 write out
    what was changed before it, and merge."""
    found: list[tuple[EmailId]] = []
    for email in emails:
        if fetch_first(db, "DELETE FROM unindexed WHERE email = ? RETURNING 1", (email,)) is None:
            found.append((email,))
    texts.forget(db, found)
    for table in _TABLES:
        db.executemany(f"DELETE FROM {table} WHERE rowid = ?", found)  # noqa: S608 - our own names


def waiting(db: apsw.Connection, files: BlobFiles, emails: int, octets: int) -> list[Document]:
    """The texts of some emails that wait, at least of one if any waits, at most of `emails`; about `octets` are read."""
    found: list[Document] = []
    for email, blob, header, size in fetch_all(db, f"{_WAITING} ORDER BY u.email LIMIT ?", (emails,)):
        octets -= size
        if found and octets < 0:
            break
        found.append(_document(db, files, EmailId(email), BlobId(blob), header, size))
    return found


def _document(db: apsw.Connection, files: BlobFiles, email: EmailId, blob: BlobId, header: int, size: int) -> Document:
    if size > LONG_MESSAGE:
        return Document(email, None)
    try:
        content = read(db, files, blob, 0, None)
    except NoSuchBlob:
        return Document(email, None)
    fields = fields_of(content[:header])
    text = header_text(fields)
    top, body = header_document(fields, text), body_text(content, index_of(db, email))
    if len(top) + len(body) > LONG_TEXT:
        return Document(email, None)
    return Document(email, storable(top), storable(body), texts.header_kept(fields, text), texts.body_kept(body))


def fill(db: apsw.Connection, documents: Iterable[Document]) -> None:
    """Puts texts into the index; of emails that are gone meanwhile nothing is kept."""
    for document in documents:
        if document.header is None:
            db.execute("UPDATE unindexed SET long = 1 WHERE email = ?", (document.email,))
        elif fetch_first(db, "DELETE FROM unindexed WHERE email = ? AND long = 0 RETURNING 1", (document.email,)):
            db.execute("INSERT INTO search_header (rowid, text) VALUES (?, ?)", (document.email, document.header))
            db.execute("INSERT INTO search_body (rowid, text) VALUES (?, ?)", (document.email, document.body))
            texts.keep(db, document.email, document.kept_header, document.kept_body)
