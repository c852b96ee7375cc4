"""Laws 4, 5 and 7: an attacked account closes to strangers, existing or invented, while its owner keeps reading mail."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable

import pytest
from running import ADA, ADA_PASSWORD, SIMPLE, Running

from gatepost.cli.knock import Answer
from gatepost.model.connection import Door
from gatepost.model.events import Banned, SignedIn

Start = Callable[..., Awaitable[Running]]
OWNER = "127.9.9.9"


async def _attack(running: Running, login: str, sources: int, first: int = 0) -> list[Answer]:
    """One guess from each of many addresses, two at a time, as many as are looked at at once."""
    slots = asyncio.Semaphore(2)

    async def one(number: int) -> Answer:
        async with slots:
            source = f"127.3.{number // 250}.{1 + number % 250}"
            return await running.sign_in(source, f"guess-{number}", login=login, door=Door.IMAP)

    return list(await asyncio.gather(*(one(first + number) for number in range(sources))))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("lock", ["strangers", "strict"])
async def test_an_account_attacked_from_200_addresses(start: Start, lock: str) -> None:
    running = await start(SIMPLE + f'account_lock = "{lock}"')
    assert await running.sign_in(OWNER, ADA_PASSWORD) is Answer.GRANTED
    before = running.spent
    answers = await _attack(running, ADA, 200)
    assert running.spent - before <= 10
    assert Answer.DROPPED not in answers
    assert running.of(Banned) == []
    # the 201st, whatever it knows
    right = await running.sign_in("127.4.0.1", ADA_PASSWORD)
    wrong = await running.sign_in("127.4.0.2", "wrong-again")
    assert right is wrong is Answer.REFUSED
    owner = await running.sign_in(OWNER, ADA_PASSWORD)
    assert owner is (Answer.GRANTED if lock == "strangers" else Answer.REFUSED)
    if lock == "strangers":
        assert {event.client for event in running.of(SignedIn)} == {OWNER}  # type: ignore[attr-defined]


@pytest.mark.timeout(120)
async def test_an_invented_account_behaves_the_same(start: Start) -> None:
    running = await start()
    real, invented = ADA, "nobody@example.org"
    answers = {login: await _attack(running, login, 30, 100 * i) for i, login in enumerate((real, invented))}
    assert answers[real].count(Answer.ANSWERED) == answers[invented].count(Answer.ANSWERED) == 10
    assert answers[real].count(Answer.REFUSED) == answers[invented].count(Answer.REFUSED) == 20


@pytest.mark.timeout(120)
async def test_the_refusal_tells_nothing_by_words_or_time(start: Start) -> None:
    running = await start()
    await _attack(running, ADA, 12)
    await _attack(running, "nobody@example.org", 12, 300)
    words: set[str] = set()
    times: dict[str, list[float]] = {"right": [], "wrong": [], "invented": []}
    loop = asyncio.get_running_loop()
    for turn in range(15):
        for case, login, password in (
            ("right", ADA, ADA_PASSWORD),
            ("wrong", ADA, f"wrong-{turn}"),
            ("invented", "nobody@example.org", f"wrong-{turn}"),
        ):
            reader, writer = await running.open(Door.IMAP, f"127.5.{turn}.1")
            await reader.readline()
            began = loop.time()
            writer.write(f'a LOGIN "{login}" "{password}"\r\n'.encode())
            answer = (await reader.readline()).decode()
            times[case].append(loop.time() - began)
            words.add(answer.strip())
            writer.transport.abort()
    assert len(words) == 1
    assert "UNAVAILABLE" in words.pop()
    medians = {case: statistics.median(values) for case, values in times.items()}
    # a hash takes 20 ms: none was computed for any of them
    assert max(medians.values()) < 0.015
