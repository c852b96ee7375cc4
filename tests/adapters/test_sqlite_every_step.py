"""Killed between any two steps of a change: what was answered is there, what was not is whole or absent.

A step is a statement of the writer, a commit's beginning and end, or a call that touches a file. One child process runs the
scenario again and again, each time in a fork that dies one step later.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore
from gatepost.model.account import AccountId
from gatepost.model.mail import BlobId
from gatepost.model.uidset import ALL_UIDS

SCENARIO = textwrap.dedent(
    """
    import asyncio, os, sys
    from pathlib import Path
    from gatepost.adapters.clock import SystemClock
    from gatepost.adapters.sqlite import SqliteMailstore, writer
    from gatepost.model.account import AccountId
    from gatepost.model.flags import make_flags
    from gatepost.model.mail import Draft, MailboxUpdate
    from gatepost.model.uidset import ALL_UIDS, UidSet

    left = None

    def step(*_):
        global left
        if left is not None:
            left -= 1
            if left < 0:
                os._exit(9)
        return False

    def stepping(function):
        def call(*arguments, **named):
            step()
            result = function(*arguments, **named)
            step()
            return result
        return call

    for name in ("fsync", "fdatasync", "rename", "unlink", "mkdir"):
        setattr(os, name, stepping(getattr(os, name)))

    connect = writer.connect

    def watched(path, query_only=False):
        connection = connect(path, query_only)
        if not query_only:
            connection.set_commit_hook(step)
            connection.set_wal_hook(lambda *_: step() or 0)
            connection.exec_trace = lambda *_: step() or True
        return connection

    writer.connect = watched

    async def scenario(folder, steps):
        global left
        mail = SqliteMailstore(folder, SystemClock()).open(AccountId("a1"))
        inbox, archive = (await mail.mailbox("INBOX")).id, (await mail.mailbox("Archive")).id
        box = (await mail.create_mailbox("Box")).id
        large = b"L" * 70_000
        await mail.append_all([Draft(b"Subject: %d\\r\\n\\r\\n" % n + large * (n == 2), (inbox,)) for n in range(4)])
        answers = os.open(folder / "answers", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        def answered(text):
            os.write(answers, text.encode() + b"\\n")

        left = steps
        stored = await mail.append(Draft(b"Subject: small\\r\\n\\r\\n", (inbox,)))
        answered(f"appended {stored.uids[0]} {stored.blob} {stored.size}")
        stored = await mail.append(Draft(b"Subject: large\\r\\n\\r\\n" + large, (inbox, archive)))
        answered(f"appended {stored.uids[0]} {stored.blob} {stored.size}")
        await mail.move(inbox, UidSet.of([1]), archive)
        answered("moved")
        await mail.update_mailbox(box, MailboxUpdate(name="Renamed"))
        answered("renamed")
        await mail.expunge(inbox, UidSet.of([3]), only_deleted=False)
        answered("expunged")
        left = None

    root = Path(sys.argv[1])
    for steps in range(1000):
        (root / str(steps)).mkdir()
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(scenario(root / str(steps), steps))
            finally:
                os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(steps, code, flush=True)
        if code == 0:
            break
    """
)


async def check(folder: Path) -> list[str]:
    """What one fork answered, held against what is there."""
    store = SqliteMailstore(folder, SystemClock())
    mail = store.open(AccountId("a1"))
    answers = (folder / "answers").read_text().split("\n")[:-1]
    inbox, archive = await mail.mailbox("INBOX"), await mail.mailbox("Archive")
    here = {entry.uid: entry.email for entry in await mail.entries(inbox.id, ALL_UIDS)}
    there = await mail.emails([entry.email for entry in await mail.entries(archive.id, ALL_UIDS)])
    assert await store.upkeep.check(AccountId("a1")) == []
    assert inbox.uidnext > max(here)
    moved = [email for email in there if email.size < 1000]
    assert (1 in here) != bool(moved)  # in one place, never in two or none
    large = [number for number in here.values() if number in {email.id for email in there}]
    assert len(large) == len(there) - len(moved)  # in both or in neither
    paths = {box.path for box in await mail.mailboxes()}
    assert ("Box" in paths) != ("Renamed" in paths)
    for answer in answers:
        match answer.split(" "):
            case ["appended", uid, blob, size]:
                assert int(uid) in here
                assert len(await mail.read_blob(BlobId(blob))) == int(size)
            case ["moved"]:
                assert moved
            case ["renamed"]:
                assert "Renamed" in paths
            case ["expunged"]:
                assert 3 not in here
    for email in await mail.emails(list(here.values())):
        assert len(await mail.read_blob(email.blob)) == email.size
    await store.close()
    return answers


async def test_killed_after_every_step(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCENARIO, str(tmp_path)]
    done = await asyncio.to_thread(
        lambda: subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    )
    codes = [int(line.split(" ")[1]) for line in done.stdout.split("\n")[:-1]]
    assert codes[-1] == 0, done.stderr
    assert set(codes[:-1]) == {9}
    assert len(codes) > 50
    answered = [await check(tmp_path / str(steps)) for steps in range(len(codes))]
    assert [len(each) for each in answered] == sorted(len(each) for each in answered)
    assert len(answered[-1]) == 5
