"""Whole dialogues, as clients have them; and babble."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from babble import babble
from dialogue import CUTS, TRANSCRIPTS, Peer, connected, play
from lineroom import Room

from gatepost.model.connection import Door
from gatepost.services.pop3.service import Pop3Service

FILES = sorted((TRANSCRIPTS / "pop3").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
async def test_transcript(path: Path, room: Room, service: Pop3Service) -> None:
    """Whole, and cut into pieces."""
    await room.put(b"Subject: first\r\n\r\n.dot\r\nlast\r\n")
    for cut in CUTS:
        async with AsyncExitStack() as stack:

            async def connect(stack: AsyncExitStack = stack) -> Peer:
                return await stack.enter_async_context(connected(service, Door.POP3))

            await play(path, connect, cut)


FRAGMENTS = [
    b"USER ada@example.org\r\n",
    b"PASS analytical-engine\r\n",
    b"PASS x\r\n",
    b"AUTH PLAIN\r\n",
    b"*\r\n",
    b"STAT\r\n",
    b"LIST\r\n",
    b"RETR 1\r\n",
    b"TOP 1 1\r\n",
    b"DELE 1\r\n",
    b"RSET\r\n",
    b"UIDL 9\r\n",
    b"CAPA\r\n",
    b"\n",
    b"\r",
    b"\xff\x00",
    b"NOOP",
    b"AUTH LOGIN YQ==\r\n",
]


async def test_babble(room: Room, service: Pop3Service) -> None:
    """Nothing that a client says makes the service raise or hang."""
    await room.put(b"Subject: first\r\n\r\n.dot\r\nlast\r\n")
    await babble(service, Door.POP3, FRAGMENTS)
    assert room.budget.held == 0
