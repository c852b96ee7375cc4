"""The server killed while it writes a backup, clients that go away in the middle, an export killed and gone on with."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import ADA, Process

from gatepost.cli.client import Client
from gatepost.cli.output import Sorry
from gatepost.config.load import parse
from gatepost.house import House
from gatepost.model.mail import Draft

MANY = 900


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    made = Process(tmp_path)
    made.add_accounts()
    asyncio.run(fill(made))
    made.start()
    yield made
    made.end(signal.SIGKILL)


async def fill(process: Process) -> None:
    """Small messages, and some in files of their own."""
    house = House(parse(process.config.read_text()))
    mail = house.store.open(house.directory.find(ADA).id)
    inbox = (await mail.mailbox("INBOX")).id
    for start in range(0, MANY, 100):
        sizes = [(n, 70_000 if n % 15 == 0 else n % 900) for n in range(start, start + 100)]
        await mail.append_all(
            [Draft(b"Subject: %d\r\n\r\nFrom %s\r\n" % (n, b"%d " % n * (size // 4)), (inbox,)) for n, size in sizes]
        )
    await house.close()


def until(wanted: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    """Looks as often as it can; the child must not have ended first."""
    while not wanted():
        assert child.poll() is None, "it ended too soon to be killed"


def start(process: Process, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "gatepost", "--config", str(process.config), "mail", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def unharmed(process: Process) -> None:
    done = process.command("mail", "check")
    assert (done.returncode, done.stdout) == (0, "no faults\n"), done.stderr
    with Client(process.config).session() as session:
        boxes = session.ask("mail.mailboxes", email=ADA)
    assert [box["messages"] for box in boxes if box["mailbox"] == "INBOX"] == [MANY]


@pytest.mark.timeout(180)
def test_the_server_is_killed_while_it_writes_a_backup(process: Process, tmp_path: Path) -> None:
    copy, part = tmp_path / "copy", tmp_path / ".copy.part"
    child = start(process, "backup", str(copy))
    until(lambda: len([*part.glob("mail/*/blobs/??/*")]) > 5, child)
    with pytest.raises(Sorry, match="another backup"), Client(process.config).session() as session:
        session.ask("mail.backup", target=str(copy))
    process.end(signal.SIGKILL)
    assert child.wait(30) == 1
    assert not copy.exists()
    process.start()
    unharmed(process)
    done = process.command("mail", "restore", str(part), ADA, "--replace")
    assert (done.returncode, "broken off" in done.stderr) == (1, True)
    done = process.command("mail", "backup", str(copy))
    assert done.returncode == 0, done.stderr
    assert not part.exists()
    done = process.command("mail", "restore", str(copy), ADA, "--replace")
    assert done.returncode == 0, done.stderr
    unharmed(process)


@pytest.mark.timeout(180)
def test_whoever_asked_goes_away(process: Process, tmp_path: Path) -> None:
    """A backup and a restore whose command is killed: all or nothing, and both work once more."""
    copy, other, part = tmp_path / "copy", tmp_path / "other", tmp_path / ".other.part"
    assert process.command("mail", "backup", str(copy)).returncode == 0
    child = start(process, "backup", str(other))
    until(lambda: len([*part.glob("mail/*/blobs/??/*")]) > 5, child)
    child.kill()
    child.wait()
    unharmed(process)
    while part.exists():  # the server goes on by itself, or clears up
        pass
    data = tmp_path / "data" / "mail"
    child = start(process, "restore", str(copy), ADA, "--replace")
    until(lambda: len([*data.glob(".part-*/blobs/??/*")]) > 5, child)
    child.kill()
    child.wait()
    while [*data.glob(".*-*")]:
        pass
    unharmed(process)
    for words in (("restore", str(copy), ADA, "--replace"), ("backup", str(tmp_path / "another"))):
        done = process.command("mail", *words)
        assert done.returncode == 0, done.stderr
    unharmed(process)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("form", ["mbox", "maildir", "eml"])
def test_an_export_is_killed_and_gone_on_with(process: Process, tmp_path: Path, form: str) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    for wanted in (20_000, 300_000):
        child = start(process, "export", ADA, str(out), "--format", form)
        until(lambda wanted=wanted: octets_of(out) > wanted, child)  # type: ignore[misc]
        child.kill()
        child.wait()
    for target in (out, whole):
        done = process.command("mail", "export", ADA, str(target), "--format", form)
        assert done.returncode == 0, done.stderr
    assert contents(out) == contents(whole)
    assert octets_of(whole) > 70_000 * MANY // 15


def octets_of(folder: Path) -> int:
    """What is in its files; one that gets its last name at this moment is not counted."""
    octets = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            octets += path.stat().st_size if path.is_file() else 0
    return octets


def contents(folder: Path) -> dict[str, bytes]:
    """By name, but for what an export notes for its next run."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and ".json" not in path.name]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}
