"""The index of text: it lets through whatever matches, in any state, and keeps nothing of mail that is gone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore, indexing, searchindex
from gatepost.adapters.sqlite.accountmail import SqliteAccountMail
from gatepost.adapters.sqlite.connections import connect, prepare
from gatepost.adapters.sqlite.mailschema import migrations
from gatepost.adapters.sqlite.searchindex import LONG_TEXT, Document
from gatepost.model import search as ask
from gatepost.model.account import AccountId
from gatepost.model.errors import StorageUnavailable
from gatepost.model.mail import Draft, EmailId, MailboxId
from gatepost.model.search import Criterion
from gatepost.model.uidset import ALL_UIDS, UidSet
from gatepost.proto.searchform import search_form as fold

TEXTS = st.text(alphabet=st.sampled_from("aAbßİé\u0301\u0338=\0\ud800\"'*:\n 字\U0001f600"), max_size=40)


@given(TEXTS, st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_every_piece_of_a_text_finds_it(text: str, start: int, length: int) -> None:
    db = apsw.Connection(":memory:")
    db.execute("CREATE TABLE email (id INTEGER PRIMARY KEY)")
    db.execute("INSERT INTO email VALUES (1), (2)")
    db.execute(searchindex.SCHEMA)
    searchindex.queue(db, [EmailId(1)])
    folded = fold(text)
    searchindex.fill(db, [Document(EmailId(1), "", searchindex.storable(folded))])
    piece = folded[start : start + length]
    if fold(piece) != piece:  # a person types what folds to it
        return
    sql = searchindex.narrowed(ask.Body(piece))
    found = db.execute(f"SELECT id FROM email m WHERE {sql.text}", sql.bindings).fetchall()
    assert (1,) in found
    assert ((2,) in found) == (len(piece) < 3)
    db.close()


def message(number: int, subject: str = "", body: str = "") -> bytes:
    return (
        f'From: "Pat \\"P.\\" Doe" <pat{number}@example.org>\r\nX-Thing: yes\r\nSubject: {subject or number}\r\n\r\n{body}\r\n'
    ).encode()


ANSWERS: list[tuple[Criterion, list[int]]] = [
    (ask.Body("needle"), [2]),
    (ask.Body("NEEDLE"), [2]),
    (ask.Body("eedlen"), []),
    (ask.Body("ee"), [2, 3]),
    (ask.Text("pat2@EXAMPLE"), [2]),
    (ask.Text("subject: 3"), [3]),
    (ask.Header("subject", "grüße"), [1]),
    (ask.Header("x-thing", ""), [1, 2, 3, 4]),
    (ask.Header("x-nothing", ""), []),
    (ask.Addresses(("from",), 'pat "p." doe <pat3@'), [3]),
    (ask.Addresses(("x-thing",), "yes"), [1, 2, 3, 4]),
    (ask.Not(ask.Body("needle")), [1, 3, 4]),
    (ask.Or((ask.Body("needle"), ask.Header("subject", "grüße"))), [1, 2]),
    (ask.And((ask.Text("example"), ask.Not(ask.Or((ask.Body("needle"), ask.Text("pat3")))))), [1, 4]),
    (ask.Body("haystack"), [4]),
    (ask.Or(tuple(ask.Header("subject", f"none{n}") for n in range(1500))), []),
]


@pytest.fixture
async def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = SqliteMailstore(tmp_path, SystemClock())
    yield made
    await made.close()


async def fill(mail: SqliteAccountMail) -> int:
    box = (await mail.mailbox("INBOX")).id
    long = "x " * LONG_TEXT + "haystack"
    contents = [message(1, "Grüße"), message(2, body="a needle"), message(3, body="seen"), message(4, body=long)]
    await mail.append_all([Draft(content, (box,)) for content in contents])
    return box


@pytest.mark.parametrize("indexed", [0, 2, 4])
async def test_answers_are_the_same_with_and_without(store: SqliteMailstore, indexed: int) -> None:
    mail = store.open(AccountId("a1"))
    box = await fill(mail)
    shelf = mail._shelf
    if indexed:
        found = shelf.database.read_now(lambda db: searchindex.waiting(db, shelf.files, indexed, 1 << 30))
        shelf.database.change_now(lambda db: searchindex.fill(db, found))
    for criterion, expected in ANSWERS:
        assert await mail.search(box, criterion) == expected, criterion  # type: ignore[arg-type]
        assert await mail.query(criterion, []) == expected, criterion


async def test_one_by_one_where_octets_are_many(store: SqliteMailstore) -> None:
    mail = store.open(AccountId("a1"))
    await fill(mail)
    shelf = mail._shelf
    assert len(shelf.database.read_now(lambda db: searchindex.waiting(db, shelf.files, 64, 1))) == 1


async def test_nothing_is_left_of_what_is_gone(store: SqliteMailstore) -> None:
    mail = store.open(AccountId("a1"))
    box = await fill(mail)
    assert await mail.index_text() == 4
    assert await mail.index_text() == 0
    await mail.expunge(box, ALL_UIDS, only_deleted=False)  # type: ignore[arg-type]

    def left(db: apsw.Connection) -> list[int]:
        tables = ("search_header", "search_body")
        found = [
            len(db.execute(f"SELECT rowid FROM {table} WHERE {table} MATCH 'nee OR pat'").fetchall())
            for table in tables
        ]
        return [*found, *(db.execute(f"SELECT count(*) FROM {table}_docsize").get for table in tables)]

    assert mail._shelf.database.read_now(left) == [0, 0, 0, 0]
    assert mail._shelf.database.read_now(lambda db: db.execute("SELECT count(*) FROM unindexed").get) == 0


async def test_gone_while_it_was_being_read(store: SqliteMailstore) -> None:
    mail = store.open(AccountId("a1"))
    box = await fill(mail)
    shelf = mail._shelf
    found = shelf.database.read_now(lambda db: searchindex.waiting(db, shelf.files, 64, 1 << 30))
    await mail.expunge(box, UidSet.of([2]), only_deleted=False)  # type: ignore[arg-type]
    shelf.database.change_now(lambda db: searchindex.fill(db, found))
    assert shelf.database.read_now(lambda db: db.execute("SELECT count(*) FROM search_body_docsize").get) == 2
    assert await mail.search(box, ask.Text("pat")) == [1, 3, 4]  # type: ignore[arg-type]


async def test_lost_octets_end_no_search(store: SqliteMailstore) -> None:
    mail = store.open(AccountId("a1"))
    box = await fill(mail)
    for path in (mail._shelf.folder / "blobs").glob("??/*"):
        path.unlink()
    await mail.index_text()
    assert await mail.search(box, ask.Text("pat")) == [1, 2, 3]  # type: ignore[arg-type]


async def test_mail_of_an_older_version_is_indexed_when_it_is_searched(tmp_path: Path) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    box = await fill(mail)
    await store.close()
    path = tmp_path / "a1" / "mail.db"
    db = connect(path)
    db.execute(
        "DROP TABLE search_header; DROP TABLE search_body; DROP TABLE unindexed; DROP TABLE lost;"
        " DROP TABLE access; DROP TABLE subscription; DROP TABLE annotation; DROP TABLE keyword; DROP INDEX email_received;"
        " DROP TABLE unparsed; DROP TABLE fresh_key; DROP TABLE block; CREATE INDEX entry_modseq ON entry (mailbox, modseq);"
        " DROP TABLE left_subscription; PRAGMA user_version = 1"
    )
    db.close()
    prepare(path, migrations(0.0))
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    assert await mail.search(box, ask.Body("needle")) == [2]  # type: ignore[arg-type]
    assert mail._shelf.index in mail._shelf._indexing._waiting
    assert await mail.index_text() == 4
    assert await mail.search(box, ask.Body("needle")) == [2]  # type: ignore[arg-type]
    await store.close()


async def test_headers_that_lay_with_bodies_are_found_where_they_lie_now(tmp_path: Path) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    box = await fill(mail)
    await mail.index_text()
    asked: list[Criterion] = [
        ask.Header("subject", "needle"),
        ask.Header("x-thing", "yes"),
        ask.Addresses(("from",), "pat"),
    ]
    before = [await mail.search(box, each) for each in asked]  # type: ignore[arg-type]
    await store.close()
    path = tmp_path / "a1" / "mail.db"
    db = connect(path)
    db.execute(
        "ALTER TABLE search_text ADD COLUMN header BLOB; PRAGMA user_version = 10;"
        " UPDATE search_text SET header = (SELECT header FROM search_head h WHERE h.email = search_text.email);"
        " DROP TABLE search_head; DROP TABLE search_brief;"
        " DROP TABLE unparsed; DROP TABLE fresh_key; DROP TABLE block; CREATE INDEX entry_modseq ON entry (mailbox, modseq);"
        " CREATE INDEX entry_unseen ON entry (mailbox, uid) WHERE instr(flags, '\\Seen') = 0;"
        " CREATE INDEX entry_deleted ON entry (mailbox, uid, email) WHERE instr(flags, '\\Deleted') > 0"
    )
    kept = db.execute("SELECT count(header) FROM search_text").get
    db.close()
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    assert [await mail.search(box, each) for each in asked] == before  # type: ignore[arg-type]
    for table in ("search_head", "search_brief"):
        count = f"SELECT count(*) FROM {table}"
        assert await mail._shelf.database.read(lambda db, count=count: db.execute(count).get) == kept > 0  # type: ignore[misc]
    assert await store.upkeep.check(AccountId("a1")) == []
    await store.close()


async def until_indexed(mail: SqliteAccountMail) -> None:
    """Returns when nothing waits; the test's own time limit is the limit."""
    count = "SELECT count(*) FROM unindexed WHERE long = 0"
    while await mail._shelf.database.read(lambda db: db.execute(count).get):
        await asyncio.sleep(0.005)


async def test_the_background_indexes_every_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "ROUND_SECONDS", 0.001)
    monkeypatch.setattr(indexing, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(indexing, "STEP_EMAILS", 2)
    store = SqliteMailstore(tmp_path, SystemClock())
    accounts = [store.open(AccountId(f"a{n}")) for n in range(3)]
    for mail in accounts:
        await fill(mail)
    for mail in accounts:
        await until_indexed(mail)
    await accounts[0].append(Draft(message(5, body="another"), (MailboxId(1),)))  # after a rest
    await until_indexed(accounts[0])
    assert await accounts[0].search(MailboxId(1), ask.Body("another")) == [5]
    await store.close()


async def test_the_index_waits_for_a_pause_and_then_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "STEP_EMAILS", 2)
    now = [100.0]
    store = SqliteMailstore(tmp_path, SystemClock())
    store._threads.stopping.set()  # the test takes the background's place
    await fill(store.open(AccountId("a1")))  # four messages
    index = store.shelf(AccountId("a1")).index
    turns = indexing.Indexing(store._threads, lambda: now[0])
    turns.wake(index)
    now[0] += indexing.PATIENCE_SECONDS - 1.0
    assert turns._due() == []
    turns.wake(index, 3)
    now[0] += indexing.QUIET_SECONDS / 2
    turns.wake(index)
    assert turns._due() == []  # more has just come
    now[0] += indexing.QUIET_SECONDS
    for _ in range(3):  # the third finds nothing
        assert turns._due() == [index]
        turns._index(index)
    assert turns._due() == []
    turns.wake(index)
    for _ in range(int(indexing.PATIENCE_SECONDS)):
        assert turns._due() == []
        turns.wake(index, 100)  # without a pause
        now[0] += 1.0
        turns.wake(index)
    assert turns._due() == [index]
    await store.close()


async def test_a_few_messages_wait_and_a_closing_store_does_not(tmp_path: Path) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    await fill(mail)
    waiting = store.shelf(AccountId("a1")).index
    assert store._indexing._due() == []
    store._indexing.wake(waiting, indexing.STEP_EMAILS)
    await store.close()
    with pytest.raises(StorageUnavailable):
        waiting.step()
    store._indexing._index(waiting)  # says nothing: whoever asked has been told


@pytest.mark.parametrize("name", ["subject", "x-long", "from", "absent"])
@pytest.mark.parametrize("word", ["", "ß", "two", "a <b@c.example>", "\udce4", "three\n", "Subject", "x-long: two"])
async def test_kept_texts_answer_as_messages_do(tmp_path: Path, name: str, word: str) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    box = (await mail.mailbox("INBOX")).id
    contents = [
        b"Subject: one\r\nX-Long: two\r\n three\r\nFrom: a <b@c.example>\r\n\r\ntwo STRASSE\r\n",
        b'X-Long: two\r\nX-Long:\r\nSubject: =?utf-8?q?three=0AX-Long:_two?=\r\nFrom: "a" (x) <b@c.example>\r\n\r\n\xe4 three\r\n',
        "Subject: Straße\r\n\r\n".encode(),
        b"no header at all two",
        b"",
    ]
    await mail.append_all([Draft(content, (box,)) for content in contents])
    asked = [ask.Header(name, word), ask.Addresses((name,), word), ask.Body(word), ask.Text(word)]
    before = [await mail.search(box, each) for each in (*asked, *map(ask.Not, asked))]
    await mail.index_text()
    assert [await mail.search(box, each) for each in (*asked, *map(ask.Not, asked))] == before
    assert await store.upkeep.check(AccountId("a1")) == []
    await store.close()
