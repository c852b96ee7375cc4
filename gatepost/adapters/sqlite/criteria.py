"""Search criteria as SQL, as far as SQL knows the answer.

Flags, dates, sizes and places are columns; text is not, it is decoded message by message (`textmatch`). So a criterion gives
two things: an SQL condition that is true of every message that can match (`possible`, which asks the index of text), and
for each largest part without text an SQL expression whose value the exact evaluation takes. What needs no text is answered
by SQL alone.

An email `m` is asked about; for a search in a mailbox also its entry `n`, for a query any entry of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gatepost.adapters.sqlite import blocks
from gatepost.adapters.sqlite.expressions import FALSE, TRUE, Sql, join
from gatepost.adapters.sqlite.searchindex import narrowed
from gatepost.model import search as ask
from gatepost.model.flags import SYSTEM_FLAGS
from gatepost.model.search import Criterion
from gatepost.model.uidset import UidSet

TEXT_CRITERIA = (ask.Header, ask.Addresses, ask.Body, ask.Text)
_MAX_RANGES = 2000


def has_text(criterion: Criterion) -> bool:
    """Whether the answer needs the message's text."""
    if isinstance(criterion, (ask.And, ask.Or)):
        return any(has_text(each) for each in criterion.of)
    if isinstance(criterion, ask.Not):
        return has_text(criterion.of)
    return isinstance(criterion, TEXT_CRITERIA)


Narrow: TypeAlias = Callable[[Criterion], Sql]


def possible(criterion: Criterion, entry: bool, text: Sql = TRUE, narrow: Narrow = narrowed) -> Sql:
    """True of every message that can match: text counts as what the index of text lets through, under a Not as false.
    `narrow` asks that index."""
    if isinstance(criterion, TEXT_CRITERIA):
        return FALSE if text is FALSE else narrow(criterion)
    if isinstance(criterion, ask.And):
        return join(" AND ", TRUE, [possible(each, entry, text, narrow) for each in criterion.of])
    if isinstance(criterion, ask.Or):
        return join(" OR ", FALSE, [possible(each, entry, text, narrow) for each in criterion.of])
    if isinstance(criterion, ask.Not):
        inner = possible(criterion.of, entry, FALSE if text is TRUE else TRUE, narrow)
        return Sql(f"(NOT {inner.text})", *inner.bindings)
    return _leaf(criterion, entry)


def of_blocks(criterion: Criterion) -> Sql | None:
    """What is true of every block `k` of entries that match, where the sums of blocks know of it."""
    match criterion:
        case ask.Not(ask.HasFlag("\\Seen")):
            return Sql("k.unseen > 0")
        case ask.HasFlag("\\Deleted"):
            return Sql("k.deleted > 0")
        case ask.ModSeqAtLeast(modseq):
            return Sql("k.modseq >= ?", modseq)
    return None


def _leaf(criterion: Criterion, entry: bool) -> Sql:
    match criterion:
        case ask.Everything():
            return TRUE
        case ask.HasFlag("\\Deleted") if not entry:  # by the blocks that hold any
            return Sql(f"(m.id IN (SELECT n.email FROM {blocks.ENTRIES} WHERE {blocks.MARKED}))")  # noqa: S608
        case ask.HasFlag(flag) if flag in SYSTEM_FLAGS:  # spelled so, and part of no keyword
            return _any_entry(Sql(f"instr(n.flags, '{flag}')"), entry)
        case ask.HasFlag(flag):
            return _any_entry(Sql(f"instr({_FLAGS}, ?)", f" {flag.lower()} "), entry)
        case ask.ThreadHasFlag(flag, every):
            return thread_has_flag(flag, every)
        case ask.Uids(uids):
            return _any_entry(_uids(uids), entry)
        case ask.InMailbox(mailbox):
            return Sql("EXISTS (SELECT 1 FROM entry x WHERE x.email = m.id AND x.mailbox = ?)", mailbox)
        case ask.EmailIs(email):
            return Sql("(m.id = ?)", email)
        case ask.ThreadIs(thread):
            return Sql("(m.thread = ?)", thread)
        case ask.Received(after, before):
            return _between("m.received", after, before)
        case ask.Sent(after, before):
            return _between("m.sent_wall", after, before)
        case ask.Saved(after, before):
            return _any_entry(_between("n.saved", after, before), entry)
        case ask.Size(over, under):
            return _between("m.size", None if over is None else over + 1, under)
        case ask.ModSeqAtLeast(modseq):
            return Sql("(n.modseq >= ?)" if entry else f"({_EMAIL_MODSEQ} >= ?)", modseq)
        case ask.HasAttachment():
            return Sql("m.attachment")
    raise TypeError(f"not a criterion: {type(criterion).__name__}")


_EMAIL_MODSEQ = "max(m.modseq, coalesce((SELECT max(modseq) FROM entry x WHERE x.email = m.id), 0))"
_FLAGS = "(' ' || lower(n.flags) || ' ')"


def _any_entry(condition: Sql, entry: bool) -> Sql:
    """About the entry searched, or about any entry of the email queried."""
    if entry:
        return Sql(f"({condition.text} <> 0)", *condition.bindings)
    text = f"EXISTS (SELECT 1 FROM entry n WHERE n.email = m.id AND {condition.text})"  # noqa: S608 - no input in it
    return Sql(text, *condition.bindings)


def _between(column: str, after: float | None, before: float | None) -> Sql:
    """A column that is NULL is in no interval."""
    parts = [Sql(f"({column} IS NOT NULL)")]
    if after is not None:
        parts.append(Sql(f"(coalesce({column}, 0) >= ?)", after))
    if before is not None:
        parts.append(Sql(f"(coalesce({column}, 0) < ?)", before))
    return join(" AND ", TRUE, parts)


def _uids(uids: UidSet) -> Sql:
    """Too many ranges are looked up as a list of numbers that SQLite indexes once."""
    if len(uids.ranges) <= _MAX_RANGES:
        return join(" OR ", FALSE, [Sql("(n.uid BETWEEN ? AND ?)", low, high) for low, high in uids.ranges])
    pairs = ",".join(f"[{low},{high}]" for low, high in uids.ranges)
    return Sql(
        "EXISTS (SELECT 1 FROM json_each(?) r WHERE n.uid BETWEEN r.value ->> 0 AND r.value ->> 1)", f"[{pairs}]"
    )


def thread_has_flag(flag: str, every: bool) -> Sql:
    """Whether every or some email of the thread has the flag (RFC 8621 §4.4.1)."""
    flagged = f"EXISTS (SELECT 1 FROM entry n WHERE n.email = t.id AND instr({_FLAGS}, ?))"  # noqa: S608
    if every:
        flagged = f"NOT {flagged}"
    found = "NOT EXISTS" if every else "EXISTS"
    text = f"{found} (SELECT 1 FROM email t WHERE t.thread = m.thread AND {flagged})"  # noqa: S608
    return Sql(text, f" {flag.lower()} ")


def order_by(key: ask.SortKey) -> Sql:
    """One sort key as an ORDER BY term. Raises ValueError for a key that nobody defined."""
    way = " DESC" if key.descending else ""
    name, _, flag = key.by.partition(":")
    if flag and name in ("flag", "thread-flag"):
        leaf = possible(ask.HasFlag(flag), entry=False) if name == "flag" else thread_has_flag(flag, every=False)
        return Sql(leaf.text + way, *leaf.bindings)
    if key.by not in _SORT_COLUMNS:
        raise ValueError(f"no sort key: {key.by!r}")
    return Sql(_SORT_COLUMNS[key.by] + way)


_SORT_COLUMNS = {
    "arrival": "m.received",
    "sent": "coalesce(m.sent, m.received)",  # RFC 5256 §2.2
    "saved": "(SELECT max(saved) FROM entry n WHERE n.email = m.id)",
    "size": "m.size",
    "subject": "m.base_subject",
    "from": "m.sort_from",
    "to": "m.sort_to",
    "cc": "m.sort_cc",
}
