"""Texts that were decoded and folded for the index, kept, so that what it lets through is compared without decoding it again.

Octets are UTF-8, lone surrogates included: a word is in a text if its octets are in the text's. Headers are kept as they are,
one field a line; bodies are compressed. What is not kept (an email that waits for the index, or is too long for it; a header
with line ends within its fields) is decoded each time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import apsw

from gatepost.adapters.sqlite.rows import fetch_first
from gatepost.adapters.sqlite.searchtext import Fields, header_text
from gatepost.model.mail import EmailId

SCHEMA = """
DROP TABLE IF EXISTS search_text;
CREATE TABLE search_text (
    email INTEGER PRIMARY KEY,
    header BLOB,
    body BLOB NOT NULL
);
"""


def octets(text: str) -> bytes:
    """The form in which texts are kept and compared."""
    return text.encode("utf-8", "surrogatepass")


def header_kept(fields: Fields) -> bytes | None:
    """A header's text, a field a line; None where a field is more lines than one."""
    text = header_text(fields)
    return octets(text) if text.count("\n") == max(0, len(fields) - 1) else None


def body_kept(text: str) -> bytes:
    """A body's text as it is kept."""
    return zlib.compress(octets(text), 1)


def keep(db: apsw.Connection, email: EmailId, header: bytes | None, body: bytes) -> None:
    """Puts an email's texts in, or others in their place."""
    db.execute("INSERT OR REPLACE INTO search_text (email, header, body) VALUES (?, ?, ?)", (email, header, body))


def forget(db: apsw.Connection, email: EmailId) -> None:
    """An email is gone."""
    db.execute("DELETE FROM search_text WHERE email = ?", (email,))


def header_of(db: apsw.Connection, email: EmailId) -> bytes | None:
    """None where it is not kept."""
    row = fetch_first(db, "SELECT header FROM search_text WHERE email = ?", (email,))
    return None if row is None else row[0]


def body_of(db: apsw.Connection, email: EmailId) -> bytes | None:
    """None where it is not kept."""
    row = fetch_first(db, "SELECT body FROM search_text WHERE email = ?", (email,))
    return None if row is None else zlib.decompress(row[0])


def holds(header: bytes, name: bytes, word: bytes) -> bool:
    """Whether a field of that name (folded) in a kept header has the word in its value."""
    start = b"%b: " % name
    return any(header.find(word, at, end) >= 0 for at, end in _values(header, start))


def _values(header: bytes, start: bytes) -> Iterator[tuple[int, int]]:
    at = 0 if header.startswith(start) else header.find(b"\n" + start) + 1
    while at or header.startswith(start):
        end = header.find(b"\n", at)
        yield at + len(start), len(header) if end < 0 else end
        at = header.find(b"\n" + start, at) + 1
        if not at:
            return
