"""Sums of blocks: they agree with the entries whatever is done, and what goes by them finds what a look at all would find."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore, blocks, entries, flagging
from gatepost.adapters.sqlite.accountmail import SqliteAccountMail
from gatepost.adapters.sqlite.connections import connect
from gatepost.adapters.sqlite.mailschema import migrations
from gatepost.adapters.sqlite.states import changes
from gatepost.adapters.sqlite.uidlists import UidLists
from gatepost.adapters.sqlite.unit import Change
from gatepost.model import search as ask
from gatepost.model.account import AccountId
from gatepost.model.flags import has_flag, make_flags
from gatepost.model.mail import Draft, EmailUpdate, Entry, MailboxId
from gatepost.model.uidset import ALL_UIDS, UidSet

A1 = AccountId("a1")
FLAGS = ("\\Seen", "\\Deleted", "\\Flagged", "work", "\\Seen Work other", "\\Seen \\Deleted", "")


def some_flags(chance: random.Random) -> list[str]:
    return chance.choice(FLAGS).split()


def some_uids(chance: random.Random) -> UidSet:
    low = chance.randrange(1, 700)
    return chance.choice(
        [
            ALL_UIDS,
            UidSet([(low, low + 300)]),
            UidSet([(low, low)]),
            UidSet([(low, low + 20), (low + 40, low + 90), (9000, 9999)]),
            UidSet([(uid, uid) for uid in range(low, low + 200, 3)]),
        ]
    )


async def some_change(mail: SqliteAccountMail, chance: random.Random, inbox: MailboxId, other: MailboxId) -> None:
    match chance.choice("aafffffmcxue"):
        case "a":
            count = chance.choice((1, 30, 150))
            await mail.append_all([Draft(b"x", (inbox,), make_flags(some_flags(chance)))] * count)
        case "f":
            mode = chance.choice(("add", "remove", "replace"))
            since = chance.choice((None, None, (await mail.mailbox_by_id(inbox)).modseq - chance.randrange(400)))
            await check_flagging(mail, chance, inbox, mode, since)
        case "m":
            await mail.move(inbox, UidSet([(chance.randrange(700), 720)]), other)
        case "c":
            await mail.copy(inbox, UidSet([(low := chance.randrange(700), low + 40)]), inbox)
        case "x":
            await mail.expunge(inbox, some_uids(chance))
        case "u":
            for entry in (await mail.entries(inbox, ALL_UIDS))[:3]:
                await mail.update_emails(
                    [EmailUpdate(entry.email, frozenset((inbox, other)), make_flags(some_flags(chance)))]
                )
        case "e":
            low = chance.randrange(700)
            await mail.expunge(inbox, UidSet([(low, low + chance.choice((0, 140)))]), only_deleted=False)


async def check_flagging(
    mail: SqliteAccountMail, chance: random.Random, inbox: MailboxId, mode: str, since: int | None
) -> None:
    """What is told of a change is what can be read after it."""
    uids, flags = some_uids(chance), make_flags(some_flags(chance))
    before = await mail.entries(inbox, uids)
    done = await mail.set_flags(inbox, uids, mode, flags, since)
    after = await mail.entries(inbox, uids)
    late = [entry.uid for entry in before if since is not None and entry.modseq > since]
    assert list(done.failed) == late
    told = [entry for entry in after if entry.uid not in done.failed]
    assert done.count == len(told)
    assert list(zip(done.now.uids, done.now.flags, done.now.modseqs, strict=True)) == [
        (entry.uid, entry.flags, entry.modseq) for entry in told
    ]
    changed = [new.modseq for old, new in zip(before, after, strict=True) if new != old]
    assert bool(changed) == bool(done.first)
    assert len(set(changed)) == len(changed)
    assert all(done.first <= modseq <= done.modseq for modseq in changed)
    assert all((new.modseq == old.modseq) == (new.flags == old.flags) for old, new in zip(before, after, strict=True))


async def check_answers(mail: SqliteAccountMail, chance: random.Random, inbox: MailboxId) -> None:
    """By blocks, and by looking at everything."""
    every = await mail.entries(inbox, ALL_UIDS)
    mailbox = await mail.mailbox_by_id(inbox)
    since = chance.choice((mailbox.modseq, mailbox.modseq - 3, mailbox.modseq // 2, 1))
    asked = some_uids(chance)
    assert (await mail.delta(inbox, since)).entries == tuple(entry for entry in every if entry.modseq > since)
    assert await mail.entries(inbox, asked, since) == [e for e in every if e.modseq > since and e.uid in asked]

    def uids(test: Callable[[Entry], bool]) -> list[int]:
        return [entry.uid for entry in every if test(entry)]

    unseen = uids(lambda entry: not has_flag(entry.flags, "\\Seen"))
    assert await mail.search(inbox, ask.Not(ask.HasFlag("\\Seen"))) == unseen
    assert (await mail.opening("INBOX")).first_unseen == (unseen[0] if unseen else 0)
    marked = uids(lambda entry: has_flag(entry.flags, "\\Deleted"))
    assert await mail.search(inbox, ask.HasFlag("\\Deleted")) == marked
    assert (mailbox.messages, mailbox.unseen, mailbox.deleted) == (len(every), len(unseen), len(marked))
    late = ask.And((ask.ModSeqAtLeast(since), ask.Received(0.0, None), ask.Not(ask.HasFlag("\\Seen"))))
    assert await mail.search(inbox, late) == [e.uid for e in every if e.modseq >= since and e.uid in set(unseen)]


@pytest.mark.parametrize("seed", range(4))
async def test_blocks_agree_with_entries(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(flagging, "_AT_ONCE", chance.choice((70, 20_000)))
    monkeypatch.setattr(entries, "_CHANGED", chance.choice((10, 2000)))
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(A1)
    inbox, other = (await mail.mailbox("INBOX")).id, (await mail.create_mailbox("Other")).id
    await mail.append_all([Draft(b"x", (inbox,))] * 300)
    for _ in range(40):
        await some_change(mail, chance, inbox, other)
        await check_answers(mail, chance, inbox)
    assert await store.upkeep.check(A1) == []
    await mail.expunge(inbox, ALL_UIDS, only_deleted=False)
    await mail.delete_mailbox(other)
    assert await mail._shelf.database.read(lambda db: db.execute("SELECT * FROM block").fetchall()) == []
    await store.close()


async def test_blocks_of_an_older_version_are_counted(tmp_path: Path) -> None:
    store = SqliteMailstore(tmp_path, SystemClock())
    mail = store.open(A1)
    inbox = (await mail.mailbox("INBOX")).id
    await mail.append_all(
        [Draft(b"x", (inbox,), make_flags(["\\Seen"] if n % 3 else ["\\Deleted"])) for n in range(300)]
    )
    await store.close()
    db = connect(tmp_path / "a1" / "mail.db")
    before = db.execute("SELECT * FROM block").fetchall()
    db.execute(
        "DROP TABLE unparsed; DROP TABLE fresh_key; DROP TABLE block; CREATE INDEX entry_modseq ON entry (mailbox, modseq);"
        " CREATE INDEX entry_unseen ON entry (mailbox, uid, flags) WHERE instr(flags, '\\Seen') = 0;"
        " CREATE INDEX entry_deleted ON entry (mailbox, uid, email) WHERE instr(flags, '\\Deleted') > 0;"
        " PRAGMA user_version = 12"
    )
    db.close()
    store = SqliteMailstore(tmp_path, SystemClock())
    assert await store.upkeep.check(A1) == []
    now = await store.open(A1)._shelf.database.read(lambda db: db.execute("SELECT * FROM block").fetchall())
    assert [row[:5] for row in now] == [row[:5] for row in before]
    assert sum(row[4] for row in now) == 100
    await store.close()


COUNT = 20_000


def large(db: apsw.Connection) -> MailboxId:
    """A mailbox of many that are read, one of them unread and one marked."""
    for migrate in migrations(0.0):
        migrate(db)
    inbox = MailboxId(1)
    rows = [(inbox, uid, uid, "\\Seen", 100 + uid, 0.0) for uid in range(1, COUNT + 1)]
    db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", rows)
    db.execute(
        "UPDATE entry SET flags = '' WHERE uid = 15000; UPDATE entry SET flags = '\\Deleted \\Seen' WHERE uid = 7000"
    )
    top = 100 + COUNT
    db.execute(
        "UPDATE mailbox SET uidnext = ?, messages = ?, unseen = 1, deleted = 1, modseq = ?", (COUNT + 1, COUNT, top)
    )
    db.execute("UPDATE account SET modseq = ?, email_state = ?", (top, top))
    db.execute(
        "INSERT INTO email SELECT uid, 1, '', 1, 1, uid, NULL, NULL, 0, '', '', '', '', 1, 1 FROM entry;"
        " INSERT INTO thread VALUES (1, 1, 1)"
    )
    db.execute(blocks.COUNT_ANEW)
    return inbox


def test_little_is_looked_at_where_little_is_asked_for() -> None:
    """In steps of SQLite's machine, of which a row takes five or more."""
    db = apsw.Connection(":memory:")
    inbox = large(db)
    top, lists, owner = 100 + COUNT, UidLists(), object()
    known = lists.uids(db, owner, inbox)

    def steps(work: Callable[[], object]) -> int:
        count = 0

        def tick() -> bool:
            nonlocal count
            count += 100
            return False

        db.set_progress_handler(tick, 100)
        work()
        db.set_progress_handler(None)
        return count

    def flag(uid: int) -> None:
        change = Change(db, 0.0)
        wish = flagging.Wish("add", make_flags(["\\Flagged"]), None, entries.ALL_RIGHTS)
        assert flagging.set_flags(change, inbox, UidSet.of([uid]), wish, quiet=True).count == 1
        change.finish()

    def expunge() -> None:
        change = Change(db, 0.0)
        assert str(entries.expunge(change, inbox, UidSet([(1, COUNT)]), only_deleted=True).vanished) == "7000"
        change.finish()

    def is_(found: object, wanted: object) -> None:
        assert found == wanted

    little = 4000
    assert steps(lambda: is_(entries.first_unseen(db, inbox), 15000)) < little
    assert steps(lambda: flag(9000)) < little
    assert steps(lambda: is_([e.uid for e in entries.glance_delta(db, inbox, top).entries], [9000])) < little
    assert steps(lambda: is_([e.uid for e in entries.entries(db, inbox, UidSet([(1, COUNT)]), top)], [9000])) < little
    assert steps(lambda: is_(changes(db, "email", top, None).updated, (9000,))) < little
    assert steps(lambda: is_(lists.uids(db, owner, inbox), known)) < little
    assert steps(expunge) < little
