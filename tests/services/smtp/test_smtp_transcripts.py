"""Whole SMTP dialogues, as clients have them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from dialogue import CUTS, TRANSCRIPTS, Peer, connected, play
from smtproom import Smtp

from gatepost.model.connection import Door

FILES = sorted((TRANSCRIPTS / "smtp").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
async def test_transcript(path: Path, smtp: Smtp) -> None:
    """Whole, and cut into pieces; submission's dialogues have its name."""
    role = "submission" if path.stem.startswith("submission") else "mx"
    door = Door.SUBMISSION if role == "submission" else Door.SMTP
    for cut in CUTS:
        async with AsyncExitStack() as stack:

            async def connect(stack: AsyncExitStack = stack) -> Peer:
                return await stack.enter_async_context(connected(smtp.service(role), door))

            await play(path, connect, cut)
