"""`gatepost mail check`, `repair`, `backup` and `restore` as an administrator runs them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from running import ADA, GRACE, Running, config

from gatepost.adapters import changeover
from gatepost.cli.client import Client, Session
from gatepost.cli.mailcare import restore_all
from gatepost.cli.output import Sorry
from gatepost.model.mail import Draft
from gatepost.services.admin.protocol import Refused


@pytest.fixture
async def running(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Running(tmp_path / "data")
    await made.start()
    for email in (ADA, GRACE):
        mail = made.server.house.store.open(made.server.house.directory.find(email).id)
        box = (await mail.mailbox("INBOX")).id
        await mail.append_all(
            [Draft(b"Subject: %d\r\n\r\n%s" % (n, b"x" * 100_000 * (n == 2)), (box,)) for n in range(3)]
        )
    yield made
    await made.stop()


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "gatepost.toml").write_text(config(tmp_path / "data"))
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


async def test_check_and_repair_while_the_server_runs(running: Running, tmp_path: Path) -> None:
    done = await asyncio.to_thread(run, tmp_path, "check")
    assert (done.returncode, done.stdout) == (0, "no faults\n"), done.stderr
    ada = running.server.house.directory.find(ADA).id  # type: ignore[union-attr]
    (file,) = (tmp_path / "data" / "mail" / ada / "blobs").glob("??/*")
    file.unlink()
    (tmp_path / "data" / "mail" / "stranger").mkdir()
    done = await asyncio.to_thread(run, tmp_path, "check", "--json")
    assert done.returncode == 1
    assert {(fault["account"], fault["kind"]) for fault in json.loads(done.stdout)} == {(ADA, "lost"), ("", "nobody")}
    for stranger in ("nobody", "../x", "nobody@example.org"):
        with pytest.raises(Refused):
            await running.call("mail.check", account=stranger)
    assert await running.call("mail.check", account="stranger") == []
    done = await asyncio.to_thread(run, tmp_path, "repair", ADA, "--json")
    assert done.returncode == 1  # it can only be marked
    done = await asyncio.to_thread(run, tmp_path, "check", ADA)
    assert done.returncode == 0
    assert "lost" in done.stdout


async def test_one_account_comes_back(running: Running, tmp_path: Path) -> None:
    def there_and_back() -> None:
        with Session(running._options) as session:
            done = session.ask("mail.backup", target=str(tmp_path / "copy"), email=ADA)
            assert (done["accounts"], done["warnings"]) == (1, [])
            for wrong in ({"target": str(tmp_path / "copy")}, {"target": "here"}, {"target": "/proc/none/x"}):
                with pytest.raises(Sorry):
                    session.ask("mail.backup", email=ADA, **wrong)
            with pytest.raises(Sorry, match="3 messages"):
                session.ask("mail.restore", source=str(tmp_path / "copy"), email=ADA)
            with pytest.raises(Sorry, match="no mail of"):
                session.ask("mail.restore", source=str(tmp_path / "copy"), email=GRACE, replace=True)
            with pytest.raises(Sorry, match="no backup"):
                session.ask("mail.restore", source=str(tmp_path), email=ADA, replace=True)
            assert session.ask("mail.append", email=ADA, mailbox="INBOX", messages=[{"content": b"later"}]) == 1
            session.ask("mail.restore", source=str(tmp_path / "copy"), email=ADA, replace=True)
            assert len(session.ask("mail.page", email=ADA, mailbox="INBOX")) == 3
            assert session.ask("mail.check", account=ADA) == []

    await asyncio.to_thread(there_and_back)
    listing = await asyncio.to_thread(lambda: sorted((tmp_path / "copy").rglob("*")))
    assert all(path.stat().st_mode & 0o077 == 0 for path in listing)


async def test_all_of_a_server_comes_back_elsewhere(running: Running, tmp_path: Path) -> None:
    await asyncio.to_thread(run, tmp_path, "backup", str(tmp_path / "copy"))
    client = Client(tmp_path / "gatepost.toml")
    with pytest.raises(Sorry, match="stop the server"):
        await asyncio.to_thread(restore_all, client, tmp_path / "copy", True)
    before = await running.call("mail.page", email=GRACE, mailbox="INBOX")
    await running.stop()
    with pytest.raises(Sorry, match="--replace"):
        await asyncio.to_thread(restore_all, client, tmp_path / "copy", False)
    done = await asyncio.to_thread(restore_all, client, tmp_path / "copy", True)
    assert done["accounts"] == 2
    assert (Path(done["aside"]) / "gatepost.db").exists()
    elsewhere = Running(tmp_path / "elsewhere")
    done = await asyncio.to_thread(
        restore_all, Client(tmp_path / "gatepost.toml", tmp_path / "elsewhere"), tmp_path / "copy", False
    )
    await elsewhere.start(accounts=False)
    assert await elsewhere.call("mail.page", email=GRACE, mailbox="INBOX") == before
    assert (await elsewhere.sign_in("127.0.0.2", "first-moth-found", GRACE)).value == "granted"
    assert await elsewhere.call("mail.check-server") == []
    await elsewhere.stop()


def test_what_was_put_aside_before_stays(tmp_path: Path) -> None:
    for number in range(3):
        place = changeover.begin(tmp_path)
        (place / changeover.SERVER).write_text(str(number))
        (place / changeover.MAIL / "a1").mkdir()
        aside = changeover.change(tmp_path, "aside")
        assert (tmp_path / changeover.SERVER).read_text() == str(number)
        if number:
            assert (aside / changeover.SERVER).read_text() == str(number - 1)
    assert {path.name for path in tmp_path.iterdir()} == {"aside", "aside-2", "gatepost.db", "mail"}
