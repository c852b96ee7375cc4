"""`gatepost guard watch`: lines where there is no terminal, JSON, a picture, and a clean end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from running import Process
from typer.testing import CliRunner

from gatepost.cli.board import Board, words
from gatepost.cli.main import app
from gatepost.cli.output import Sorry
from gatepost.model.events import (
    BanEnded,
    Banned,
    ConnectionsRefused,
    Event,
    Evidence,
    SignedIn,
    SignInFailed,
    SignInRefused,
)

FAILED = SignInFailed(1000.0, "c", "imap", "192.0.2.1", "ada@example.org", "LOGIN", "stranger", True, "wrong")
REFUSED = SignInRefused(1001.0, "c", "imap", "192.0.2.1", "~0123456789ab", "LOGIN", "source")
BANNED = Banned(1001.0, "192.0.2.1", 4601.0, 1, "guard", Evidence("too many wrong passwords"))


def drawn(board: Board, now: float) -> str:
    console = Console(width=160, height=40, file=open(os.devnull, "w"), record=True)  # noqa: SIM115
    console.print(board.picture(now, 40))
    console.file.close()
    return console.export_text()


def test_the_board_counts_and_ranks() -> None:
    board = Board([("198.51.100.1", 1090.0, "by hand")])
    for event in (FAILED, FAILED, REFUSED, BANNED, ConnectionsRefused(1002.0, 20, {"banned": 20}, "192.0.2.1")):
        board.add(event)
    assert board.rates(1005.0) == {"attempts": 0.3, "refusals": 0.1, "dropped": 2.0, "bans": 0.1}
    assert board.rates(1100.0) == {"attempts": 0.0, "refusals": 0.0, "dropped": 0.0, "bans": 0.0}
    text = drawn(board, 1030.0)
    for part in ("192.0.2.1", "59m31s", "1m", "by hand", "ada@example.org", "too many wrong passwords", "banned 2"):
        assert part in text
    board.add(BanEnded(1031.0, "192.0.2.1", "lifted", "command line"))
    assert "banned 1" in drawn(board, 1031.0)


def test_a_line_holds_no_controls_and_no_markup() -> None:
    bad: Event = SignedIn(1.0, "c", "imap", "192.0.2.1", "[bold]x\x1b[2J\n", "LOGIN", "stranger")
    assert "\x1b" not in words(bad)
    assert "\n" not in words(bad)
    board = Board()
    board.add(bad)
    assert "[bold]x" in drawn(board, 2.0)


def test_the_board_forgets_the_rarest() -> None:
    board = Board()
    for number in range(5000):
        board.add(SignInRefused(1.0, "c", "imap", f"192.0.{number % 200}.{number // 200}", "a", "LOGIN", "source"))
    assert len(board._sources) <= 2000


def test_without_a_server_there_is_nothing_to_watch(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--data", str(tmp_path), "guard", "watch"])
    assert isinstance(done.exception, Sorry)
    assert "no server is running" in str(done.exception)


def watching(process: Process, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gatepost", "--config", str(process.config), "guard", "watch", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        (["--json"], lambda line: json.loads(line)["type"] == "banned"),
        ([], lambda line: "BANNED" in line and "192.0.2.77" in line),
    ],
)
def test_it_prints_what_happens_and_ends_on_control_c(
    tmp_path: Path, words: list[str], holds: Callable[[str], bool]
) -> None:
    with Process(tmp_path / "p") as process:
        process.start()
        watch = watching(process, *words)
        assert watch.stdout is not None
        ban_until_heard(process, watch)
        # it may have come in between the ban and the word about who made it: once more, while it listens for certain
        assert process.command("ban", "add", "192.0.2.77").returncode == 0
        lines = [watch.stdout.readline()]
        while not holds(lines[-1]):
            lines.append(watch.stdout.readline())
        watch.send_signal(signal.SIGINT)
        _, errors = watch.communicate(timeout=20)
        assert (watch.returncode, errors) == (0, "")


def ban_until_heard(process: Process, watch: subprocess.Popen[str]) -> None:
    """Bans again and again until the child, which takes a moment to start, has heard of one."""
    for _ in range(30):
        assert process.command("ban", "add", "192.0.2.77").returncode == 0
        if select.select([watch.stdout], [], [], 0.5)[0]:
            return
    raise AssertionError("the watcher heard nothing")
