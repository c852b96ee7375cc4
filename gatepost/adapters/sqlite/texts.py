"""Texts that were decoded and folded for the index, kept, so that what it lets through is compared without decoding it again.

Octets are UTF-8, lone surrogates included: a word is in a text if its octets are in the text's. Headers are kept as they are,
one field a line, and apart, so that a search in many reads nothing else; bodies are compressed. What is not kept (an email
that waits for the index, or is too long for it; a header with line ends within its fields) is decoded each time.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import apsw

from gatepost.adapters.sqlite.rows import fetch_first
from gatepost.adapters.sqlite.searchtext import Fields
from gatepost.model.mail import EmailId

SCHEMA = """
DROP TABLE IF EXISTS search_text;
CREATE TABLE search_text (
    email INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);
DROP TABLE IF EXISTS search_head;
CREATE TABLE search_head (
    email INTEGER PRIMARY KEY,
    header BLOB NOT NULL
);
DROP TABLE IF EXISTS search_brief;
CREATE TABLE search_brief (
    email INTEGER PRIMARY KEY,
    header BLOB NOT NULL
);
"""
BRIEF = frozenset({"subject", "from", "to", "cc", "bcc"})
"""Fields that people search for: a tenth of a header, and kept once more by themselves."""
_BRIEF_LINES = tuple(f"{name}: ".encode() for name in sorted(BRIEF))
_TAKE_APART = """
CREATE TABLE search_head (
    email INTEGER PRIMARY KEY,
    header BLOB NOT NULL
);
INSERT INTO search_head (email, header) SELECT email, header FROM search_text WHERE header IS NOT NULL;
ALTER TABLE search_text DROP COLUMN header;
"""


def take_apart(db: apsw.Connection) -> None:
    """Headers lay with the bodies before; this puts them where they lie now."""
    if fetch_first(db, "SELECT 1 FROM pragma_table_info('search_text') WHERE name = 'header'"):
        db.execute(_TAKE_APART)


def make_brief(db: apsw.Connection) -> None:
    """The fields that people search for, of all headers that are kept."""
    db.execute("CREATE TABLE IF NOT EXISTS search_brief (email INTEGER PRIMARY KEY, header BLOB NOT NULL)")
    for email, header in db.execute("SELECT email, header FROM search_head"):
        _keep_brief(db, email, header)


def _keep_brief(db: apsw.Connection, email: EmailId, header: bytes) -> None:
    brief = b"\n".join([line for line in header.split(b"\n") if line.startswith(_BRIEF_LINES)])
    db.execute("INSERT OR REPLACE INTO search_brief (email, header) VALUES (?, ?)", (email, brief))


def octets(text: str) -> bytes:
    """The form in which texts are kept and compared."""
    return text.encode("utf-8", "surrogatepass")


def header_kept(fields: Fields, text: str) -> bytes | None:
    """A header's text, a field a line, as it is kept; None where a field is more lines than one."""
    return octets(text) if text.count("\n") == max(0, len(fields) - 1) else None


def body_kept(text: str) -> bytes:
    """A body's text as it is kept."""
    return zlib.compress(octets(text), 1)


def keep(db: apsw.Connection, email: EmailId, header: bytes | None, body: bytes) -> None:
    """Puts an email's texts in, or others in their place."""
    db.execute("INSERT OR REPLACE INTO search_text (email, body) VALUES (?, ?)", (email, body))
    if header is not None:
        db.execute("INSERT OR REPLACE INTO search_head (email, header) VALUES (?, ?)", (email, header))
        _keep_brief(db, email, header)


def forget(db: apsw.Connection, emails: Sequence[tuple[EmailId]]) -> None:
    """Emails are gone."""
    for table in ("search_text", "search_head", "search_brief"):
        db.executemany(f"DELETE FROM {table} WHERE email = ?", emails)  # noqa: S608 - our own names


def header_of(db: apsw.Connection, email: EmailId) -> bytes | None:
    """None where it is not kept."""
    row = fetch_first(db, "SELECT header FROM search_head WHERE email = ?", (email,))
    return None if row is None else row[0]


def body_of(db: apsw.Connection, email: EmailId) -> bytes | None:
    """None where it is not kept."""
    row = fetch_first(db, "SELECT body FROM search_text WHERE email = ?", (email,))
    return None if row is None else zlib.decompress(row[0])


def field_start(name: str) -> bytes:
    """How a field of that name (folded) begins in a kept header, the line end before it included."""
    return b"\n%b: " % octets(name)


def holds(header: bytes, start: bytes, word: bytes) -> bool:
    """Whether a field that begins so (`field_start`) has the word in its value. From the last field to the first: what people
    search for stands behind what servers have put on top."""
    at = header.rfind(start)
    while at >= 0:
        begin = at + len(start)
        end = header.find(b"\n", begin)
        if header.find(word, begin, len(header) if end < 0 else end) >= 0:
            return True
        at = header.rfind(start, 0, at)
    if not header.startswith(start[1:]):  # the first field, before which there is no line end
        return False
    end = header.find(b"\n")
    return header.find(word, len(start) - 1, len(header) if end < 0 else end) >= 0
