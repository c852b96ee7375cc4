"""The processes that hash: what a lost one costs, and what does not end them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from gatepost.adapters.hashing import PATIENT, PROMPT, Verify
from gatepost.adapters.hashworker import HashWorker, WorkerLost
from gatepost.adapters.passwords import MAX_WAITING, HashedPasswords
from gatepost.model.errors import Overloaded
from gatepost.model.secret import Secret


def process_of(worker: HashWorker) -> int:
    assert worker._process is not None
    return worker._process.pid


async def test_a_lost_process_is_replaced() -> None:
    passwords = HashedPasswords(1)
    hashed = await passwords.hash(Secret("correct horse"))
    worker = passwords._prompt
    first = process_of(worker)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(Overloaded):
        await passwords.verify(hashed, Secret("correct horse"), urgent=True)
    assert await passwords.verify(hashed, Secret("correct horse"), urgent=True)
    assert process_of(worker) != first
    await passwords.close()


async def test_signals_meant_for_the_server_do_not_end_it() -> None:
    worker = HashWorker()
    assert not await worker.ask(Verify("", b"x"), bool)
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(process_of(worker), number)
    assert not await worker.ask(Verify("", b"x"), bool)
    worker.stop()


async def test_it_ends_with_the_server() -> None:
    worker = HashWorker()
    await worker.ask(Verify("", b"x"), bool)
    process = worker._process
    assert process is not None
    worker.stop()
    assert process.returncode == 0  # it saw its socket's end


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")
async def test_it_has_no_capabilities() -> None:
    worker = HashWorker()
    await worker.ask(Verify("", b"x"), bool)
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process_of(worker)}/status").read_text().splitlines())
    worker.stop()
    assert status["NoNewPrivs"] == "1"
    if os.geteuid():
        assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}


async def test_who_no_longer_waits_leaves_no_answer_for_another() -> None:
    worker = HashWorker()
    good = await worker.ask(Verify("", b"x"), bool)
    asking = asyncio.ensure_future(worker.ask(Verify("", b"y"), bool))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await worker.ask(Verify("", b"x"), bool) is good
    worker.stop()


async def test_crowded_says_that_the_queue_is_full() -> None:
    passwords = HashedPasswords(1)
    assert not passwords.crowded
    waiting = [asyncio.ensure_future(passwords.verify("", Secret("x"))) for _ in range(MAX_WAITING + 2)]
    await asyncio.sleep(0)
    assert passwords.crowded
    with pytest.raises(Overloaded):
        await passwords.verify("", Secret("x"))
    urgent = asyncio.ensure_future(passwords.verify("", Secret("x"), urgent=True))
    await asyncio.wait([*waiting, urgent], return_when=asyncio.FIRST_COMPLETED)
    await passwords.close()
    results = await asyncio.gather(*waiting, urgent, return_exceptions=True)
    assert all(result is False or isinstance(result, Overloaded) for result in results)


async def test_a_process_that_cannot_start_is_an_overload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    worker = HashWorker()
    with pytest.raises(WorkerLost):
        await worker.ask(Verify("", b"x"), bool)


async def test_somebody_in_a_hurry_need_not_wait_for_guesses() -> None:
    passwords = HashedPasswords(1)
    hashed = await passwords.hash(Secret("correct horse"))
    guesses = [asyncio.ensure_future(passwords.verify("", Secret("x"))) for _ in range(20)]
    await asyncio.sleep(0)
    assert await passwords.verify(hashed, Secret("correct horse"), urgent=True)
    assert sum(guess.done() for guess in guesses) < len(guesses)
    assert [await guess for guess in guesses] == [False] * len(guesses)
    await passwords.close()


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="only Linux has SCHED_IDLE")
async def test_guesses_get_the_time_that_nobody_else_wants() -> None:
    for manner, policy in ((PATIENT, os.SCHED_IDLE), (PROMPT, os.SCHED_OTHER)):
        worker = HashWorker(manner)
        await worker.ask(Verify("", b"x"), bool)
        assert os.sched_getscheduler(process_of(worker)) == policy
        worker.stop()
