"""`gatepost mail import` and `export`, over a running server's socket and on a folder without one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from running import ADA, GRACE, NO_KERNEL, Running, config

from gatepost.cli import transfer
from gatepost.cli.client import Client, Session
from gatepost.cli.output import Sorry
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft
from gatepost.model.uidset import ALL_UIDS

LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcde\r\n" * 80_000


async def fill(running: Running, email: str) -> None:
    """Messages small, large, twice the same, and without any text."""
    assert running.server is not None
    mail = running.server.house.store.open(running.server.house.directory.find(email).id)
    inbox, deep = await mail.mailbox("INBOX"), await mail.create_mailbox("Projects/Größe.1")
    drafts = [
        Draft(
            b"Subject: %d\r\n\r\nFrom me\r\n" % (n % 90), (inbox.id,), make_flags(["\\Seen", "$k"]), 1_600_000_000.0 + n
        )
        for n in range(100)
    ]
    await mail.append_all(drafts)
    await mail.append(Draft(LARGE, (deep.id,), make_flags(["\\Flagged"]), 1_500_000_000.0))
    await mail.append(Draft(b"\n", (deep.id,), received=1_500_000_001.0))


async def contents(running: Running, email: str) -> dict[str, list[tuple[bytes, str, float]]]:
    assert running.server is not None
    mail = running.server.house.store.open(running.server.house.directory.find(email).id)
    found = {}
    for box in await mail.mailboxes():
        entries = await mail.entries(box.id, ALL_UIDS)
        emails = await mail.emails([entry.email for entry in entries])
        found[box.path] = [
            (await mail.read_blob(email.blob), str(entry.flags), email.received)
            for email, entry in zip(emails, entries, strict=True)
        ]
    return found


@pytest.fixture
async def running(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Running(tmp_path / "data")
    await made.start()
    yield made
    await made.stop()


def session(running: Running) -> Session:
    return Session(running._options)


@pytest.mark.parametrize("form", ["mbox", "maildir", "eml"])
async def test_round_trip_over_a_running_server(running: Running, tmp_path: Path, form: str) -> None:
    await fill(running, ADA)

    def there_and_back() -> None:
        with session(running) as asking:
            out = transfer.export(asking, ADA, tmp_path / "out", form, None)
            assert (out.messages, out.skipped, out.warnings) == (102, 0, [])
            again = transfer.export(asking, ADA, tmp_path / "out", form, None)
            assert (again.messages, again.skipped) == (0, 102)
            back = transfer.bring(asking, GRACE, tmp_path / "out", None, None)
            assert (back.messages, back.skipped, back.format) == (102, 0, form)
            twice = transfer.bring(asking, GRACE, tmp_path / "out", None, None)
            assert (twice.messages, twice.skipped) == (0, 102)

    await asyncio.to_thread(there_and_back)
    one, two = await contents(running, ADA), await contents(running, GRACE)
    if form == "eml":  # which has no place for an empty mailbox
        one = {path: held for path, held in one.items() if held}
        two = {path: held for path, held in two.items() if held}
    assert one == two
    assert one["Projects/Größe.1"][0][0] == LARGE


async def test_what_an_import_broke_off_at_is_gone_on_with(running: Running, tmp_path: Path) -> None:
    await fill(running, ADA)

    def some_then_all() -> None:
        with session(running) as asking:
            transfer.export(asking, ADA, tmp_path / "out", "mbox", "INBOX")
            assert [path.name for path in (tmp_path / "out").glob("*.mbox")] == ["INBOX.mbox"]
            whole = (tmp_path / "out" / "INBOX.mbox").read_bytes()
            (tmp_path / "some").write_bytes(whole[: whole.index(b"From gatepost", len(whole) // 2)])
            some = transfer.bring(asking, GRACE, tmp_path / "some", None, "Box")
            rest = transfer.bring(asking, GRACE, tmp_path / "out", None, "Box")
            assert rest.skipped == some.messages
            assert some.messages + rest.messages == 100

    await asyncio.to_thread(some_then_all)
    assert (await contents(running, GRACE))["Box"] == (await contents(running, ADA))["INBOX"]


async def test_refusals_are_sentences(running: Running, tmp_path: Path) -> None:
    def ask() -> None:
        with session(running) as asking:
            for call in (
                lambda: transfer.export(asking, ADA, tmp_path / "out", "mbox", "Nowhere"),
                lambda: transfer.export(asking, "nobody@example.org", tmp_path / "out", "mbox", None),
                lambda: transfer.bring(asking, ADA, tmp_path / "none", None, None),
                lambda: transfer.bring(asking, ADA, tmp_path, "mbox", None),
                lambda: asking.ask("mail.upload", email=ADA, start=5, content=b"x"),
                lambda: asking.ask(
                    "mail.append", email=ADA, mailbox="INBOX", messages=[{"content": b"", "flags": ["("]}]
                ),
                lambda: asking.ask("mail.read", email=ADA, pieces=[{"blob": "x", "start": 0, "end": 1 << 30}]),
                lambda: asking.ask("mail.page", email=ADA, mailbox="Nowhere"),
            ):
                with pytest.raises(Sorry):
                    call()
            assert asking.ask("mail.read", email=ADA, pieces=[{"blob": "x", "start": 0, "end": 1}]) == [None]

    await asyncio.to_thread(ask)


def test_command_line_without_a_server(tmp_path: Path) -> None:
    (tmp_path / "gatepost.toml").write_text(config(tmp_path / "data") if "[drop]" in NO_KERNEL else "")
    (tmp_path / "one.eml").write_bytes(b"Subject: one\n\nx\n")
    client = Client(tmp_path / "gatepost.toml")
    client.ask("domain.add", domain="example.org")
    client.ask("user.add", email=ADA, password="analytical-engine")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "gatepost.cli.main",
            "--config",
            str(tmp_path / "gatepost.toml"),
            "mail",
            *arguments,
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    done = run("import", ADA, str(tmp_path / "one.eml"), "--mailbox", "Drafts", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["messages"] == 1
    done = run("export", ADA, str(tmp_path / "out"), "--format", "eml")
    assert "1 messages" in done.stdout, done.stderr
    assert (tmp_path / "out" / "Drafts" / "1.eml").read_bytes() == b"Subject: one\r\n\r\nx\r\n"
    done = run("export", "bob@example.org", str(tmp_path / "out2"))
    assert done.returncode == 1
    assert "no account" in done.stderr
