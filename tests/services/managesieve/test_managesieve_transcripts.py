"""Whole dialogues, as clients have them; and babble."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from babble import babble
from dialogue import CUTS, TRANSCRIPTS, Peer, connected, play
from lineroom import Room

from gatepost.model.connection import Door
from gatepost.services.managesieve.service import ManageSieveService

FILES = sorted((TRANSCRIPTS / "managesieve").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
async def test_transcript(path: Path, room: Room, service: ManageSieveService) -> None:
    """Whole, and cut into pieces."""
    await room.put(b"Subject: first\r\n\r\n.dot\r\nlast\r\n")
    for cut in CUTS:
        async with AsyncExitStack() as stack:

            async def connect(stack: AsyncExitStack = stack) -> Peer:
                return await stack.enter_async_context(connected(service, Door.MANAGESIEVE))

            await play(path, connect, cut)


FRAGMENTS = [
    b'AUTHENTICATE "PLAIN" "AGFkYUBleGFtcGxlLm9yZwBhbmFseXRpY2FsLWVuZ2luZQ=="\r\n',
    b'AUTHENTICATE "LOGIN"\r\n',
    b'"*"\r\n',
    b"LISTSCRIPTS\r\n",
    b'PUTSCRIPT "a" {5+}\r\n',
    b"keep;\r\n",
    b'SETACTIVE ""\r\n',
    b'GETSCRIPT "a"\r\n',
    b'DELETESCRIPT "a"\r\n',
    b"UNAUTHENTICATE\r\n",
    b'"',
    b"{3+}\r\n",
    b"NOOP ",
    b"\r\n",
    b"\n",
    b"\xff\x00",
    b"CHECKSCRIPT ",
    b"CAPABILITY\r\n",
    b'RENAMESCRIPT "a" "b"\r\n',
    b'HAVESPACE "a" 1\r\n',
]


async def test_babble(room: Room, service: ManageSieveService) -> None:
    """Nothing that a client says makes the service raise or hang."""
    await room.put(b"Subject: first\r\n\r\n.dot\r\nlast\r\n")
    await babble(service, Door.MANAGESIEVE, FRAGMENTS)
    assert room.budget.held == 0
