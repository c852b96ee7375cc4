"""Entries with their emails, all of one moment: what FETCH and its kin show."""

from __future__ import annotations

import apsw

from gatepost.adapters.sqlite import entries, unparsed
from gatepost.adapters.sqlite.indexrows import decode_index
from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.model.mail import BlobId, Email, EmailId, Entry, MailboxId, Message, Outline, ThreadId
from gatepost.model.uidset import UidSet

FEW = 4
"""Messages that are read on the event loop, and whose octets come along."""
SMALL = 16 * 1024
"""Octets that come along: up to so many cost less than a statement of their own would, even where not all are needed."""
_COLUMNS = "n.uid, n.email, n.flags, n.modseq, n.saved, m.id, m.thread, m.blob, m.size, m.header_size, m.received"
_FROM = "FROM entry n CROSS JOIN email m ON m.id = n.email"
_INDEX = "LEFT JOIN message_index i ON i.email = m.id"
_BLOB = f"LEFT JOIN blob b ON b.id = m.blob AND b.size <= {SMALL}"
_WHERE = "WHERE n.mailbox = ?1 AND n.uid BETWEEN ?2 AND ?3 ORDER BY n.uid"
# by whether they are indexed, and begun; the octets last
_QUERIES = {
    (False, False): f"SELECT {_COLUMNS}, NULL {_FROM} {_WHERE}",
    (False, True): f"SELECT {_COLUMNS}, b.content {_FROM} {_BLOB} {_WHERE}",
    (True, False): f"SELECT {_COLUMNS}, i.data, NULL {_FROM} {_INDEX} {_WHERE}",
    (True, True): f"SELECT {_COLUMNS}, i.data, b.content {_FROM} {_INDEX} {_BLOB} {_WHERE}",
}


def alone(wanted: UidSet) -> bool:
    """Whether `messages` is a single statement, if it finds anything."""
    return len(wanted.ranges) == 1


def messages(
    db: apsw.Connection, mailbox: MailboxId, wanted: UidSet, indexed: bool = False, begun: bool = False
) -> list[Message]:
    """Those of `wanted`, ascending by UID; with the octets of FEW that are SMALL if `begun`. Raises NoSuchMailbox."""
    found: list[Message] = []
    query = _QUERIES[indexed, begun and len(wanted) <= FEW]
    email = _email if indexed else Outline
    for low, high in wanted.ranges if len(wanted.ranges) <= FEW else entries.ranges(db, mailbox, wanted):
        rows = fetch_all(db, query, (mailbox, low, high))
        unparsed.refuse(db, rows, at=5)
        # one without its index is damaged; a repair finds it
        found.extend([Message(Entry(*row[:5]), email(*row[5:-1]), row[-1]) for row in rows if row[-2] is not None])
    if not found:
        entries.highest_modseq(db, mailbox)
    return found


def _email(
    number: EmailId, thread: ThreadId, blob: BlobId, size: int, header: int, received: float, data: bytes
) -> Email:
    return Email(number, thread, blob, size, header, received, decode_index(data))
