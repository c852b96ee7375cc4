"""What was answered survives `kill -9`; what was not answered is whole or absent."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteDirectory, SqliteGuardStore, SqliteMailstore
from gatepost.model.account import AccountId
from gatepost.model.mail import BlobId
from gatepost.model.uidset import ALL_UIDS

WRITER = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from gatepost.adapters.clock import SystemClock
    from gatepost.adapters.sqlite import SqliteDirectory, SqliteGuardStore, SqliteMailstore
    from gatepost.model.account import AccountId, Credentials
    from gatepost.model.mail import Draft
    from gatepost.ports.guardstore import Record

    async def main() -> None:
        root = Path(sys.argv[1])
        mail = SqliteMailstore(root / "mail", SystemClock()).open(AccountId("a1"))
        directory = SqliteDirectory(root / "gatepost.db", "example.org")
        guard = SqliteGuardStore(root / "gatepost.db")
        await directory.add_domain("example.org")
        inbox = (await mail.mailbox("INBOX")).id

        async def forever(first: int) -> None:
            for number in range(first, 1_000_000, 4):
                body = b"x" * (200_000 if number % 5 == 0 else 100)
                stored = await mail.append(Draft(b"Subject: %d\\r\\n\\r\\n%s\\r\\n" % (number, body), (inbox,)))
                await directory.add_account(f"u{number}@example.org", Credentials("x"))
                await guard.save([Record("ban", b"%d" % number, b"v")])
                print(number, stored.uids[0], stored.blob, stored.size, flush=True)

        await asyncio.gather(*(forever(n) for n in range(4)))

    asyncio.run(main())
    """
)


def run_and_kill(root: Path, answers: int) -> list[list[str]]:
    """What a process had answered that was killed after `answers` answers: number, UID, blob, size."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    text = "".join(process.stdout.readline() for _ in range(answers))
    process.send_signal(signal.SIGKILL)
    text += process.stdout.read()
    process.wait()
    process.stdout.close()
    return [line.split() for line in text.split("\n")[:-1]]  # the last line may have been cut


async def test_killed_while_storing(tmp_path: Path) -> None:
    answered = run_and_kill(tmp_path, 40)
    assert len(answered) >= 40
    store = SqliteMailstore(tmp_path / "mail", SystemClock())
    mail = store.open(AccountId("a1"))
    inbox = await mail.mailbox("INBOX")
    entries = await mail.entries(inbox.id, ALL_UIDS)
    known = {entry.uid for entry in entries}
    for _, uid, blob, size in answered:
        assert int(uid) in known
        assert len(await mail.read_blob(BlobId(blob))) == int(size)
    for email in await mail.emails([entry.email for entry in entries]):  # the unanswered ones are whole too
        assert len(await mail.read_blob(email.blob)) == email.size
    assert inbox.messages == len(entries) >= len(answered)
    assert inbox.uidnext == max(known) + 1
    assert await mail.usage() == inbox.size
    await store.close()

    directory, guard = (
        SqliteDirectory(tmp_path / "gatepost.db", "example.org"),
        SqliteGuardStore(tmp_path / "gatepost.db"),
    )
    bans = {record.key for record in guard.load()}
    for number, *_ in answered:
        assert directory.find(f"u{number}@example.org")
        assert number.encode() in bans
    await guard.close()
    await directory.close()
