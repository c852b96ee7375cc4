"""The UIDs of mailboxes that were opened lately, as they were at a modseq, so that opening one again reads what changed only.

Shared by all accounts of a store and bounded in all. From any thread.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections import OrderedDict

import apsw

from gatepost.adapters.sqlite.entries import highest_modseq, uids
from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.adapters.sqlite.writer import Elsewhere
from gatepost.model.mail import MailboxId

LIMIT = 4_000_000
"""UIDs in all; four octets each."""
CHANGES = 100
"""Changes that are caught up with; beyond them the list is read anew."""
GLANCED = 1000
"""UIDs that are read on the event loop where nothing is remembered."""
_GONE = f"SELECT uid FROM gone_entry WHERE mailbox = ? AND modseq > ? LIMIT {CHANGES + 1}"  # noqa: S608 - our own names
_COME = f"SELECT uid FROM entry WHERE mailbox = ? AND uid > ? ORDER BY uid LIMIT {CHANGES + 1}"  # noqa: S608


class UidLists:
    """`owner` is whose mailbox it is: an object that lives as long as its database stays the same."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit, self._held = limit, 0
        self._lists: OrderedDict[tuple[object, MailboxId], tuple[int, array[int]]] = OrderedDict()
        self._lock = threading.Lock()

    def uids(self, db: apsw.Connection, owner: object, mailbox: MailboxId, glance: bool = False) -> array[int]:
        """All UIDs, ascending, the caller's own. With `glance` raises Elsewhere where much is to be read. Raises
        NoSuchMailbox."""
        modseq = highest_modseq(db, mailbox)
        with self._lock:
            known = self._lists.get((owner, mailbox))
        found: array[int] | None = None
        if known is not None and known[0] == modseq:
            found = known[1]
        elif known is not None and known[0] < modseq:
            found = _caught_up(db, mailbox, *known)
        if found is None:
            if glance and _more_than(db, mailbox, GLANCED):
                raise Elsewhere
            found = uids(db, mailbox)
        self._keep(owner, mailbox, modseq, found)
        return found[:]

    def _keep(self, owner: object, mailbox: MailboxId, modseq: int, found: array[int]) -> None:
        with self._lock:
            old = self._lists.pop((owner, mailbox), None)
            self._held += len(found) - (0 if old is None else len(old[1]))
            self._lists[owner, mailbox] = (modseq, found)
            while self._held > self._limit and len(self._lists) > 1:
                _, (_, gone) = self._lists.popitem(last=False)
                self._held -= len(gone)

    def forget(self, owner: object) -> None:
        """The owner's database is another now, or gone."""
        with self._lock:
            for key in [key for key in self._lists if key[0] is owner]:
                self._held -= len(self._lists.pop(key)[1])


def _caught_up(db: apsw.Connection, mailbox: MailboxId, since: int, known: array[int]) -> array[int] | None:
    """The list with what changed since put in; None where that is much."""
    last = known[-1] if known else 0
    gone = fetch_all(db, _GONE, (mailbox, since))
    come = fetch_all(db, _COME, (mailbox, last))
    if max(len(gone), len(come)) > CHANGES:
        return None
    found = known[:]
    for (uid,) in gone:
        place = bisect_left(found, uid)
        if place < len(found) and found[place] == uid:
            del found[place]
    found.extend(uid for (uid,) in come)
    return found


def _more_than(db: apsw.Connection, mailbox: MailboxId, count: int) -> bool:
    rows = fetch_all(db, "SELECT 1 FROM entry WHERE mailbox = ? LIMIT 1 OFFSET ?", (mailbox, count))
    return bool(rows)
