"""What the default policy spares: owners on new devices, behind shared addresses, and with app passwords."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from running import ADA, ADA_PASSWORD, GRACE, GRACE_PASSWORD, Running

from gatepost.cli.knock import Answer
from gatepost.model.connection import Door
from gatepost.model.events import Banned, SignedIn, SignInRefused

Start = Callable[..., Awaitable[Running]]
FULL = 'policy = "full"'


async def test_five_connections_at_once_from_a_new_place(start: Start) -> None:
    running = await start(FULL)
    answers = await asyncio.gather(*(running.sign_in("127.20.0.1", ADA_PASSWORD) for _ in range(5)))
    assert set(answers) == {Answer.GRANTED}
    assert running.of(SignInRefused) == []


@pytest.mark.timeout(120)
async def test_an_attacked_account_is_closed_to_strangers_and_open_to_its_owner(start: Start) -> None:
    running = await start(FULL)
    assert await running.sign_in("127.20.0.1", ADA_PASSWORD) is Answer.GRANTED
    made = await running.call("app-password.add", email=ADA, name="phone")
    answers = [await running.sign_in(f"127.{30 + n}.0.1", f"guess-{n}") for n in range(25)]
    assert answers.count(Answer.ANSWERED) <= 10
    assert running.of(Banned) == []
    # a stranger with the right password, and with an app password, which can't be guessed
    assert await running.sign_in("127.99.0.1", ADA_PASSWORD) is Answer.REFUSED
    assert await running.sign_in("127.99.0.2", made["password"]) is Answer.GRANTED  # type: ignore[index]
    assert await running.sign_in("127.20.0.1", ADA_PASSWORD) is Answer.GRANTED


@pytest.mark.timeout(120)
async def test_a_banned_office_is_confined_to_its_own_people(start: Start) -> None:
    running = await start(FULL)
    office = "127.20.0.9"
    assert await running.sign_in(office, ADA_PASSWORD) is Answer.GRANTED
    reader, writer = await running.open(Door.IMAP, office)
    writer.write(f'a LOGIN "{ADA}" "{ADA_PASSWORD}"\r\nb SELECT INBOX\r\n'.encode())
    while not (await reader.readline()).startswith(b"b OK"):
        pass
    # one infected laptop
    number = 0
    while not running.of(Banned):
        await running.sign_in(office, f"guess-{number}", login=f"victim{number}@example.org")
        number += 1
        assert number < 60
    assert await running.sign_in(office, GRACE_PASSWORD, login=GRACE) is not Answer.GRANTED
    assert await running.sign_in(office, ADA_PASSWORD) is Answer.GRANTED
    writer.write(b"c NOOP\r\n")
    while not (line := await reader.readline()).startswith(b"c "):
        assert line
    assert line.startswith(b"c OK")
    explained = await running.call("guard.explain", subject=office)
    assert explained["admission"] == "confined"  # type: ignore[index]


async def test_a_dry_run_decides_and_refuses_nothing(start: Start) -> None:
    running = await start(FULL + "\nenforce = false")
    answers = [await running.sign_in("127.21.0.1", f"guess-{n}", login=f"u{n}@example.org") for n in range(14)]
    assert set(answers) == {Answer.ANSWERED}
    banned = running.of(Banned)
    assert banned
    assert not banned[0].enforced  # type: ignore[attr-defined]
    assert await running.sign_in("127.21.0.1", ADA_PASSWORD) is Answer.GRANTED
    assert len(running.of(SignedIn)) == 1
