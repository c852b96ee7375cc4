"""Every fault that the check knows is made, found, mended, and not found again; mail is never less afterwards."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import apsw
import pytest

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteDirectory, SqliteMailstore, checking
from gatepost.adapters.sqlite.accountmail import SqliteAccountMail
from gatepost.adapters.sqlite.connections import connect
from gatepost.adapters.sqlite.upkeep import SqliteUpkeep
from gatepost.model.account import AccountId
from gatepost.model.errors import Overloaded, StorageUnavailable
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft
from gatepost.model.search import Body
from gatepost.model.uidset import ALL_UIDS, UidSet
from gatepost.model.upkeep import BadBackup

A1 = AccountId("a1")


@pytest.fixture
async def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = SqliteMailstore(tmp_path / "mail", SystemClock())
    yield made
    await made.close()


@pytest.fixture
async def upkeep(store: SqliteMailstore) -> SqliteUpkeep:
    mail = store.open(A1)
    box = (await mail.mailbox("INBOX")).id
    await mail.append_all([Draft(content(n), (box,), make_flags(["\\Seen"])) for n in range(1, 6)])
    await mail.expunge(box, UidSet.of([5]), only_deleted=False)
    await mail.index_text()
    made = store.upkeep
    assert await made.check(A1) == []
    assert await made.repair(A1) == []
    return made


def content(number: int) -> bytes:
    return b"Subject: %d\r\n\r\nneedle %d %s\r\n" % (number, number, b"x" * (100_000 if number == 4 else 10))


def break_(tmp_path: Path, sql: str) -> None:
    db = connect(tmp_path / "mail" / "a1" / "mail.db")
    db.execute(sql)
    db.close()


async def count(mail: SqliteAccountMail) -> int:
    return sum([len(await mail.uids(box.id)) for box in await mail.mailboxes()])


FAULTS = [
    ("count", "UPDATE mailbox SET messages = 7, unseen = 3 WHERE path = 'INBOX'"),
    ("count", "UPDATE mailbox SET uidnext = 2 WHERE path = 'INBOX'"),
    *(("count", f"UPDATE block SET {wrong}") for wrong in ("unseen = 9", "deleted = 1", "messages = 0", "modseq = 1")),
    ("count", "UPDATE block SET modseq = 999999"),
    ("count", "DELETE FROM block"),
    ("count", "INSERT INTO block VALUES (1, 1280, 1, 0, 0, 1)"),
    ("usage", "UPDATE account SET used = 5"),
    ("entry", "INSERT INTO entry VALUES (1, 77, 99, '', 1, 0)"),
    ("entry", "INSERT INTO entry VALUES (77, 1, 1, '', 1, 0)"),
    ("unplaced", "DELETE FROM entry WHERE uid = 2"),
    ("entry", "UPDATE entry SET mailbox = 77 WHERE uid = 2"),
    ("thread", "DELETE FROM thread WHERE id = 1"),
    ("thread", "INSERT INTO thread (id, modseq, created) VALUES (99, 1, 1)"),
    ("thread", "INSERT INTO thread_key VALUES (x'00', 99, 1)"),
    ("thread", "INSERT INTO fresh_key VALUES (99, x'00', 1)"),
    ("index", "DELETE FROM message_index WHERE email = 2"),
    ("index", "UPDATE message_index SET data = (SELECT data FROM message_index WHERE email = 4) WHERE email = 2"),
    ("index", "UPDATE email SET header_size = 3, base_subject = 'no' WHERE id = 2"),
    ("index", "INSERT INTO message_index SELECT 99, data FROM message_index WHERE email = 1"),
    ("index", "INSERT INTO unparsed VALUES (99)"),
    ("index", "INSERT INTO unparsed VALUES (2)"),
    ("uses", "UPDATE blob SET refs = 5"),
    (
        "orphan",
        "DELETE FROM email WHERE id = 2; DELETE FROM thread WHERE id = 2; DELETE FROM search_header WHERE rowid = 2",
    ),
    ("tombstone", "INSERT INTO gone_entry VALUES (1, 1, 1)"),
    ("tombstone", "INSERT INTO gone_entry VALUES (77, 1, 1)"),
    ("tombstone", "INSERT INTO gone VALUES ('email', 1, 1, 1)"),
    ("tombstone", "INSERT INTO gone VALUES ('mailbox', 1, 1, 1)"),
    ("search", "DELETE FROM search_body WHERE rowid = 2"),
    ("search", "INSERT INTO search_body (rowid, text) VALUES (99, 'abc')"),
    ("search", "INSERT INTO unindexed (email) VALUES (99)"),
]


@pytest.mark.parametrize(("kind", "sql"), FAULTS, ids=[str(n) for n in range(len(FAULTS))])
async def test_found_and_mended(
    upkeep: SqliteUpkeep, store: SqliteMailstore, tmp_path: Path, kind: str, sql: str
) -> None:
    mail = store.open(A1)
    before = await mail.states()
    break_(tmp_path, sql)
    found = await upkeep.check(A1)
    assert kind in {fault.kind for fault in found}, found
    mended = await upkeep.repair(A1)
    assert kind in {fault.kind for fault in mended}
    assert all(fault.mended for fault in mended), mended
    assert await upkeep.check(A1) == []
    assert await count(mail) == 4
    inbox = await mail.mailbox("INBOX")
    assert inbox.messages == len(await mail.uids(inbox.id))
    assert inbox.uidnext >= 6
    assert (await mail.states()).email >= before.email
    assert len(await mail.query(Body("needle"), [])) == 4
    assert len(await mail.emails([entry.email for entry in await mail.entries(inbox.id, ALL_UIDS)])) == inbox.messages


async def test_lost_octets_are_told_marked_and_come_back(
    upkeep: SqliteUpkeep, store: SqliteMailstore, tmp_path: Path
) -> None:
    mail = store.open(A1)
    (file,) = (tmp_path / "mail" / "a1" / "blobs").glob("??/*")
    file.unlink()
    (fault,) = await upkeep.check(A1)
    assert (fault.kind, fault.known) == ("lost", False)
    assert "INBOX, UID 4" in fault.text
    (fault,) = await upkeep.repair(A1)
    assert not fault.mended
    (fault,) = await upkeep.check(A1)
    assert fault.known
    assert await count(mail) == 4
    await mail.append(Draft(content(4), ((await mail.mailbox("Archive")).id,)))
    assert await upkeep.check(A1) == []
    await upkeep.repair(A1)
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    (fault,) = [fault for fault in await upkeep.check(A1) if "INBOX" in fault.text]
    assert (fault.kind, fault.known) == ("damaged", False)


async def test_files_too_many_go_after_an_hour(upkeep: SqliteUpkeep, tmp_path: Path) -> None:
    (folder,) = (tmp_path / "mail" / "a1" / "blobs").glob("??")
    (folder / "stray").write_bytes(b"x")
    assert await upkeep.check(A1) == []
    os.utime(folder / "stray", (1, 1))
    (fault,) = await upkeep.check(A1)
    assert fault.kind == "stray"
    (fault,) = await upkeep.repair(A1)
    assert fault.mended
    assert not (folder / "stray").exists()


async def test_a_damaged_database_is_told(upkeep: SqliteUpkeep, store: SqliteMailstore, tmp_path: Path) -> None:
    assert await upkeep.kept() == [A1]
    await store.close()
    path = tmp_path / "mail" / "a1" / "mail.db"
    octets = bytearray(path.read_bytes())
    pages = len(octets) // 4096
    for page in range(pages // 2, pages):
        octets[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(octets)
    again = SqliteMailstore(tmp_path / "mail", SystemClock())
    broken = again.upkeep
    found = await broken.check(A1)
    assert {fault.kind for fault in found} == {"integrity"}
    assert not all(fault.mended for fault in await broken.repair(A1))
    await again.close()


async def test_a_backup_is_restored_and_uids_are_never_given_again(
    upkeep: SqliteUpkeep, store: SqliteMailstore, tmp_path: Path
) -> None:
    mail = store.open(A1)
    box = await mail.mailbox("INBOX")
    octets = {entry.uid: entry.email for entry in await mail.entries(box.id, ALL_UIDS)}
    assert await upkeep.backup(A1, tmp_path / "copy") == []
    later = await mail.append(Draft(content(9), (box.id,)))
    await mail.expunge(box.id, UidSet.of([2, 4]), only_deleted=False)
    await mail.create_mailbox("Later")
    seen, states = await mail.mailbox("INBOX"), await mail.states()
    await upkeep.restore(A1, tmp_path / "copy")
    with pytest.raises(StorageUnavailable):
        await mail.mailboxes()
    mail = store.open(A1)
    again = await mail.mailbox("INBOX")
    assert again.uidvalidity == box.uidvalidity
    assert again.uidnext == seen.uidnext > box.uidnext
    assert {entry.uid: entry.email for entry in await mail.entries(box.id, ALL_UIDS)} == octets
    delta = await mail.delta(box.id, seen.modseq)
    assert list(delta.vanished.ranges) == [(later.uids[0], later.uids[0])]
    assert [entry.uid for entry in delta.entries] == [1, 2, 3, 4]
    told = await mail.email_changes(states.email)
    assert set(told.destroyed) == {later.email}
    assert set(octets.values()) <= {*told.updated, *told.created}
    assert len((await mail.mailbox_changes(states.mailbox)).destroyed) == 1
    new = await mail.append(Draft(content(10), (box.id,)))
    assert new.uids[0] > later.uids[0]
    assert new.email > later.email
    assert await upkeep.check(A1) == []
    for email in await mail.emails(list(octets.values())):
        assert len(await mail.read_blob(email.blob)) == email.size


async def test_ids_are_not_given_again_after_the_backup_of_an_empty_account(
    store: SqliteMailstore, tmp_path: Path
) -> None:
    mail = store.open(A1)
    box = (await mail.mailbox("INBOX")).id
    assert await store.upkeep.backup(A1, tmp_path / "copy") == []
    seen = await mail.append(Draft(content(1), (box,)))
    await store.upkeep.restore(A1, tmp_path / "copy")
    new = await store.open(A1).append(Draft(content(2), (box,)))
    assert seen.thread is not None
    assert new.thread is not None
    assert (new.email, new.thread) > (seen.email, seen.thread)
    assert new.thread > seen.thread


async def test_files_stay_while_they_are_copied(upkeep: SqliteUpkeep, store: SqliteMailstore, tmp_path: Path) -> None:
    mail, shelf = store.open(A1), store.shelf(A1)
    box = (await mail.mailbox("INBOX")).id
    (file,) = (tmp_path / "mail" / "a1" / "blobs").glob("??/*")
    shelf.held += 1
    await mail.expunge(box, UidSet.of([4]), only_deleted=False)
    await mail.claim_recent(box)
    assert file.exists()
    with pytest.raises(Overloaded):
        await upkeep.restore(A1, tmp_path / "copy")
    shelf.held -= 1
    await mail.append(Draft(content(7), (box,)))
    await mail.append(Draft(content(8), (box,)))  # the writer's thread is past the first one's end
    assert not file.exists()


async def test_a_damaged_backup_changes_nothing(upkeep: SqliteUpkeep, store: SqliteMailstore, tmp_path: Path) -> None:
    await upkeep.backup(A1, tmp_path / "copy")
    path = tmp_path / "copy" / "mail.db"
    path.write_bytes(path.read_bytes()[:5000] + b"\xff" * 20_000)
    for source in ("copy", "nowhere"):
        with pytest.raises(BadBackup):
            await upkeep.restore(A1, tmp_path / source)
    assert await count(store.open(A1)) == 4
    assert await upkeep.check(A1) == []


@pytest.mark.parametrize("crashed", ["before", "between", "after"])
async def test_a_crash_while_folders_change_places(
    upkeep: SqliteUpkeep, store: SqliteMailstore, tmp_path: Path, crashed: str
) -> None:
    await upkeep.backup(A1, tmp_path / "copy")
    mail = store.open(A1)
    await mail.append(Draft(content(9), ((await mail.mailbox("INBOX")).id,)))
    await store.close()
    root = tmp_path / "mail"
    (tmp_path / "copy").rename(root / (".part-a1" if crashed == "before" else ".new-a1"))
    if crashed != "before":
        (root / "a1").rename(root / ".old-a1")
    if crashed == "after":
        (root / ".new-a1").rename(root / "a1")
    again = SqliteMailstore(root, SystemClock())
    assert await count(again.open(A1)) == (5 if crashed == "before" else 4)
    assert [path.name for path in root.iterdir() if path.is_dir()] == ["a1"]
    await again.close()


async def test_the_directory_is_checked_and_copied(tmp_path: Path) -> None:
    directory = SqliteDirectory(tmp_path / "gatepost.db", "example.org")
    await directory.add_domain("example.org")
    assert await directory.check() == []
    await directory.backup(tmp_path / "copy.db")
    await directory.close()
    copied = SqliteDirectory(tmp_path / "copy.db", "example.org")
    assert copied.domains() == ("example.org",)
    await copied.close()


async def test_a_restore_waits_for_those_who_read(upkeep: SqliteUpkeep, store: SqliteMailstore, tmp_path: Path) -> None:
    await upkeep.backup(A1, tmp_path / "copy")
    shelf = store.shelf(A1)
    begun, go_on = threading.Event(), threading.Event()

    def slowly(db: apsw.Connection) -> int:
        begun.set()
        go_on.wait(30)
        return int(db.execute("SELECT count(*) FROM email").get)  # type: ignore[call-overload]

    reading = asyncio.ensure_future(shelf.database.read(slowly, scan=True))
    await asyncio.to_thread(begun.wait, 30)
    restoring = asyncio.ensure_future(upkeep.restore(A1, tmp_path / "copy"))
    done, _ = await asyncio.wait([restoring], timeout=0.3)
    assert not done
    with pytest.raises(StorageUnavailable):
        await store.open(A1).mailboxes()
    go_on.set()
    assert await reading == 4
    assert await restoring == []
    assert await count(store.open(A1)) == 4


async def test_a_backup_of_a_newer_version(upkeep: SqliteUpkeep, store: SqliteMailstore, tmp_path: Path) -> None:
    await upkeep.backup(A1, tmp_path / "copy")
    db = connect(tmp_path / "copy" / "mail.db")
    db.pragma("user_version", 999)
    db.close()
    with pytest.raises(BadBackup, match="newer"):
        await upkeep.restore(A1, tmp_path / "copy")
    assert await count(store.open(A1)) == 4


async def test_no_check_reads_a_table_for_each_row(upkeep: SqliteUpkeep, tmp_path: Path) -> None:
    """What is asked for every row of a table finds its answer by an index."""
    db = connect(tmp_path / "mail" / "a1" / "mail.db")
    for check in checking.CHECKS:
        for query in filter(None, (check.query, *check.mend.split("; "))):
            inside = set[int]()
            for number, parent, _, text in db.execute(f"EXPLAIN QUERY PLAN {query}"):
                if text.startswith("CORRELATED") or parent in inside:
                    inside.add(number)
                    assert not text.startswith("SCAN"), (query, text)
    db.close()
