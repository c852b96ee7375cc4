"""Law 3 where the kernel helps: a banned peer's SYN gets no answer, at every door; lifting and allowing count at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from running import Running

from gatepost.app import CannotStart
from gatepost.model.connection import Door
from gatepost.model.events import Banned, ConnectionsRefused, Started

Start = Callable[..., Awaitable[Running]]
KERNEL = '---\n[drop]\nkernel = "required"\n'
ATTACKER, OTHER = "127.0.8.1", "127.0.8.2"
FIN_WAIT_1 = "04"


@pytest.fixture
async def running(start: Start) -> Running:
    """Skips where there is no kernel drop."""
    try:
        return await start(extra=KERNEL)
    except CannotStart as error:
        pytest.skip(str(error))


def states(port: int) -> set[str]:
    """Of the kernel's TCP sockets at a local port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().split("\n")[1:-1]]
    return {row[3] for row in rows if row[1].endswith(f":{port:04X}")}


async def hears(running: Running, door: Door, source: str) -> bool:
    """A SYN that the kernel drops gets no answer: the attempt runs into the time limit."""
    try:
        async with asyncio.timeout(0.3):
            _, writer = await running.open(door, source)
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True  # the acceptor's answer
    writer.transport.abort()
    return True


async def test_a_guesser_is_dropped_at_every_door(running: Running) -> None:
    assert [event.drop for event in running.of(Started)] == ["kernel"]  # type: ignore[attr-defined]
    reader, writer = await running.open(Door.SMTP, ATTACKER)
    await reader.readline()
    for number in range(10):
        await running.sign_in(ATTACKER, f"guess-{number}", timeout=1.0)
    assert [event.network for event in running.of(Banned)] == [ATTACKER]  # type: ignore[attr-defined]
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    assert FIN_WAIT_1 not in states(running.port(Door.SMTP))  # a FIN would wait for what the kernel now drops
    writer.transport.abort()
    assert not any([await hears(running, door, ATTACKER) for door in Door])
    assert all([await hears(running, door, OTHER) for door in Door])
    assert running.of(ConnectionsRefused) == []
    await running.call("ban.lift", subject=ATTACKER)
    assert await hears(running, Door.IMAP, ATTACKER)


async def test_the_allow_list_beats_a_ban_by_hand(running: Running) -> None:
    await running.call("ban.add", subject="127.0.8.0/24")
    assert not await hears(running, Door.IMAP, OTHER)
    await running.call("allow.add", subject=OTHER)
    assert await hears(running, Door.IMAP, OTHER)
    assert not await hears(running, Door.IMAP, ATTACKER)
    await running.call("allow.remove", subject=OTHER)
    assert not await hears(running, Door.IMAP, OTHER)


async def test_bans_are_the_kernels_again_after_a_restart(running: Running, start: Start) -> None:
    await running.call("ban.add", subject=ATTACKER)
    await running.stop()
    again = await start(extra=KERNEL, accounts=False)
    assert not await hears(again, Door.IMAP, ATTACKER)
    assert await hears(again, Door.IMAP, OTHER)


async def test_behind_proxy_the_acceptor_refuses(start: Start) -> None:
    """A proxy that is banned by mistake would cut off everybody: its listener has no filter (law 9)."""
    proxied = 'imap = [{ address = "127.0.0.1:0", proxy_protocol = true }]\n---\n[trusted]\nproxies = ["127.0.8.2"]\n'
    try:
        running = await start(extra=proxied + '[drop]\nkernel = "required"\n')
    except CannotStart as error:
        pytest.skip(str(error))
    await running.call("ban.add", subject="127.0.8.0/24")
    assert await hears(running, Door.IMAP, ATTACKER)
    assert not await hears(running, Door.POP3, ATTACKER)
    assert await hears(running, Door.POP3, "127.0.8.2")
