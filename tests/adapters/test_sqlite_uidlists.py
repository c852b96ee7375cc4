"""Lists of UIDs that are remembered are those of the database; what a mailbox's opening asks for survives a migration."""

from __future__ import annotations

import random
from array import array
from pathlib import Path

import pytest

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore
from gatepost.adapters.sqlite.connections import connect
from gatepost.adapters.sqlite.uidlists import UidLists
from gatepost.adapters.sqlite.writer import Elsewhere
from gatepost.model.account import AccountId
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft, MailboxId
from gatepost.model.uidset import ALL_UIDS, UidSet


async def test_lists_follow_what_changes(tmp_path: Path) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    inbox = (await mail.mailbox("INBOX")).id
    chance = random.Random(4)
    for turn in range(60):
        if chance.random() < 0.5:
            await mail.append_all([Draft(b"%d" % turn, (inbox,)) for _ in range(chance.choice((1, 2, 150)))])
        else:
            gone = chance.sample(
                list(await mail.uids(inbox)), k=min(len(await mail.uids(inbox)), chance.choice((1, 3, 120)))
            )
            await mail.expunge(inbox, UidSet.of(gone), only_deleted=False)
        found = await mail.uids(inbox)
        assert list(found) == [entry.uid for entry in await mail.entries(inbox, ALL_UIDS)]
        found[:] = array("I")  # the caller's own
    await store.close()


async def test_what_else_is_shown_follows_too(tmp_path: Path) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    inbox, sent = [(await mail.mailbox(name)).id for name in ("INBOX", "Sent")]
    chance = random.Random(5)
    words = ["\\Seen", "\\Seen", "a", "b", "c"]
    for turn in range(80):
        some = UidSet.of(chance.sample(range(1, 30), k=3))
        flags = make_flags(chance.sample(words, k=2))
        match chance.choice(("append", "add", "remove", "expunge", "copy", "elsewhere")):
            case "append":
                await mail.append(Draft(b"%d" % turn, (inbox,), flags))
            case "expunge":
                await mail.expunge(inbox, UidSet.of(list(some)[:1]), only_deleted=False)
            case "copy":
                await mail.copy(inbox, some, inbox)
            case "elsewhere":
                await mail.append(Draft(b"%d" % turn, (sent,)))
            case mode:
                await mail.set_flags(inbox, some, mode, flags)
        entries = await mail.entries(inbox, ALL_UIDS)
        for opened in (await mail.opening("INBOX"), await mail.opening("INBOX")):
            kept = {flag for entry in entries for flag in entry.flags.split() if not flag.startswith("\\")}
            assert opened.keywords == tuple(sorted(kept))
            assert opened.first_unseen == next((e.uid for e in entries if "\\Seen" not in e.flags), 0)
            assert list(opened.uids) == [entry.uid for entry in entries]
    await store.close()


async def test_lists_are_bounded_and_forgotten(tmp_path: Path) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    boxes: list[MailboxId] = [(await mail.mailbox(name)).id for name in ("INBOX", "Sent", "Trash")]
    for box in boxes:
        await mail.append_all([Draft(b"x", (box,)) for _ in range(40)])
    await store.close()
    lists, owner = UidLists(limit=100), object()
    db = connect(tmp_path / "a1" / "mail.db")
    for box in boxes:
        assert len(lists.uids(db, owner, box)) == 40
    assert len(lists._lists) == 2
    lists.forget(owner)
    assert (len(lists._lists), lists._held) == (0, 0)
    db.executemany("INSERT INTO entry VALUES (?, ?, 1, '', 1, 0.0)", [(boxes[0], uid) for uid in range(100, 1200)])
    with pytest.raises(Elsewhere):
        lists.uids(db, owner, boxes[0], glance=True)
    db.close()


async def test_keywords_of_an_older_version_are_counted(tmp_path: Path) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    inbox = (await mail.mailbox("INBOX")).id
    for flags in (["\\Seen"], ["\\Seen", "b"], ["a", "b"], []):
        await mail.append(Draft(b"x", (inbox,), make_flags(flags)))
    await store.close()
    db = connect(tmp_path / "a1" / "mail.db")
    db.execute(
        "DROP TABLE left_subscription; DROP TABLE keyword;"
        " DROP TABLE unparsed; DROP TABLE fresh_key; DROP TABLE block; CREATE INDEX entry_modseq ON entry (mailbox, modseq);"
        " DROP INDEX email_received; PRAGMA user_version = 6"
    )
    db.close()
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    assert (await mail.opening("INBOX")).keywords == ("a", "b")
    assert (await mail.opening("INBOX")).first_unseen == 3
    assert await store.upkeep.check(AccountId("a1")) == []
    await mail.set_flags(inbox, ALL_UIDS, "remove", make_flags(["a"]))
    assert (await mail.opening("INBOX")).keywords == ("b",)
    await store.close()


async def test_wrong_counts_of_keywords_are_found_and_mended(tmp_path: Path) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(AccountId("a1"))
    inbox = (await mail.mailbox("INBOX")).id
    await mail.append(Draft(b"x", (inbox,), make_flags(["work", "\\Seen"])))
    await mail.opening("INBOX")  # which is remembered
    db = connect(tmp_path / "a1" / "mail.db")
    db.execute("UPDATE keyword SET uses = 7; INSERT INTO keyword VALUES (1, 'gone', 1)")
    db.close()
    assert [fault.kind for fault in await store.upkeep.repair(AccountId("a1"))] == ["count"]
    assert await store.upkeep.check(AccountId("a1")) == []
    assert (await mail.opening("INBOX")).keywords == ("work",)
    await store.close()
