"""Law 6: a phone with yesterday's password is no guesser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from running import ADA_PASSWORD, GRACE, GRACE_PASSWORD, SIMPLE, Running

from gatepost.cli.knock import Answer
from gatepost.model.connection import Door
from gatepost.model.events import Abuse, Banned, SignInFailed

Start = Callable[..., Awaitable[Running]]
OFFICE = "127.0.6.1"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("policy", [SIMPLE, 'policy = "full"'], ids=["simple", "full"])
async def test_one_wrong_password_1000_times_bans_nobody(start: Start, policy: str) -> None:
    running = await start(policy)
    assert running.server is not None
    reader, writer = await running.open(Door.IMAP, OFFICE)
    await reader.readline()
    answers: set[str] = set()
    for number in range(1000):
        if reader.at_eof():
            break
        writer.write(f'a{number} LOGIN "ada@example.org" "yesterdays-password"\r\n'.encode())
        line = await reader.readline()
        if not line or line.startswith(b"* BYE"):
            writer.transport.abort()
            reader, writer = await running.open(Door.IMAP, OFFICE)
            await reader.readline()
            continue
        answers.add(line.decode().partition(" ")[2])
    writer.transport.abort()
    assert running.of(Banned) == []
    assert running.of(Abuse) == []  # sign-ins are the guard's own matter
    assert sum(event.counted for event in running.of(SignInFailed)) == 1  # type: ignore[attr-defined]
    assert await running.sign_in(OFFICE, GRACE_PASSWORD, login=GRACE) is Answer.GRANTED
    assert await running.sign_in(OFFICE, ADA_PASSWORD) is Answer.GRANTED
