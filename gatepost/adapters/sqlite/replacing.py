"""A message in another's place, in one change (RFC 8508 §3.4): a draft that was edited, mostly."""

from __future__ import annotations

from gatepost.adapters.sqlite import unparsed
from gatepost.adapters.sqlite.appending import Prepared, append
from gatepost.adapters.sqlite.blobs import BlobFiles
from gatepost.adapters.sqlite.emails import destroy_unplaced
from gatepost.adapters.sqlite.rows import fetch_first
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.errors import NoSuchEmail
from gatepost.model.mail import MailboxId, Stored

_ENTRY = "SELECT m.id, m.thread, n.flags, m.size FROM entry n JOIN email m ON m.id = n.email WHERE n.mailbox = ? AND n.uid = ?"


def replace(change: Change, files: BlobFiles, prepared: Prepared, mailbox: MailboxId, uid: int) -> Stored:
    """The old entry goes first, so that the quota is asked for the difference; its email last, so that the new one finds
    the thread that both belong to. Raises NoSuchMailbox, NoSuchEmail, OverQuota, OSError."""
    row = fetch_first(change.db, _ENTRY, (mailbox, uid))
    if row is None:
        raise NoSuchEmail("the message to be replaced is gone")
    email, _, flags, size = row
    unparsed.refuse(change.db, [row], at=0)
    modseq = change.next_modseq()
    change.displace(mailbox, uid, size, flags, modseq)
    change.touch_email(email, modseq)
    stored = append(change, files, prepared)
    destroy_unplaced(change, [email])
    return stored
