"""What JMAP counts in a mailbox (RFC 8621 §2). IMAP's counts are columns of the mailbox; these need the threads."""

from __future__ import annotations

import apsw

from gatepost.adapters.sqlite import unparsed
from gatepost.adapters.sqlite.rows import fetch_one
from gatepost.model.mail import MailboxCounts, MailboxId

# Flags are kept in one canonical spelling (model/flags.py), system flags with a backslash that no keyword has
_QUERY = """
SELECT count(*), coalesce(sum(unread), 0), count(DISTINCT thread), count(DISTINCT iif(unread, thread, NULL))
FROM (
    SELECT m.thread, instr(n.flags, '\\Seen') = 0 AND instr(n.flags, '\\Draft') = 0 AS unread
    FROM entry n JOIN email m ON m.id = n.email
    WHERE n.mailbox = ? AND instr(n.flags, '\\Deleted') = 0
)
"""


def mailbox_counts(db: apsw.Connection, mailbox: MailboxId) -> MailboxCounts:
    """All zero for a mailbox that does not exist."""
    unparsed.require(db)
    return MailboxCounts(*fetch_one(db, _QUERY, (mailbox,)))
