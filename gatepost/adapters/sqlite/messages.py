"""Entries with their emails, all of one moment: what FETCH and its kin show."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from gatepost.adapters.sqlite import blobs, entries, unparsed
from gatepost.adapters.sqlite.indexrows import decode_index
from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.adapters.sqlite.writer import Elsewhere
from gatepost.model.mail import BlobId, Email, EmailId, Entry, MailboxId, Message, Outline, ThreadId
from gatepost.model.uidset import UidSet

FEW = 4
"""Messages that are read on the event loop, and of which octets come along."""
_COLUMNS = "n.uid, n.email, n.flags, n.modseq, n.saved, m.id, m.thread, m.blob, m.size, m.header_size, m.received"
_WHERE = "WHERE n.mailbox = ?1 AND n.uid BETWEEN ?2 AND ?3 ORDER BY n.uid"
_OUTLINES = f"SELECT {_COLUMNS} FROM entry n CROSS JOIN email m ON m.id = n.email {_WHERE}"  # noqa: S608 - constants
_EMAILS = (
    f"SELECT {_COLUMNS}, i.data FROM entry n CROSS JOIN email m ON m.id = n.email"  # noqa: S608 - constants
    f" LEFT JOIN message_index i ON i.email = m.id {_WHERE}"
)


def messages(
    db: apsw.Connection,
    mailbox: MailboxId,
    wanted: UidSet,
    indexed: bool = False,
    needed: Callable[[Outline], int] | None = None,
) -> list[Message]:
    """Those of `wanted`, ascending by UID; octets of FEW that need little and are no files. Raises NoSuchMailbox."""
    found: list[Message] = []
    for low, high in wanted.ranges if len(wanted.ranges) <= FEW else entries.ranges(db, mailbox, wanted):
        rows = fetch_all(db, _EMAILS if indexed else _OUTLINES, (mailbox, low, high))
        unparsed.refuse(db, rows, at=5)
        email = _email if indexed else Outline
        found.extend([Message(Entry(*row[:5]), email(*row[5:])) for row in rows if row[-1] is not None])
    if not found:
        entries.highest_modseq(db, mailbox)
    return found if needed is None or len(found) > FEW else _begun(db, found, needed)


def _email(
    number: EmailId, thread: ThreadId, blob: BlobId, size: int, header: int, received: float, data: bytes
) -> Email:
    return Email(number, thread, blob, size, header, received, decode_index(data))


def _begun(db: apsw.Connection, found: list[Message], needed: Callable[[Outline], int]) -> list[Message]:
    starts = [(each.email.blob, needed(each.email)) for each in found]
    if sum(end for _, end in starts) > blobs.INLINE_OCTETS:
        return found
    try:
        read = blobs.read_starts(db, None, starts)
    except Elsewhere:
        return found
    return [Message(each.entry, each.email, start) for each, start in zip(found, read, strict=True)]
