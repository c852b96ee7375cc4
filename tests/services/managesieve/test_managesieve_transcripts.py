"""Whole dialogues, as clients have them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from dialogue import CUTS, TRANSCRIPTS, Peer, connected, play
from lineroom import Room

from gatepost.model.connection import Door
from gatepost.services.managesieve import ManageSieveService

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
