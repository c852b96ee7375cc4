"""The schema of one account's mail database, and what a new account starts with.

`entry` is small and keyed as it is read (mailbox, uid): listing flags never touches an envelope. `block` tells where something
changed or is unread (`blocks`). `gone_entry` and `gone` are the tombstones behind VANISHED (RFC 7162 §3.2) and JMAP `destroyed`.
Ids are AUTOINCREMENT: never used twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from gatepost.adapters.sqlite import (
    access,
    annotating,
    blocks,
    keywords,
    searchindex,
    subscribing,
    texts,
    threadkeys,
    unparsed,
)
from gatepost.adapters.sqlite.connections import Migration

_VERSION_1 = """
CREATE TABLE account (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    modseq INTEGER NOT NULL,
    used INTEGER NOT NULL,
    uidvalidity INTEGER NOT NULL,
    email_state INTEGER NOT NULL,
    mailbox_state INTEGER NOT NULL,
    thread_state INTEGER NOT NULL
);
CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER REFERENCES mailbox (id),
    name TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    role TEXT UNIQUE,
    subscribed INTEGER NOT NULL,
    sort_order INTEGER NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uidnext INTEGER NOT NULL DEFAULT 1,
    recent INTEGER NOT NULL DEFAULT 1,
    messages INTEGER NOT NULL DEFAULT 0,
    unseen INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL DEFAULT 0,
    modseq INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    properties INTEGER NOT NULL,
    created INTEGER NOT NULL
);
CREATE INDEX mailbox_parent ON mailbox (parent);
CREATE TABLE entry (
    mailbox INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    email INTEGER NOT NULL,
    flags TEXT NOT NULL,
    modseq INTEGER NOT NULL,
    saved REAL NOT NULL,
    PRIMARY KEY (mailbox, uid)
) WITHOUT ROWID;
CREATE INDEX entry_email ON entry (email);
CREATE INDEX entry_modseq ON entry (mailbox, modseq);
CREATE TABLE gone_entry (
    mailbox INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (mailbox, modseq, uid)
) WITHOUT ROWID;
CREATE TABLE gone (
    kind TEXT NOT NULL,
    modseq INTEGER NOT NULL,
    id INTEGER NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (kind, modseq, id)
) WITHOUT ROWID;
CREATE TABLE email (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    thread INTEGER NOT NULL,
    blob TEXT NOT NULL,
    size INTEGER NOT NULL,
    header_size INTEGER NOT NULL,
    received REAL NOT NULL,
    sent REAL,
    sent_wall REAL,
    attachment INTEGER NOT NULL,
    base_subject TEXT NOT NULL,
    sort_from TEXT NOT NULL,
    sort_to TEXT NOT NULL,
    sort_cc TEXT NOT NULL,
    modseq INTEGER NOT NULL,
    created INTEGER NOT NULL
);
CREATE INDEX email_thread ON email (thread, received);
CREATE INDEX email_modseq ON email (modseq);
CREATE TABLE message_index (
    email INTEGER PRIMARY KEY,
    data BLOB NOT NULL
);
CREATE TABLE thread (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    modseq INTEGER NOT NULL,
    created INTEGER NOT NULL
);
CREATE INDEX thread_modseq ON thread (modseq);
CREATE TABLE thread_key (
    key BLOB NOT NULL,
    email INTEGER NOT NULL,
    thread INTEGER NOT NULL,
    PRIMARY KEY (key, thread, email)
) WITHOUT ROWID;
CREATE INDEX thread_key_email ON thread_key (email);
CREATE TABLE blob (
    id TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    refs INTEGER NOT NULL,
    uploaded REAL,
    content BLOB
);
CREATE INDEX blob_uploaded ON blob (uploaded) WHERE uploaded IS NOT NULL;
CREATE TABLE script (
    name TEXT PRIMARY KEY,
    content BLOB NOT NULL,
    active INTEGER NOT NULL
) WITHOUT ROWID;
"""

_UNSEEN = "instr(flags, '\\Seen') = 0"

DEFAULT_MAILBOXES = (
    ("INBOX", "inbox"),
    ("Drafts", "drafts"),
    ("Sent", "sent"),
    ("Archive", "archive"),
    ("Junk", "junk"),
    ("Trash", "trash"),
)
"""Name and role, in the order in which they are shown."""


def migrations(now: float) -> Sequence[Migration]:
    """All of them, oldest first; `now` is when a new account's mailboxes are born."""

    def first(connection: apsw.Connection) -> None:
        connection.execute(_VERSION_1)
        born = int(now)
        for number, (name, role) in enumerate(DEFAULT_MAILBOXES, 1):
            connection.execute(
                "INSERT INTO mailbox (parent, name, path, role, subscribed, sort_order, uidvalidity, modseq, changed,"
                " properties, created) VALUES (NULL, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
                (name, name, role, number, born + number, number, number, number, number),
            )
        last = len(DEFAULT_MAILBOXES)
        connection.execute("INSERT INTO account VALUES (1, ?, 0, ?, 0, ?, 0)", (last, born + last, last))

    def second(connection: apsw.Connection) -> None:
        """The index of text, still empty: what is there already is indexed in the background, step by step."""
        connection.execute(searchindex.SCHEMA)
        searchindex.queue_all(connection)

    def third(connection: apsw.Connection) -> None:
        """Octets that a repair did not find, or not whole: told once, then known."""
        connection.execute("CREATE TABLE lost (blob TEXT PRIMARY KEY, found REAL NOT NULL) WITHOUT ROWID")

    def fourth(connection: apsw.Connection) -> None:
        """Who else may do what in which mailbox, and subscriptions to mailboxes of others."""
        connection.execute(access.SCHEMA)

    def fifth(connection: apsw.Connection) -> None:
        """Annotations of mailboxes and of the server."""
        connection.execute(annotating.SCHEMA)

    def sixth(connection: apsw.Connection) -> None:
        """Text is folded as i;unicode-casemap does, and the names of files are found: all is indexed anew."""
        searchindex.queue_all(connection)

    def seventh(connection: apsw.Connection) -> None:
        """What opening a mailbox wants to know without looking at its entries."""
        connection.execute(keywords.SCHEMA)
        connection.execute(f"CREATE INDEX entry_unseen ON entry (mailbox, uid) WHERE {_UNSEEN}")

    def eighth(connection: apsw.Connection) -> None:
        """What is marked \\Deleted, and what came last, without looking at the rest."""
        connection.execute(
            "CREATE INDEX entry_deleted ON entry (mailbox, uid, email) WHERE instr(flags, '\\Deleted') > 0"
        )
        connection.execute("CREATE INDEX email_received ON email (received DESC, id)")

    def ninth(connection: apsw.Connection) -> None:
        """Names that stay subscribed after their mailbox is gone."""
        connection.execute(subscribing.SCHEMA)

    def tenth(connection: apsw.Connection) -> None:
        """Decoded texts are kept: all is indexed anew."""
        searchindex.queue_all(connection)

    def eleventh(connection: apsw.Connection) -> None:
        """The index of unseen entries holds their flags, so that it answers alone; it changes with these anyway. Headers that
        are kept for searching lie apart from bodies."""
        connection.execute("DROP INDEX entry_unseen")
        connection.execute(f"CREATE INDEX entry_unseen ON entry (mailbox, uid, flags) WHERE {_UNSEEN}")
        texts.take_apart(connection)

    def twelfth(connection: apsw.Connection) -> None:
        """The header fields that people search for are kept by themselves."""
        texts.make_brief(connection)

    def thirteenth(connection: apsw.Connection) -> None:
        """Sums of blocks take the place of the indexes that each change of flags had to go through."""
        connection.execute(blocks.SCHEMA)
        connection.execute("DROP INDEX entry_modseq; DROP INDEX entry_unseen; DROP INDEX entry_deleted")

    def fourteenth(connection: apsw.Connection) -> None:
        """New emails' keys of threads wait by themselves before they are sorted in."""
        connection.execute(threadkeys.SCHEMA)

    def fifteenth(connection: apsw.Connection) -> None:
        """Emails that nobody has looked into yet."""
        connection.execute(unparsed.SCHEMA)

    return (
        first,
        second,
        third,
        fourth,
        fifth,
        sixth,
        seventh,
        eighth,
        ninth,
        tenth,
        eleventh,
        twelfth,
        thirteenth,
        fourteenth,
        fifteenth,
    )
