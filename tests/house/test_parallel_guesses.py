"""Law 2: a guess takes its slot before the password is looked at, however many come at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from running import ADA_PASSWORD, Running

from gatepost.cli.knock import Answer
from gatepost.model.connection import Door
from gatepost.model.events import SignInFailed

Start = Callable[..., Awaitable[Running]]

DOORS = (Door.IMAP, Door.POP3, Door.SUBMISSION, Door.MANAGESIEVE, Door.HTTP, Door.IMAPS)
LIMIT = 10
MANY = """
[limits]
"""


async def _volley(running: Running, source: str, count: int, first: int = 0) -> list[Answer]:
    """`count` wrong passwords at once over all doors, and the right one last."""
    wrong = [
        running.sign_in(source, f"wrong-password-{first + number}", door=DOORS[number % len(DOORS)], timeout=60)
        for number in range(count)
    ]
    return list(await asyncio.gather(*wrong, running.sign_in(source, ADA_PASSWORD, timeout=60)))


@pytest.mark.timeout(120)
async def test_500_at_once_are_evaluated_up_to_the_limit(start: Start) -> None:
    running = await start(extra="---\n")
    # past the connection limit of one source they would not even be counted: let all of them in
    assert running.server is not None
    limits = running.server.acceptor._limits
    assert limits.connections_per_source >= 200
    before = running.spent
    answers = await _volley(running, "127.0.2.1", 180)
    answers += await _volley(running, "127.0.2.1", 180, 180)
    answers += await _volley(running, "127.0.2.1", 140, 360)
    assert running.spent - before <= LIMIT
    assert Answer.GRANTED not in answers
    assert answers.count(Answer.ANSWERED) <= LIMIT
    assert sum(event.counted for event in running.of(SignInFailed)) <= LIMIT  # type: ignore[attr-defined]


@pytest.mark.timeout(120)
async def test_the_same_across_a_clean_restart(start: Start, tmp_path: Path) -> None:
    first = await start()
    before = first.spent
    for number in range(6):
        await first.sign_in("127.0.2.2", f"first-half-{number}", door=DOORS[number % len(DOORS)])
    spent = first.spent - before
    assert spent == 6
    await first.stop()
    second = await start(accounts=False)
    answers = await _volley(second, "127.0.2.2", 100)
    assert spent + second.spent <= LIMIT
    assert Answer.GRANTED not in answers
