"""IMAP SEARCH and JMAP Email/query over one account. For a scan's thread: text is read message by message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import apsw
import msgspec

from gatepost.adapters.sqlite import texts, unparsed
from gatepost.adapters.sqlite.blobs import BlobFiles
from gatepost.adapters.sqlite.blocks import ENTRIES
from gatepost.adapters.sqlite.criteria import has_text, of_blocks, order_by, possible
from gatepost.adapters.sqlite.entries import highest_modseq
from gatepost.adapters.sqlite.expressions import TRUE, Sql
from gatepost.adapters.sqlite.rows import fetch_all, fetch_one
from gatepost.adapters.sqlite.searchindex import narrowed
from gatepost.adapters.sqlite.textmatch import Message, Question, header_test, names_of
from gatepost.model.errors import Overloaded
from gatepost.model.mail import EmailId, MailboxId
from gatepost.model.search import And, Criterion, SortKey, Uids
from gatepost.model.uidset import UidSet

# half of what SQLite takes in one statement: the criteria may be in it twice
_MAX_SQL = 400_000
_MAX_BINDINGS = 15_000
_numbers = msgspec.json.Decoder(list[int]).decode
_FEW = 2000
"""Messages among which a text is looked for one by one: asking the index of text would read what it knows of all."""


def search(db: apsw.Connection, files: BlobFiles, mailbox: MailboxId, criterion: Criterion) -> list[int]:
    """UIDs in `mailbox` that match, ascending. Raises NoSuchMailbox, Overloaded (thousands of criteria)."""
    highest_modseq(db, mailbox)
    if not has_text(criterion):
        among = _candidates(mailbox, criterion)
        if "m." in among.where.text:
            unparsed.require(db)
        return _uids(db, among)
    unparsed.require(db)
    part = _only_text(criterion)
    test = header_test(part)
    if test is None:
        return _examined(db, files, mailbox, criterion)
    kept = "search_brief" if names_of(part) <= texts.BRIEF else "search_head"
    found, unsure = _by_headers(db, _candidates(mailbox, criterion), kept, test)
    if unsure:
        found = sorted([*found, *_examined(db, files, mailbox, And((Uids(unsure), criterion)))])
    return found


class _Candidates(NamedTuple):
    """Entries that can match: tables, condition, and what it takes to have them by UID."""

    tables: str
    where: Sql
    order: str


def _candidates(mailbox: MailboxId, criterion: Criterion, with_email: bool = False) -> _Candidates:
    """With `with_email`, email `m` is among the tables in any case."""
    condition = possible(criterion, entry=True, narrow=_unnarrowed if _few(criterion) else narrowed)
    # no input is ever in the text: an email of which no condition names more than the id need not be looked up
    where = Sql(f"n.mailbox = ? AND {condition.text.replace('m.id', 'n.email')}", mailbox, *condition.bindings)
    tables, join, order = "entry n", "JOIN", "n.uid"
    known = [] if _few(criterion) else [sql for sql in map(of_blocks, _parts(criterion)) if sql is not None]
    if known:
        tables, join, order = ENTRIES, "CROSS JOIN", "k.first, n.uid"
        held = " AND ".join(["k.mailbox = ?", *(sql.text for sql in known)])
        bindings = [binding for sql in known for binding in sql.bindings]
        where = Sql(f"{held} AND {where.text}", mailbox, *bindings, *where.bindings)
    if with_email or "m." in where.text:
        tables += f" {join} email m ON m.id = n.email"
    return _Candidates(tables, where, order)


def _examined(db: apsw.Connection, files: BlobFiles, mailbox: MailboxId, criterion: Criterion) -> list[int]:
    """The same with each candidate's text examined."""
    tables, where, order = _candidates(mailbox, criterion, with_email=True)
    return [row[0] for row in _matching(db, files, criterion, "n.uid", tables, where, Sql(order), entry=True)]


def _only_text(criterion: Criterion) -> Criterion:
    """What SQL cannot answer, where that is one part of it, else all."""
    found = [part for part in _parts(criterion) if has_text(part)]
    return found[0] if len(found) == 1 else criterion


def _by_headers(
    db: apsw.Connection, among: _Candidates, kept: str, test: Callable[[bytes], bool | None]
) -> tuple[list[int], UidSet]:
    """UIDs that match by the headers in table `kept`, and those of which these do not tell. Rows come as they are asked for:
    one header is held at a time."""
    _check_size(among.where)
    query = (
        f"SELECT n.uid, s.header FROM {among.tables} LEFT JOIN {kept} s ON s.email = n.email"  # noqa: S608 - no input in it
        f" WHERE {among.where.text} ORDER BY {among.order}"
    )
    found: list[int] = []
    unsure: list[int] = []
    for uid, header in db.execute(query, among.where.bindings):
        matches = None if header is None else test(header)
        if matches:
            found.append(uid)
        elif matches is None:
            unsure.append(uid)
    return found, UidSet.of(unsure)


def _uids(db: apsw.Connection, among: _Candidates) -> list[int]:
    """As one text, which costs a fraction of a row for each."""
    _check_size(among.where)
    ordered = f"SELECT n.uid AS uid FROM {among.tables} WHERE {among.where.text} ORDER BY {among.order}"  # noqa: S608 - no input
    (listed,) = fetch_one(db, f"SELECT group_concat(uid) FROM ({ordered})", among.where.bindings)  # noqa: S608
    found = _numbers(f"[{listed or ''}]")
    found.sort()  # SQLite has kept the order so far, but promises nothing
    return found


def _check_size(where: Sql) -> None:
    if len(where.text) > _MAX_SQL or len(where.bindings) > _MAX_BINDINGS:
        raise Overloaded("the search has too many criteria")


def _parts(criterion: Criterion) -> tuple[Criterion, ...]:
    """What a message must satisfy all of."""
    return tuple(part for each in criterion.of for part in _parts(each)) if isinstance(criterion, And) else (criterion,)


def _few(criterion: Criterion) -> bool:
    """Whether the UIDs that are asked about are few."""
    return any(isinstance(part, Uids) and len(part.uids) <= _FEW for part in _parts(criterion))


def _unnarrowed(_: Criterion) -> Sql:
    return TRUE


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
    unparsed.require(db)
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
    _check_size(where)
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
