"""Emails that wait to be parsed: their places are known at once, and whoever asks for more sees them as if they had been."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore, appending, unparsed
from gatepost.adapters.sqlite.accountmail import SqliteAccountMail
from gatepost.adapters.sqlite.rows import fetch_all
from gatepost.model.account import AccountId
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft, EmailId, MailboxId
from gatepost.model.search import HasFlag, Header, Size, SortKey, ThreadIs
from gatepost.model.uidset import ALL_UIDS, UidSet

A1, B2 = AccountId("a1"), AccountId("b2")
SAID = (
    "SELECT m.id, m.thread, m.size, m.header_size, m.sent, m.sent_wall, m.attachment, m.base_subject, m.sort_from, m.sort_to,"
    " m.sort_cc, i.data FROM email m JOIN message_index i ON i.email = m.id ORDER BY m.id"
)


@pytest.fixture
async def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = SqliteMailstore(tmp_path, SystemClock())
    yield made
    await made.close()


def message(number: int, *references: int) -> bytes:
    named = " ".join(f"<{each}@x>" for each in references)
    return (
        f"Message-ID: <{number}@x>\r\nReferences: {named}\r\nDate: Sat, 28 Nov 2026 10:00:{number:02} +0100\r\n"
        f"From: Ada{number} <ada@x>\r\nTo: bob@x\r\nSubject: Re: stones\r\n\r\nneedle {number}\r\n"
    ).encode()


def drafts(inbox: MailboxId, *contents: bytes) -> list[Draft]:
    return [Draft(content, (inbox,), make_flags(["\\Flagged"]), 7.0) for content in contents]


async def waiting(store: SqliteMailstore, account: AccountId = A1) -> list[int]:
    rows = await store.shelf(account).database.read(lambda db: fetch_all(db, "SELECT email FROM unparsed"))
    return [row[0] for row in rows]


async def filled(store: SqliteMailstore, count: int = 5) -> tuple[SqliteAccountMail, MailboxId]:
    mail = store.open(A1)
    inbox = (await mail.mailbox("INBOX")).id
    stored = await mail.append_all(drafts(inbox, *map(message, range(1, count + 1))), later=True)
    assert [each.thread for each in stored] == [None] * count
    assert await waiting(store) == [each.email for each in stored]
    return mail, inbox


async def test_places_are_known_and_change_without_parsing(store: SqliteMailstore) -> None:
    mail, inbox = await filled(store)
    archive = (await mail.mailbox("Archive")).id
    assert list(await mail.uids(inbox)) == [1, 2, 3, 4, 5]
    assert (await mail.opening("INBOX")).mailbox.messages == 5
    await mail.set_flags(inbox, UidSet.of([1]), "add", make_flags(["\\Seen"]))
    await mail.copy(inbox, UidSet.of([1, 2]), archive)
    await mail.move(inbox, UidSet.of([3]), archive)
    assert await mail.search(inbox, HasFlag("\\Seen")) == [1]
    assert len((await mail.listing(inbox)).sizes) == 4
    assert await mail.usage() == sum(len(message(number)) * (2 if number < 3 else 1) for number in range(1, 6))
    assert len(await waiting(store)) == 5


async def test_only_those_are_parsed_that_are_asked_for(store: SqliteMailstore) -> None:
    mail, inbox = await filled(store)
    (found,) = await mail.messages(inbox, UidSet.of([2]), indexed=True)
    assert found.email.index.message_id == "2@x"  # type: ignore[union-attr]
    assert await waiting(store) == [1, 3, 4, 5]
    (outline,) = await mail.outlines([EmailId(4)])
    assert message(4)[outline.header :].startswith(b"needle")
    assert await waiting(store) == [1, 3, 5]
    (placed,) = await mail.placed([EmailId(5)])
    assert placed.placements[0].uid == 5
    assert [each.id for each in await mail.emails([EmailId(3), EmailId(3), EmailId(99)])] == [3, 3]
    assert await waiting(store) == [1]


QUESTIONS = {
    "search text": lambda mail, inbox: mail.search(inbox, Header("from", "ada3")),
    "search size": lambda mail, inbox: mail.search(inbox, Size(over=10)),
    "query": lambda mail, inbox: mail.query(ThreadIs(1), [SortKey("subject")]),
    "threads": lambda mail, inbox: mail.threads([1]),
    "counts": lambda mail, inbox: mail.mailbox_counts(inbox),
    "thread changes": lambda mail, inbox: mail.thread_changes(0),
    "all messages": lambda mail, inbox: mail.messages(inbox, ALL_UIDS, indexed=True),
    "outlines of all": lambda mail, inbox: mail.messages(inbox, ALL_UIDS),
    "many ranges": lambda mail, inbox: mail.messages(inbox, UidSet([(n, n) for n in range(1, 12, 2)])),
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_every_question_is_answered_as_if_all_had_been_parsed_at_once(
    store: SqliteMailstore, question: str
) -> None:
    contents = [message(1), message(2), message(3, 1), b"", b"no header", message(6, 5, 2), message(7)]
    answers = []
    for account, later in ((A1, True), (B2, False)):
        mail = store.open(account)
        inbox = (await mail.mailbox("INBOX")).id
        await mail.append_all(drafts(inbox, *contents), later)
        answers.append(await QUESTIONS[question](mail, inbox))
    if question not in ("thread changes", "all messages", "outlines of all", "many ranges"):  # with modseqs and times
        assert answers[0] == answers[1]
    await store.open(A1).index_text()
    assert not await waiting(store)
    said = [await store.shelf(account).database.read(lambda db: fetch_all(db, SAID)) for account in (A1, B2)]
    whole = question != "many ranges"  # threads are numbered as emails are asked for
    assert [row if whole else row[:1] + row[2:] for row in said[0]] == [
        row if whole else row[:1] + row[2:] for row in said[1]
    ]
    for account in (A1, B2):
        assert await store.upkeep.check(account) == []


async def test_threads_are_found_and_told_when_somebody_asks(store: SqliteMailstore) -> None:
    mail = store.open(A1)
    inbox = (await mail.mailbox("INBOX")).id
    first = await mail.append(Draft(message(1), (inbox,)))
    before = await mail.states()
    await mail.append_all(drafts(inbox, message(2, 1), message(3)), later=True)
    assert (await mail.states()).thread > before.thread
    answer = await mail.append(Draft(message(4, 3), (inbox,)))  # before that which it answers is parsed
    changes = await mail.thread_changes(before.thread)
    assert changes.updated == (first.thread,)
    assert changes.created == (answer.thread,)
    assert await mail.threads([first.thread, answer.thread]) == {first.thread: (2, 1), answer.thread: (3, 4)}  # type: ignore[list-item]
    assert (await mail.thread_changes(changes.modseq)).created == ()


async def test_those_that_go_leave_nothing(store: SqliteMailstore) -> None:
    mail, inbox = await filled(store)
    state = (await mail.states()).thread
    await mail.expunge(inbox, UidSet([(1, 4)]), only_deleted=False)
    assert await waiting(store) == [5]
    assert await mail.destroy_emails([EmailId(5)]) == [5]
    assert await store.upkeep.check(A1) == []
    changes = await mail.thread_changes(state)
    assert (changes.created, changes.destroyed) == ((), ())
    assert set((await mail.email_changes(0)).destroyed) == set()  # born and gone since


async def test_a_replaced_one_hands_its_thread_on(store: SqliteMailstore) -> None:
    mail, inbox = await filled(store)
    await mail.replace(Draft(message(9, 5), (inbox,)), inbox, 5)
    (new,) = await mail.messages(inbox, UidSet.of([6]))
    assert await waiting(store) == [1, 2, 3, 4]
    assert (await mail.threads([new.email.thread])) == {new.email.thread: (new.email.id,)}
    assert await store.upkeep.check(A1) == []


async def test_they_wait_for_the_next_start_and_for_many_who_ask_at_once(
    store: SqliteMailstore, tmp_path: Path
) -> None:
    await filled(store, 200)
    await store.close()
    again = SqliteMailstore(tmp_path, SystemClock())
    mail = again.open(A1)
    assert len(await waiting(again)) == 200
    ids = [EmailId(number) for number in range(1, 201)]
    found = await asyncio.gather(*(mail.emails(ids[start:]) for start in range(0, 200, 20)))
    assert [len(each) for each in found] == list(range(200, 0, -20))
    assert len({email.thread for email in found[0]}) == 200
    assert not await waiting(again)
    assert await again.upkeep.check(A1) == []
    await again.close()


async def test_lost_octets_keep_nobody_waiting(store: SqliteMailstore, tmp_path: Path) -> None:
    mail = store.open(A1)
    inbox = (await mail.mailbox("INBOX")).id
    await mail.append_all(drafts(inbox, message(1), message(2) + b"x" * 70_000), later=True)
    (file,) = (tmp_path / "a1" / "blobs").glob("??/*")
    file.unlink()
    assert [fault.kind for fault in await store.upkeep.check(A1)] == ["lost"]
    whole, lost = await mail.messages(inbox, ALL_UIDS, indexed=True)
    assert whole.email.index.base_subject == "stones"  # type: ignore[union-attr]
    assert (lost.email.size, lost.email.header) == (len(message(2)) + 70_000, 0)
    assert not await waiting(store)


async def test_nothing_is_left_for_later_while_somebody_waits(store: SqliteMailstore) -> None:
    mail, inbox = await filled(store, 300)
    asking = asyncio.ensure_future(mail.mailbox_counts(inbox))
    left = []
    number = 300
    while not asking.done():
        number += 2
        left.append(
            None
            in {
                each.thread
                for each in await mail.append_all(drafts(inbox, message(number), message(number + 1)), later=True)
            }
        )
    assert (await asking).emails >= 300
    assert False in left
    assert True in [each.thread is None for each in await mail.append_all(drafts(inbox, message(1), message(2)), True)]


async def test_a_damaged_row_keeps_nobody_waiting(store: SqliteMailstore, tmp_path: Path) -> None:
    mail, inbox = await filled(store)
    await mail.index_text()
    await store.shelf(A1).database.change(lambda db: db.execute("UPDATE email SET thread = 0 WHERE id = 2") and None)
    assert len(await mail.messages(inbox, ALL_UIDS, indexed=True)) == 5
    assert "thread" in {fault.kind for fault in await store.upkeep.repair(A1)}
    assert await store.upkeep.check(A1) == []


async def test_what_is_too_much_for_later_is_parsed_at_once(
    store: SqliteMailstore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unparsed, "MOST", 4)
    mail, inbox = await filled(store)
    stored = await mail.append_all(drafts(inbox, message(6), message(7)), later=True)
    assert None not in {each.thread for each in stored}
    await mail.index_text()
    monkeypatch.setattr(appending, "BATCH", 100)
    stored = await mail.append_all(drafts(inbox, message(8), message(9)), later=True)
    assert None not in {each.thread for each in stored}


async def test_a_repair_leaves_them_waiting(store: SqliteMailstore) -> None:
    await filled(store)
    database = store.shelf(A1).database
    await database.change(lambda db: db.execute("INSERT INTO unindexed (email) VALUES (99)") and None)
    assert [fault.kind for fault in await store.upkeep.repair(A1)] == ["search"]
    assert len(await waiting(store)) == 5
    assert await store.open(A1).index_text() > 0
    assert await store.upkeep.check(A1) == []


async def test_a_backup_keeps_them(store: SqliteMailstore, tmp_path: Path) -> None:
    mail, inbox = await filled(store)
    assert await store.upkeep.backup(A1, tmp_path / "copy") == []
    await mail.index_text()
    await mail.append_all(drafts(inbox, message(8), message(9)), later=True)
    assert await store.upkeep.restore(A1, tmp_path / "copy") == []
    mail = store.open(A1)
    assert len(await waiting(store)) == 5
    assert [each.email.index.message_id for each in await mail.messages(inbox, ALL_UIDS, indexed=True)] == [  # type: ignore[union-attr, arg-type]
        f"{number}@x" for number in range(1, 6)
    ]
    assert await store.upkeep.check(A1) == []
