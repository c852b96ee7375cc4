"""Mailboxes that were opened lately, as they were at a modseq, so that opening one again reads what changed only: their UIDs, and
what else is worked out of their entries.

Shared by all accounts of a store and bounded in all. From any thread.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections import OrderedDict
from typing import NamedTuple

import apsw

from gatepost.adapters.sqlite import keywords
from gatepost.adapters.sqlite.entries import first_unseen, highest_modseq, uids
from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.adapters.sqlite.writer import Elsewhere
from gatepost.model.mail import Mailbox, MailboxId

LIMIT = 4_000_000
"""UIDs in all; four octets each."""
CHANGES = 100
"""Changes that are caught up with; beyond them the list is read anew."""
KEYWORDS = 100
"""Keywords of one mailbox that are remembered."""
GLANCED = 1000
"""UIDs that are read on the event loop where nothing is remembered."""
_GONE = f"SELECT uid FROM gone_entry WHERE mailbox = ? AND modseq > ? LIMIT {CHANGES + 1}"  # noqa: S608 - our own names
_COME = f"SELECT uid FROM entry WHERE mailbox = ? AND uid > ? ORDER BY uid LIMIT {CHANGES + 1}"  # noqa: S608


class Shown(NamedTuple):
    """As in `Opening`."""

    keywords: tuple[str, ...]
    first_unseen: int


class _Known(NamedTuple):
    """UIDs at a modseq; `shown` with what `Mailbox.changed` was then: a repair changes nothing else."""

    modseq: int
    uids: array[int]
    shown: tuple[int, Shown] | None = None


class UidLists:
    """`owner` is whose mailbox it is: an object that lives as long as its database stays the same."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit, self._held = limit, 0
        self._lists: OrderedDict[tuple[object, MailboxId], _Known] = OrderedDict()
        self._lock = threading.Lock()

    def uids(
        self,
        db: apsw.Connection,
        owner: object,
        mailbox: MailboxId,
        glance: bool = False,
        modseq: int | None = None,
    ) -> array[int]:
        """All UIDs, ascending, the caller's own. `modseq`: the mailbox's, where that has been read already. With `glance` raises
        Elsewhere where much is to be read. Raises NoSuchMailbox."""
        modseq = highest_modseq(db, mailbox) if modseq is None else modseq
        known = self._known(owner, mailbox)
        if known is not None and known.modseq == modseq:
            return known.uids[:]
        found: array[int] | None = None
        if known is not None and known.modseq < modseq:
            found = _caught_up(db, mailbox, known.modseq, known.uids)
        if found is None:
            if glance and _more_than(db, mailbox, GLANCED):
                raise Elsewhere
            found = uids(db, mailbox)
        self._keep(owner, mailbox, _Known(modseq, found))
        return found[:]

    def opening(
        self, db: apsw.Connection, owner: object, mailbox: Mailbox, glance: bool = False
    ) -> tuple[array[int], Shown]:
        """The mailbox's UIDs as `uids` has them, and what else is worked out of its entries."""
        found = self.uids(db, owner, mailbox.id, glance, mailbox.modseq)
        return found, self._work_out(db, owner, mailbox)

    def opened(self, owner: object, mailbox: Mailbox) -> tuple[array[int], Shown] | None:
        """The same, where the mailbox is still as it was when that was worked out, else None."""
        known = self._known(owner, mailbox.id)
        now = (mailbox.modseq, mailbox.changed)
        if known is not None and known.shown is not None and (known.modseq, known.shown[0]) == now:
            return known.uids[:], known.shown[1]
        return None

    def _work_out(self, db: apsw.Connection, owner: object, mailbox: Mailbox) -> Shown:
        known = self._known(owner, mailbox.id)
        found = Shown(keywords.in_use(db, mailbox.id), first_unseen(db, mailbox.id) if mailbox.unseen else 0)
        if known is not None and known.modseq == mailbox.modseq and len(found.keywords) <= KEYWORDS:
            self._keep(owner, mailbox.id, known._replace(shown=(mailbox.changed, found)))
        return found

    def _known(self, owner: object, mailbox: MailboxId) -> _Known | None:
        with self._lock:
            known = self._lists.get((owner, mailbox))
            if known is not None:
                self._lists.move_to_end((owner, mailbox))
            return known

    def _keep(self, owner: object, mailbox: MailboxId, known: _Known) -> None:
        with self._lock:
            old = self._lists.pop((owner, mailbox), None)
            self._held += len(known.uids) - (0 if old is None else len(old.uids))
            self._lists[owner, mailbox] = known
            while self._held > self._limit and len(self._lists) > 1:
                _, gone = self._lists.popitem(last=False)
                self._held -= len(gone.uids)

    def forget(self, owner: object) -> None:
        """The owner's database is another now, or gone."""
        with self._lock:
            for key in [key for key in self._lists if key[0] is owner]:
                self._held -= len(self._lists.pop(key).uids)


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
