"""Sums of a mailbox's entries, a block of UIDs at a time: what finds those that changed, are unread or are marked \\Deleted.

An index of them would cost an entry two more rows with each change of its flags; a change of ten thousand entries touches eighty
blocks. So a search goes by the blocks that hold something, and then through their entries only.

Law: `messages`, `unseen` and `deleted` agree with the entries; no entry's modseq is above its block's. The sums are part of every
change (`unit.Tally`), and `checking` holds them against the entries. A block without entries is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import apsw

from gatepost.model.flags import Flags
from gatepost.model.mail import MailboxId

SIZE = 128
"""UIDs of a block: with a million messages there are 8,000 of them."""
ENTRIES = f"block k CROSS JOIN entry n ON n.mailbox = k.mailbox AND n.uid BETWEEN k.first AND k.first + {SIZE - 1}"
"""The entries `n` of blocks `k`. Where these are found by `k.mailbox` alone, `k.first, n.uid` is the order they come in."""
UNSEEN = "k.unseen > 0 AND instr(n.flags, '\\Seen') = 0"
"""Entries without \\Seen."""
MARKED = "k.deleted > 0 AND instr(n.flags, '\\Deleted') > 0"
"""Entries marked \\Deleted."""
CHANGED = "k.modseq > ?1 AND n.modseq > ?1"
"""Entries that changed since."""
COUNTS = "count(*), coalesce(sum(instr(n.flags, '\\Seen') = 0), 0), coalesce(sum(instr(n.flags, '\\Deleted') > 0), 0)"
"""Messages, unseen and deleted, of entries."""
HERE = f"FROM entry n WHERE n.mailbox = k.mailbox AND n.uid BETWEEN k.first AND k.first + {SIZE - 1}"
"""The entries of one block."""
# blocks first, then each by itself: all entries sorted by block would be as much in memory
COUNT_ANEW = (
    "DELETE FROM block; INSERT INTO block (mailbox, first, messages, unseen, deleted, modseq)"  # noqa: S608 - of our own names
    f" SELECT DISTINCT n.mailbox, n.uid & -{SIZE}, 0, 0, 0, 0 FROM entry n;"
    f" UPDATE block AS k SET (messages, unseen, deleted, modseq) = (SELECT {COUNTS}, max(n.modseq) {HERE})"
)
SCHEMA = f"""
CREATE TABLE block (
    mailbox INTEGER NOT NULL,
    first INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    unseen INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    PRIMARY KEY (mailbox, first)
) WITHOUT ROWID;
CREATE INDEX block_modseq ON block (mailbox, modseq);
{COUNT_ANEW};
"""


@dataclass(slots=True)
class Block:
    """What a change adds to the sums of one block; `modseq` is its last in there, 0 for none."""

    messages: int = 0
    unseen: int = 0
    deleted: int = 0
    modseq: int = 0

    def count(self, sign: int, flags: Flags) -> None:
        """Adds (1) or takes away (-1) an entry."""
        self.messages += sign
        self.unseen += sign * ("\\Seen" not in flags)
        self.deleted += sign * ("\\Deleted" in flags)

    def turn(self, old: Flags, new: Flags, count: int) -> None:
        """So many entries get other flags."""
        self.unseen += count * (("\\Seen" not in new) - ("\\Seen" not in old))
        self.deleted += count * (("\\Deleted" in new) - ("\\Deleted" in old))


def same_sums(old: Flags, new: Flags) -> bool:
    """Whether a block's sums are the same with either."""
    return all((flag in old) == (flag in new) for flag in ("\\Seen", "\\Deleted"))


def first_of(uid: int) -> int:
    """The first UID of the block that `uid` lies in."""
    return uid & -SIZE


def add(db: apsw.Connection, mailbox: MailboxId, sums: Mapping[int, Block]) -> None:
    """Adds to the sums of blocks, each by its first UID."""
    db.executemany(
        "INSERT INTO block (mailbox, first, messages, unseen, deleted, modseq) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET messages = messages + excluded.messages, unseen = unseen + excluded.unseen,"
        " deleted = deleted + excluded.deleted, modseq = max(modseq, excluded.modseq)",
        [(mailbox, first, each.messages, each.unseen, each.deleted, each.modseq) for first, each in sums.items()],
    )
    left = [(mailbox, first) for first, each in sums.items() if each.messages < 0]
    if left:
        db.executemany("DELETE FROM block WHERE mailbox = ? AND first = ? AND messages <= 0", left)
