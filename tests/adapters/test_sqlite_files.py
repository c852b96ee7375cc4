"""Blobs as files, and what lies on the disk: private, complete, and nothing too many."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteDirectory, SqliteMailstore
from gatepost.adapters.sqlite.accountmail import SqliteAccountMail
from gatepost.adapters.sqlite.blobs import blob_id, blob_ids
from gatepost.adapters.sqlite.connections import connect
from gatepost.model.account import AccountId
from gatepost.model.errors import NoSuchBlob, OverQuota, StorageUnavailable
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft, MailboxId
from gatepost.model.uidset import ALL_UIDS

LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 10_000


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteMailstore]:
    made = SqliteMailstore(tmp_path / "mail", SystemClock())
    yield made
    await made.close()


@pytest.fixture
def mail(store: SqliteMailstore) -> SqliteAccountMail:
    return store.open(AccountId("a1"))


def files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "mail" / "a1" / "blobs").rglob("*") if path.is_file())


async def inbox(mail: SqliteAccountMail) -> MailboxId:
    return (await mail.mailbox("INBOX")).id


async def settle(mail: SqliteAccountMail) -> None:
    """Files go after the commit; the next commit is after that."""
    for name in ("a", "b"):
        await mail.put_script(name, b"keep;")


async def test_everything_is_private(tmp_path: Path, mail: SqliteAccountMail) -> None:
    old = os.umask(0)
    try:
        await mail.append(Draft(LARGE, (await inbox(mail),)))
        directory = SqliteDirectory(tmp_path / "state" / "gatepost.db", "example.org")
        await directory.add_domain("example.org")
        await directory.close()
    finally:
        os.umask(old)
    for top in ("mail", "state"):
        for path in [tmp_path / top, *(tmp_path / top).rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


async def test_a_large_message_is_one_file_however_often_it_comes(tmp_path: Path, mail: SqliteAccountMail) -> None:
    box = await inbox(mail)
    stored = await asyncio.gather(*(mail.append(Draft(LARGE, (box,))) for _ in range(5)))
    (file,) = files(tmp_path)
    assert (file.name, file.parent.name, file.read_bytes()) == (stored[0].blob, stored[0].blob[:2], LARGE)
    await mail.destroy_emails([each.email for each in stored[1:]])
    await settle(mail)
    assert files(tmp_path) == [file]
    await mail.expunge(box, ALL_UIDS, only_deleted=False)
    await settle(mail)
    assert files(tmp_path) == []


async def test_coming_and_going_at_once_never_loses_a_file(mail: SqliteAccountMail) -> None:
    box = await inbox(mail)
    stored = await mail.append(Draft(LARGE, (box,)))
    for _ in range(15):
        _, stored = await asyncio.gather(mail.destroy_emails([stored.email]), mail.append(Draft(LARGE, (box,))))
        assert await mail.read_blob(stored.blob) == LARGE


async def test_part_of_a_file_is_read_without_the_rest(tmp_path: Path, mail: SqliteAccountMail) -> None:
    stored = await mail.append(Draft(LARGE, (await inbox(mail),)))
    (file,) = files(tmp_path)
    with file.open("r+b") as handle:  # a hole of a terabyte, which nobody could read as a whole
        handle.truncate(1 << 40)
    assert await mail.read_blob(stored.blob, 17, 40) == LARGE[17:40]
    assert len(await mail.read_blob(stored.blob)) == len(LARGE)


async def test_a_refused_message_leaves_no_file(
    tmp_path: Path, store: SqliteMailstore, mail: SqliteAccountMail
) -> None:
    box = await inbox(mail)
    small = store.open(AccountId("a1"), quota=1000)
    with pytest.raises(OverQuota):
        await small.append(Draft(LARGE, (box,)))
    await settle(mail)
    assert files(tmp_path) == []


async def test_a_full_disk_leaves_no_file_and_no_row(tmp_path: Path, mail: SqliteAccountMail) -> None:
    box = await inbox(mail)
    await mail.append(Draft(b"small\r\n", (box,)))
    states = await mail.states()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        for _ in range(2):
            with pytest.raises(StorageUnavailable):
                await mail.append(Draft(LARGE, (box,)))
        assert len(await mail.entries(box, ALL_UIDS)) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await mail.states() == states
    assert files(tmp_path) == []
    assert (await mail.append(Draft(LARGE, (box,)))).uids == (2,)


async def test_what_a_crash_left_is_swept_and_nothing_else(tmp_path: Path, mail: SqliteAccountMail) -> None:
    stored = await mail.append(Draft(LARGE, (await inbox(mail),)))
    folder = tmp_path / "mail" / "a1" / "blobs" / "00"
    folder.mkdir(mode=0o700)
    old, fresh = folder / ("0" * 40), folder / ("00" + "1" * 38)
    for path in (old, fresh):
        path.write_bytes(b"stray")
    os.utime(old, (1, 1))
    os.utime(tmp_path / "mail" / "a1" / "blobs" / stored.blob[:2] / stored.blob, (1, 1))
    other = SqliteMailstore(tmp_path / "mail", SystemClock())  # the next process
    await settle(other.open(AccountId("a1")))
    await other.close()
    assert not old.exists()
    assert fresh.exists()
    assert await mail.read_blob(stored.blob) == LARGE


async def test_a_file_that_is_gone_is_no_blob(tmp_path: Path, mail: SqliteAccountMail) -> None:
    stored = await mail.append(Draft(LARGE, (await inbox(mail),)))
    files(tmp_path)[0].unlink()
    with pytest.raises(NoSuchBlob):
        await mail.read_blob(stored.blob)
    again = await mail.append(Draft(LARGE, (await inbox(mail),)))  # the same octets heal it
    assert await mail.read_blob(again.blob) == LARGE


async def test_erased_is_gone_for_whoever_has_it_open(
    tmp_path: Path, store: SqliteMailstore, mail: SqliteAccountMail
) -> None:
    box = await inbox(mail)
    await mail.append(Draft(LARGE, (box,)))
    await store.erase(AccountId("a1"))
    assert not (tmp_path / "mail" / "a1").exists()
    with pytest.raises(StorageUnavailable):
        await mail.append(Draft(LARGE, (box,)))
    with pytest.raises(StorageUnavailable):
        await mail.mailboxes()


@pytest.mark.parametrize("account", ["", "..", "A", "a/b", "a\x00", "x" * 65])
def test_only_our_own_ids_become_folders(store: SqliteMailstore, account: str) -> None:
    with pytest.raises(ValueError, match="account id"):
        store.open(AccountId(account))


async def test_sixty_four_appends_at_once(mail: SqliteAccountMail) -> None:
    box = await inbox(mail)
    content = [b"Subject: %d\r\n\r\nbody\r\n" % n for n in range(64)]
    stored = await asyncio.gather(*(mail.append(Draft(each, (box,), make_flags(["\\Seen"]))) for each in content))
    assert sorted(each.uids[0] for each in stored) == list(range(1, 65))
    assert len({each.modseq for each in stored}) == 64
    for each, octets in zip(stored, content, strict=True):
        assert await mail.read_blob(each.blob) == octets


def test_ids_of_one_days_mail_lie_together() -> None:
    def dated(date: str, body: str = "") -> bytes:
        return f"Subject: x\r\nDate: {date}\r\n\r\n{body}".encode()

    monday = dated("Mon, 1 Jan 2024 12:00:00 +0100")
    ids = {blob_id(monday), blob_id(dated("1 Jan 2024 01:02:03 -0800")), blob_id(monday + b".")}
    assert len(ids) == 3
    assert {each[:4] for each in ids} == {f"{19723:04x}"}
    assert blob_id(dated("Tue, 2 Jan 2024 12:00:00 +0100"))[:4] == f"{19724:04x}"
    for odd in (dated("Mon, 31 Feb 2024 12:00:00 +0100"), dated("yesterday"), b"", b"\0"):
        assert blob_ids(odd)[0] == blob_ids(odd)[1]
    for content in (monday, dated("1 Jan 9999 00:00:00 +0000"), dated("1 Jan 0001 00:00:00 +0000")):
        assert all(re.fullmatch("[0-9a-f]{40}", each) for each in blob_ids(content))
        assert len(set(blob_ids(content))) == 2


async def test_octets_of_an_older_version_are_themselves(
    store: SqliteMailstore, mail: SqliteAccountMail, tmp_path: Path
) -> None:
    content = b"Date: x\r\nDate: Mon, 1 Jan 2024 12:00:00 +0100\r\n\r\nHello."
    inbox = (await mail.mailbox("INBOX")).id
    new = await mail.append(Draft(content, (inbox,)))
    _, old = blob_ids(content)
    db = connect(tmp_path / "mail" / "a1" / "mail.db")
    db.execute("UPDATE blob SET id = ?1; UPDATE email SET blob = ?1", {"1": old})
    db.close()
    assert new.blob != old
    assert await store.upkeep.check(AccountId("a1")) == []
    assert await mail.read_blob(old) == content
