"""Watching over the administration socket: events as they happen; a slow reader loses some and slows nobody."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from running import ADA, Running

from gatepost.cli.knock import Answer
from gatepost.model.events import Warned
from gatepost.services.admin.watch import LISTENERS, QUEUE

REQUEST = b'{"operation":"guard.watch"}\n'


async def listen(running: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_unix_connection(running.folder / "admin.sock")
    writer.write(REQUEST)
    assert json.loads(await reader.readline()) == {}
    return reader, writer


async def next_of(reader: asyncio.StreamReader, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            event: dict[str, Any] = json.loads(await reader.readline()).get("event", {})
            if event.get("type") == kind:
                return event


async def test_a_listener_hears_of_sign_ins_and_bans(tmp_path: Path) -> None:
    running = Running(tmp_path)
    await running.start()
    reader, writer = await listen(running)
    assert await running.sign_in("127.0.7.1", "wrong") is Answer.ANSWERED
    failed = await next_of(reader, "sign-in-failed")
    assert (failed["login"], failed["client"], failed["counted"]) == (ADA, "127.0.7.1", True)
    await running.call("ban.add", subject="192.0.2.9")
    assert (await next_of(reader, "banned"))["network"] == "192.0.2.9"
    writer.close()
    await running.stop()


async def test_a_slow_reader_loses_events_and_is_told(tmp_path: Path) -> None:
    running = Running(tmp_path)
    await running.start(accounts=False)
    assert running.server is not None
    reader, writer = await listen(running)
    journal = running.server.house.journal
    for number in range(5 * QUEUE):
        journal.note(Warned(float(number), "test", "x"))  # at once: the listener's task does not run meanwhile
    lost = 0
    async with asyncio.timeout(20):
        while not lost:
            lost = json.loads(await reader.readline()).get("lost", 0)
    assert lost == 4 * QUEUE
    writer.close()
    await running.stop()


async def test_only_so_many_may_listen(tmp_path: Path) -> None:
    running = Running(tmp_path)
    await running.start(accounts=False)
    listening = [await listen(running) for _ in range(LISTENERS)]
    reader, writer = await asyncio.open_unix_connection(running.folder / "admin.sock")
    writer.write(REQUEST)
    assert "refused" in json.loads(await reader.readline())
    for _, one in [*listening, (reader, writer)]:
        one.close()
    await running.stop()
