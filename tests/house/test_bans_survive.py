"""Laws 8 and 12: bans survive kill -9, end when they say, and lifting one lifts what led to it."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from running import ADA, ADA_PASSWORD, SIMPLE, Process, Running, refuses_connection

from gatepost.cli.knock import Answer
from gatepost.model.connection import Door
from gatepost.model.events import Banned

Start = Callable[..., Awaitable[Running]]


def guess(port: int, source: str, count: int) -> None:
    """Wrong IMAP logins, one a connection."""
    for number in range(count):
        with socket.create_connection(("127.0.0.1", port), 10, (source, 0)) as sock:
            sock.settimeout(10)
            try:
                sock.recv(4096)
                sock.sendall(f'a LOGIN "{ADA}" "guess-{time.monotonic()}-{number}"\r\n'.encode())
                sock.recv(4096)
            except OSError:
                continue


@pytest.mark.timeout(120)
def test_a_ban_survives_kill_9_with_the_same_expiry(tmp_path: Path) -> None:
    with Process(tmp_path) as process:
        process.add_accounts()
        process.start()
        guess(process.ports["imap"], "127.0.7.1", 10)
        assert refuses_connection("127.0.0.1", process.ports["imap"], "127.0.7.1")
        before = json.loads(process.command("ban", "list", "--json").stdout)
        assert [ban["network"] for ban in before] == ["127.0.7.1"]
        assert before[0]["evidence"]["failures"] == 10
        process.end(signal.SIGKILL)
        process.start()
        after = json.loads(process.command("ban", "list", "--json").stdout)
        assert after[0]["until"] == before[0]["until"]
        assert after[0]["evidence"] == before[0]["evidence"]
        assert refuses_connection("127.0.0.1", process.ports["smtp"], "127.0.7.1")
        assert process.end() == 0


async def test_lifting_is_immediate_and_clears_the_counters(start: Start) -> None:
    running = await start()
    source = "127.0.7.2"
    for number in range(10):
        await running.sign_in(source, f"guess-{number}")
    assert await running.dropped(Door.IMAP, source)
    assert await running.call("ban.lift", subject=source) == {"subject": source, "lifted": 1}
    # the account's own count is another matter: lift that too, then the owner mistypes once
    await running.call("ban.lift", subject=ADA)
    assert await running.sign_in(source, "a-typo") is Answer.ANSWERED
    assert not await running.dropped(Door.IMAP, source)
    assert await running.sign_in(source, ADA_PASSWORD) is Answer.GRANTED


@pytest.mark.timeout(60)
async def test_a_ban_expires_and_the_next_is_longer(start: Start) -> None:
    running = await start(SIMPLE + 'ban_time = "1s"\nban_growth = 3.0\nban_max = "1h"')
    source = "127.0.7.3"
    for number in range(12):
        await running.sign_in(source, f"guess-{number}", login=f"user{number}@example.org")
    first = running.of(Banned)[0]
    deadline = time.monotonic() + 10
    while await running.dropped(Door.IMAP, source):
        assert time.monotonic() < deadline
    for number in range(12):
        await running.sign_in(source, f"again-{number}", login=f"other{number}@example.org")
    second = running.of(Banned)[1]
    assert second.number == 2  # type: ignore[attr-defined]
    assert second.until - second.at > 2 * (first.until - first.at)  # type: ignore[attr-defined]


@pytest.mark.parametrize("policy", ["simple", "full"])
async def test_a_login_closed_by_hand_is_closed_to_strangers_only(start: Start, policy: str) -> None:
    guard = f'policy = "{policy}"'
    running = await start(guard)
    assert await running.sign_in("127.30.0.1", ADA_PASSWORD) is Answer.GRANTED
    await running.call("ban.add", subject=ADA, seconds=3600, reason="on holiday")
    assert await running.sign_in("127.31.0.1", ADA_PASSWORD) is Answer.REFUSED
    assert await running.sign_in("127.30.0.1", ADA_PASSWORD) is Answer.GRANTED
    await running.stop()
    again = await start(guard, accounts=False)
    assert await again.sign_in("127.31.0.1", ADA_PASSWORD) is Answer.REFUSED
    assert await again.call("ban.lift", subject=ADA) == {"subject": ADA, "lifted": 1}
    assert await again.sign_in("127.31.0.1", ADA_PASSWORD) is Answer.GRANTED


async def test_bans_by_hand_and_the_allow_list(start: Start) -> None:
    running = await start()
    await running.call("ban.add", subject="127.0.8.0/24", seconds=60, reason="drunken sailors")
    assert await running.dropped(Door.SMTP, "127.0.8.77")
    assert not await running.dropped(Door.SMTP, "127.0.9.77")
    [ban] = await running.call("ban.list")  # type: ignore[misc]
    assert ban["evidence"]["reason"] == "drunken sailors"
    await running.call("allow.add", subject="127.0.8.77")
    assert not await running.dropped(Door.SMTP, "127.0.8.77")
    assert await running.dropped(Door.SMTP, "127.0.8.78")
    explained = await running.call("guard.explain", subject="127.0.8.78")
    assert "drunken sailors" in json.dumps(explained)
