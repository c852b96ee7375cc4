"""Opening a mailbox: all that SELECT tells, or a POP3 client is shown, in one look at the database."""

from __future__ import annotations

from array import array
from itertools import islice

import apsw

from gatepost.adapters.sqlite import entries, mailboxes
from gatepost.adapters.sqlite.uidlists import UidLists
from gatepost.adapters.sqlite.writer import Elsewhere
from gatepost.model.mail import Listing, MailboxId, Opening

_AT_ONCE = 10_000
"""Rows that are in memory at a time."""


def opening(db: apsw.Connection, lists: UidLists, owner: object, path: str, glance: bool = False) -> Opening:
    """With `glance` raises Elsewhere where many UIDs are to be read. Raises NoSuchMailbox."""
    mailbox, recent = mailboxes.opened(db, path)
    uids, shown = lists.opening(db, owner, mailbox, glance)
    return Opening(mailbox, uids, recent, *shown)


def reopening(db: apsw.Connection, lists: UidLists, owner: object, path: str) -> Opening:
    """As `opening`, of a mailbox that is as it was when it was last opened: a single statement. Raises Elsewhere for others."""
    mailbox, recent = mailboxes.opened(db, path)
    known = lists.opened(owner, mailbox)
    if known is None:
        raise Elsewhere
    uids, shown = known
    return Opening(mailbox, uids, recent, *shown)


def listing(db: apsw.Connection, mailbox: MailboxId) -> Listing:
    """Raises NoSuchMailbox."""
    entries.highest_modseq(db, mailbox)
    uids, emails, sizes = array("I"), array("Q"), array("I")
    rows = db.execute(
        "SELECT n.uid, n.email, m.size FROM entry n JOIN email m ON m.id = n.email WHERE n.mailbox = ? ORDER BY n.uid",
        (mailbox,),
    )
    while some := list(islice(rows, _AT_ONCE)):
        for column, values in zip((uids, emails, sizes), zip(*some, strict=True), strict=True):
            column.extend(values)
    return Listing(uids, emails, sizes)
