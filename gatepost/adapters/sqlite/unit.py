"""One change of an account, from its first row to its last: modseqs, counts, tombstones and what watchers are told.

Every function that changes mail gets a `Change`. It keeps the sums that must agree with the rows (of mailboxes
and their blocks: messages, unseen, deleted; size, quota, states) and writes them once, in `finish`, within the same transaction.
Each object that a change touches takes a modseq of its own, so that JMAP `changes` may be cut anywhere.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TypeAlias

import apsw

from gatepost.adapters.sqlite import blocks, keywords
from gatepost.adapters.sqlite.blocks import Block, first_of
from gatepost.adapters.sqlite.keywords import keywords_in
from gatepost.adapters.sqlite.rows import fetch_first, fetch_one
from gatepost.model.errors import NoSuchMailbox, OverQuota
from gatepost.model.flags import Flags
from gatepost.model.mail import AccountChange, Annotated, EmailId, MailboxEvent, MailboxId, States, ThreadId

NewEntry: TypeAlias = "tuple[MailboxId, int, EmailId, Flags, int, float]"
INSERT_ENTRY = "INSERT INTO entry (mailbox, uid, email, flags, modseq, saved) VALUES (?, ?, ?, ?, ?, ?)"
_NEXT_ID = """
SELECT 1 + max(coalesce((SELECT max(id) FROM {table}), 0),
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0))
"""


@dataclass(slots=True)
class Tally:
    """What a change adds to one mailbox. `modseq` 0: none of its entries changed; `counted`: some came or went."""

    uidnext: int
    size: int = 0
    modseq: int = 0
    counted: bool = False
    keywords: dict[str, int] = field(default_factory=dict)
    blocks: dict[int, Block] = field(default_factory=dict)

    def count(self, sign: int, uid: int, flags: Flags, size: int) -> Block:
        """Adds (1) or takes away (-1) an entry; the block that it lies in."""
        self._count_keywords(flags, sign)
        self.size += sign * size
        self.counted = True
        block = self.block(uid)
        block.count(sign, flags)
        return block

    def turn(self, uid: int, old: Flags, new: Flags) -> Block:
        """An entry gets other flags; its block."""
        self.turn_keywords(old, new, 1)
        block = self.block(uid)
        block.turn(old, new, 1)
        return block

    def turn_keywords(self, old: Flags, new: Flags, count: int) -> None:
        """So many entries get other flags; what it does to blocks is counted there."""
        self._count_keywords(old, -count)
        self._count_keywords(new, count)

    def block(self, uid: int) -> Block:
        """The sums of the block that a UID lies in."""
        first = first_of(uid)
        block = self.blocks.get(first)
        if block is None:
            block = self.blocks[first] = Block()
        return block

    def sums(self) -> tuple[int, int, int, int]:
        """Messages, unseen, deleted, size."""
        blocks = self.blocks.values()
        messages, unseen = sum(each.messages for each in blocks), sum(each.unseen for each in blocks)
        return messages, unseen, sum(each.deleted for each in blocks), self.size

    def _count_keywords(self, flags: Flags, count: int) -> None:
        for name in keywords_in(flags):
            self.keywords[name] = self.keywords.get(name, 0) + count


class Change:
    """`now` is the time of the change; `quota` in octets, 0 for none; `freed` collects blobs that nobody needs any more;
    `appended` counts new emails; `events` and `annotated` are for the watchers."""

    def __init__(self, db: apsw.Connection, now: float, quota: int = 0) -> None:
        self.db, self.now, self.quota = db, now, quota
        self.freed: set[str] = set()
        self.appended = 0
        self.events: list[MailboxEvent] = []
        self.annotated: list[Annotated] = []
        row = fetch_one(db, "SELECT modseq, used, uidvalidity, email_state, mailbox_state, thread_state FROM account")
        self.modseq: int
        self.used: int
        self.uidvalidity: int
        self.modseq, self.used, self.uidvalidity, self._email_state, self._mailbox_state, self._thread_state = row
        self._before = self.modseq
        self._used_before = self.used
        self._tallies: dict[MailboxId, Tally] = {}
        self._renamed: set[MailboxId] = set()
        self._gone: set[MailboxId] = set()
        self._access: set[MailboxId] = set()
        self._threads: dict[ThreadId, bool] = {}  # whether an email left it

    def next_modseq(self) -> int:
        """The account's next modification sequence."""
        self.modseq += 1
        return self.modseq

    def take_modseqs(self, count: int) -> int:
        """So many modseqs at once, for a statement that hands them out; the first of them."""
        first = self.modseq + 1
        self.modseq += count
        return first

    def next_uidvalidity(self) -> int:
        """Later than every one before, even if the clock went back (RFC 9051 §2.3.1.1)."""
        self.uidvalidity = max(int(self.now), self.uidvalidity + 1)
        return self.uidvalidity

    def tally(self, mailbox: MailboxId) -> Tally:
        """The sums of one mailbox. Raises NoSuchMailbox."""
        tally = self._tallies.get(mailbox)
        if tally is None:
            row = fetch_first(self.db, "SELECT uidnext FROM mailbox WHERE id = ?", (mailbox,))
            if row is None:
                raise NoSuchMailbox(str(mailbox))
            tally = self._tallies[mailbox] = Tally(row[0])
        return tally

    # -- entries ---------------------------------------------------------------------------------------------------
    def place(self, mailbox: MailboxId, email: EmailId, size: int, flags: Flags, modseq: int) -> int:
        """A new entry; returns its UID. Raises NoSuchMailbox."""
        entry = self.new_entry(mailbox, email, size, flags, modseq)
        self.db.execute(INSERT_ENTRY, entry)
        return entry[1]

    def new_entry(self, mailbox: MailboxId, email: EmailId, size: int, flags: Flags, modseq: int) -> NewEntry:
        """The row of a new entry, for INSERT_ENTRY; the sums have it already. Raises NoSuchMailbox."""
        tally = self.tally(mailbox)
        uid = tally.uidnext
        tally.uidnext += 1
        tally.count(1, uid, flags, size).modseq = modseq
        tally.modseq = self._email_state = modseq
        self.used += size
        return mailbox, uid, email, flags, modseq, self.now

    def displace(self, mailbox: MailboxId, uid: int, size: int, flags: Flags, modseq: int) -> None:
        """Removes an entry and leaves its tombstone."""
        tally = self.tally(mailbox)
        tally.count(-1, uid, flags, size)
        tally.modseq = modseq
        self.used -= size
        self.db.execute("DELETE FROM entry WHERE mailbox = ? AND uid = ?", (mailbox, uid))
        self.db.execute("INSERT INTO gone_entry (mailbox, modseq, uid) VALUES (?, ?, ?)", (mailbox, modseq, uid))

    def reflag(self, mailbox: MailboxId, uid: int, old: Flags, new: Flags, modseq: int) -> None:
        """Gives an entry other flags."""
        tally = self.tally(mailbox)
        tally.turn(uid, old, new).modseq = modseq
        tally.modseq = self._email_state = modseq
        self.db.execute(
            "UPDATE entry SET flags = ?, modseq = ? WHERE mailbox = ? AND uid = ?", (new, modseq, mailbox, uid)
        )

    def entries_touched(self, mailbox: MailboxId) -> None:
        """Entries got other flags, with modseqs up to the last one taken; the tally and its blocks know how many."""
        self.tally(mailbox).modseq = self._email_state = self.modseq

    def check_quota(self) -> None:
        """Raises OverQuota if the change has made the account larger than it may be."""
        if self.quota and self.used > self.quota and self.used > self._used_before:
            raise OverQuota("the mailbox is full")

    # -- objects ---------------------------------------------------------------------------------------------------
    def touch_email(self, email: EmailId, modseq: int) -> None:
        """The email itself changed, or left a place. What its entries' modseqs tell need not be told here again."""
        self._email_state = modseq
        self.db.execute("UPDATE email SET modseq = ? WHERE id = ?", (modseq, email))

    def email_made(self, modseq: int) -> None:
        """An email was added with this modseq."""
        self.appended += 1
        self._email_state = modseq

    def email_gone(self, email: EmailId, created: int, modseq: int) -> None:
        """Leaves an email's tombstone."""
        self._email_state = modseq
        self._bury("email", email, created, modseq)

    def next_id(self, table: str) -> int:
        """An id of an email or a thread that none had before; those that follow it are free too."""
        (number,) = fetch_one(self.db, _NEXT_ID.format(table=table))
        return int(number)

    def threads_made(self, threads: Collection[int]) -> None:
        """Adds threads, whose emails come with this change. What comes into them later needs no modseq of its own: nobody
        has been told of them yet."""
        first = self.take_modseqs(len(threads))
        if threads:
            self._thread_state = self.modseq
        self.db.executemany(
            "INSERT INTO thread (id, modseq, created) VALUES (?1, ?2, ?2)",
            [(thread, modseq) for modseq, thread in enumerate(threads, first)],
        )

    def threads_to_come(self) -> None:
        """Emails were added that will get their threads later. To watchers that is now: who asks them for what changed has the
        emails parsed by that."""
        self._thread_state = self.next_modseq()

    def thread_joined(self, thread: ThreadId) -> None:
        """Emails came into a thread that was there before."""
        self._threads.setdefault(thread, False)

    def thread_left(self, thread: ThreadId) -> None:
        """Emails left the thread, perhaps its last."""
        self._threads[thread] = True

    def mailbox_changed(self, mailbox: MailboxId) -> None:
        """Something other than the counts of a mailbox changed."""
        self._renamed.add(mailbox)

    def access_changed(self, mailbox: MailboxId) -> None:
        """Others may do more or less in a mailbox now: whoever watches it looks again."""
        self._access.add(mailbox)

    def mailbox_made(self, modseq: int) -> None:
        """A mailbox was added with this modseq."""
        self._mailbox_state = modseq

    def mailbox_gone(self, mailbox: MailboxId, created: int) -> None:
        """Leaves a mailbox's tombstone; its own row and entries are gone already."""
        self._tallies.pop(mailbox, None)
        self._renamed.discard(mailbox)
        self._gone.add(mailbox)
        self._mailbox_state = self.next_modseq()
        self._bury("mailbox", mailbox, created, self._mailbox_state)

    def _bury(self, kind: str, number: int, created: int, modseq: int) -> None:
        self.db.execute(
            "INSERT INTO gone (kind, modseq, id, created) VALUES (?, ?, ?, ?)", (kind, modseq, number, created)
        )

    # -- the end ---------------------------------------------------------------------------------------------------
    def finish(self) -> AccountChange | None:
        """Writes the sums; returns what watchers are told, None if nothing changed."""
        for thread, left in sorted(self._threads.items()):
            self._settle_thread(thread, left)
        for mailbox, tally in sorted(self._tallies.items()):
            self._settle_mailbox(mailbox, tally)
        for mailbox in sorted(self._renamed):
            self._mailbox_state = modseq = self.next_modseq()
            self.db.execute("UPDATE mailbox SET changed = ?, properties = ? WHERE id = ?", (modseq, modseq, mailbox))
        if self.modseq == self._before and not self._access and not self.annotated:
            return None
        self.db.execute(
            "UPDATE account SET modseq = ?, used = ?, uidvalidity = ?, email_state = ?, mailbox_state = ?, thread_state = ?",
            (self.modseq, self.used, self.uidvalidity, self._email_state, self._mailbox_state, self._thread_state),
        )
        touched = {mailbox: tally.counted for mailbox, tally in self._tallies.items() if tally.modseq}
        return AccountChange(
            frozenset(touched) | self._gone | self._access,
            States(self._email_state, self._mailbox_state, self._thread_state),
            frozenset(mailbox for mailbox, counted in touched.items() if counted),
            tuple(self.events),
            tuple(self.annotated),
            frozenset(self._access),
        )

    def _settle_thread(self, thread: ThreadId, left: bool) -> None:
        self._thread_state = modseq = self.next_modseq()
        if not left or fetch_first(self.db, "SELECT 1 FROM email WHERE thread = ?", (thread,)):
            self.db.execute("UPDATE thread SET modseq = ? WHERE id = ?", (modseq, thread))
            return
        row = fetch_first(self.db, "DELETE FROM thread WHERE id = ? RETURNING created", (thread,))
        if row and row[0] <= self._before:  # else made and gone within this change
            self._bury("thread", thread, row[0], modseq)

    def _settle_mailbox(self, mailbox: MailboxId, tally: Tally) -> None:
        if not tally.modseq:
            return
        changed = 0
        sums = tally.sums()
        if any(sums):
            self._mailbox_state = changed = self.next_modseq()
        self.db.execute(
            "UPDATE mailbox SET uidnext = ?, messages = messages + ?, unseen = unseen + ?, deleted = deleted + ?,"
            " size = size + ?, modseq = ?, changed = max(changed, ?) WHERE id = ?",
            (tally.uidnext, *sums, tally.modseq, changed, mailbox),
        )
        blocks.add(self.db, mailbox, tally.blocks)
        if tally.keywords:
            keywords.add(self.db, mailbox, tally.keywords)
