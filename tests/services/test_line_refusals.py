"""What the guard's refusals are called in SMTP, POP3 and ManageSieve: "later" for a closed account, silence for a banned address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from lineroom import HOST, Peer, Room, plain

from gatepost.guard.options import GuardOptions
from gatepost.model.connection import Door
from gatepost.model.units import Rate
from gatepost.services.managesieve.options import ManageSieveOptions
from gatepost.services.managesieve.service import ManageSieveService
from gatepost.services.pop3.options import Pop3Options
from gatepost.services.pop3.service import Pop3Service
from gatepost.services.smtp.options import SmtpOptions
from gatepost.services.smtp.service import SmtpService

RIGHT = plain("ada@example.org")
LATER = {
    Door.SUBMISSION: b"454 4.7.0 ",
    Door.POP3: b"-ERR [SYS/TEMP] ",
    Door.MANAGESIEVE: b"NO (TRYLATER) ",
}
COMMAND = {
    Door.SUBMISSION: b"AUTH PLAIN %b\r\n",
    Door.POP3: b"AUTH PLAIN %b\r\n",
    Door.MANAGESIEVE: b'AUTHENTICATE "PLAIN" "%b"\r\n',
}
READY = {Door.SUBMISSION: b"250 ", Door.POP3: b"+OK", Door.MANAGESIEVE: b"OK"}


def wrong(number: int) -> bytes:
    return plain("ada@example.org", f"wrong-{number}")


async def port(room: Room, door: Door) -> int:
    shared = {
        "auth": room.auth,
        "journal": room.journal,
        "clock": room.clock,
        "budget": room.budget,
        "hostname": HOST,
    }
    boxes = {"mailboxes": room.mailboxes}
    ways = {"intake": room.intake, "submission": room.submission}
    services = {
        Door.SUBMISSION: lambda: SmtpService(role="submission", options=SmtpOptions(), **ways, **shared),
        Door.POP3: lambda: Pop3Service(options=Pop3Options(), **boxes, **shared),
        Door.MANAGESIEVE: lambda: ManageSieveService(
            options=ManageSieveOptions(), scripts=room.scripts, **boxes, **shared
        ),
    }
    return await room.door(services[door](), door)


async def arrived(room: Room, door: Door) -> Peer:
    peer = await room.peer(await port(room, door))
    if door is Door.SUBMISSION:
        peer.write(b"EHLO x\r\n")
    await peer.lines(lambda line: line.startswith(READY[door]))
    return peer


@pytest.fixture
async def open_room(tmp_path: Path) -> AsyncIterator[Callable[[GuardOptions], Awaitable[Room]]]:
    async with AsyncExitStack() as stack:

        async def make(guard: GuardOptions) -> Room:
            room = Room(tmp_path, guard=guard)
            stack.push_async_callback(room.close)
            await room.prepare()
            return room

        yield make


@pytest.mark.parametrize("door", LATER)
async def test_a_closed_account(open_room: Callable[[GuardOptions], Awaitable[Room]], door: Door) -> None:
    room = await open_room(
        GuardOptions(policy="simple", account_lock="strict", address_limit=Rate(100, 3600), account_limit=Rate(2, 3600))
    )
    peer = await arrived(room, door)
    for number in range(2):
        peer.write(COMMAND[door] % wrong(number))
        assert not (await peer.line()).startswith(LATER[door])
    peer.write(COMMAND[door] % RIGHT)
    assert (await peer.line()).startswith(LATER[door])


@pytest.mark.parametrize("door", LATER)
async def test_a_banned_address(open_room: Callable[[GuardOptions], Awaitable[Room]], door: Door) -> None:
    room = await open_room(
        GuardOptions(policy="simple", never_ban=(), address_limit=Rate(2, 3600), account_limit=Rate(100, 3600))
    )
    peer = await arrived(room, door)
    peer.write(b"".join(COMMAND[door] % wrong(number) for number in range(5)) + COMMAND[door] % RIGHT)
    said = await peer.rest()
    assert said.count(b"\r\n") <= 2
    assert READY[door] not in said.replace(b"Authentication", b"")
