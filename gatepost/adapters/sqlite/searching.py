"""IMAP SEARCH and JMAP Email/query over one account. For a scan's thread: text is read message by message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import apsw

from gatepost.adapters.sqlite.blobs import BlobFiles
from gatepost.adapters.sqlite.criteria import UNSEEN, has_text, order_by, possible
from gatepost.adapters.sqlite.entries import highest_modseq
from gatepost.adapters.sqlite.expressions import TRUE, Sql
from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.adapters.sqlite.searchindex import narrowed
from gatepost.adapters.sqlite.textmatch import Message, Question
from gatepost.model.errors import Overloaded
from gatepost.model.mail import EmailId, MailboxId
from gatepost.model.search import And, Criterion, SortKey, Uids

# half of what SQLite takes in one statement: the criteria may be in it twice
_MAX_SQL = 400_000
_MAX_BINDINGS = 15_000
_FEW = 2000
"""Messages among which a text is looked for one by one: asking the index of text would read what it knows of all."""


def search(db: apsw.Connection, files: BlobFiles, mailbox: MailboxId, criterion: Criterion) -> list[int]:
    """UIDs in `mailbox` that match, ascending. Raises NoSuchMailbox, Overloaded (thousands of criteria)."""
    highest_modseq(db, mailbox)
    condition = possible(criterion, entry=True, narrow=_unnarrowed if _few(criterion) else narrowed)
    where = Sql(f"n.mailbox = ? AND {condition.text}", mailbox, *condition.bindings)
    # no input is ever in the text: an email that no condition names need not be looked up
    tables = f"entry n{_index(criterion)}"
    if has_text(criterion) or "m." in condition.text:
        tables += " JOIN email m ON m.id = n.email"
    rows = _matching(db, files, criterion, "n.uid", tables, where, Sql("n.uid"), entry=True)
    return [row[0] for row in rows]


def _parts(criterion: Criterion) -> tuple[Criterion, ...]:
    """What a message must satisfy all of."""
    return tuple(part for each in criterion.of for part in _parts(each)) if isinstance(criterion, And) else (criterion,)


def _few(criterion: Criterion) -> bool:
    """Whether the UIDs that are asked about are few."""
    return any(isinstance(part, Uids) and len(part.uids) <= _FEW for part in _parts(criterion))


def _unnarrowed(_: Criterion) -> Sql:
    return TRUE


def _index(criterion: Criterion) -> str:
    """The index that SQLite does not choose by itself: where few are unread, it would still look at all."""
    return " INDEXED BY entry_unseen" if UNSEEN in _parts(criterion) and not _few(criterion) else ""


def query(
    db: apsw.Connection,
    files: BlobFiles,
    criterion: Criterion,
    sort: Sequence[SortKey],
    collapse: bool,
    limit: int | None,
) -> list[EmailId]:
    """The first `limit` emails that match, in the order asked for; with `collapse` the first of each thread. Raises ValueError for a sort
    key that nobody defined, Overloaded for thousands of criteria."""
    terms = [order_by(key) for key in sort]
    order = Sql(", ".join([*(term.text for term in terms), "m.id"]), *(b for term in terms for b in term.bindings))
    where = possible(criterion, entry=False)
    found: list[EmailId] = []
    threads: set[int] = set()
    # rows come as they are asked for: by date (`email_received`) nothing behind the last one wanted is looked at
    for number, thread in _matching(db, files, criterion, "m.id, m.thread", "email m", where, order, entry=False):
        if limit is not None and len(found) >= limit:
            break
        if not collapse or thread not in threads:
            threads.add(thread)
            found.append(EmailId(number))
    return found


def _matching(
    db: apsw.Connection,
    files: BlobFiles,
    criterion: Criterion,
    columns: str,
    tables: str,
    where: Sql,
    order: Sql,
    entry: bool,
) -> Iterator[tuple[int, ...]]:
    """Rows of `columns`, by SQL alone or with each candidate's text examined."""
    if len(where.text) > _MAX_SQL or len(where.bindings) > _MAX_BINDINGS:
        raise Overloaded("the search has too many criteria")
    tail = f"FROM {tables} WHERE {where.text} ORDER BY {order.text}"
    if not has_text(criterion):
        yield from db.execute(f"SELECT {columns} {tail}", (*where.bindings, *order.bindings))
        return
    question = Question(criterion, entry)
    known = [sql.text for sql in question.known]
    bindings = [binding for sql in question.known for binding in sql.bindings]
    texts = ", ".join([columns, "m.id", "m.blob", "m.header_size", *known])
    width = columns.count(",") + 1
    # all candidates first: a cursor left open while messages are read would hold the statement
    for row in fetch_all(db, f"SELECT {texts} {tail}", (*bindings, *where.bindings, *order.bindings)):
        email, blob, header = row[width : width + 3]
        if question.matches(Message(db, files, email, blob, header, row[width + 3 :])):
            yield row[:width]
