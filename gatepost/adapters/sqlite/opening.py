"""Opening a mailbox: all that SELECT tells, in one look at the database."""

from __future__ import annotations

import apsw

from gatepost.adapters.sqlite import entries, keywords, mailboxes
from gatepost.adapters.sqlite.uidlists import UidLists
from gatepost.model.mail import Opening


def opening(db: apsw.Connection, lists: UidLists, owner: object, path: str, glance: bool = False) -> Opening:
    """With `glance` raises Elsewhere where many UIDs are to be read. Raises NoSuchMailbox."""
    mailbox = mailboxes.by_path(db, path)
    return Opening(
        mailbox,
        lists.uids(db, owner, mailbox.id, glance),
        entries.recent(db, mailbox.id),
        keywords.in_use(db, mailbox.id),
        entries.first_unseen(db, mailbox.id) if mailbox.unseen else 0,
    )
