"""Whole SMTP dialogues, as clients have them; and babble."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import pytest
from babble import babble
from dialogue import CUTS, TRANSCRIPTS, Peer, connected, play
from smtproom import Smtp

from gatepost.model.connection import Door

FILES = sorted((TRANSCRIPTS / "smtp").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
async def test_transcript(path: Path, smtp: Smtp) -> None:
    """Whole, and cut into pieces; submission's dialogues have its name."""
    role: Literal["mx", "submission"] = "submission" if path.stem.startswith("submission") else "mx"
    door = Door.SUBMISSION if role == "submission" else Door.SMTP
    for cut in CUTS:
        async with AsyncExitStack() as stack:

            async def connect(stack: AsyncExitStack = stack) -> Peer:
                return await stack.enter_async_context(connected(smtp.service(role), door))

            await play(path, connect, cut)


FRAGMENTS = [
    b"EHLO x\r\n",
    b"MAIL FROM:<>\r\n",
    b"RCPT TO:<ada@example.org>\r\n",
    b"DATA\r\n",
    b".\r\n",
    b"x\r\n",
    b"\n",
    b"\r",
    b"BDAT 3\r\n",
    b"BDAT 0 LAST\r\n",
    b"AUTH PLAIN\r\n",
    b"*\r\n",
    b"AUTH LOGIN YQ==\r\n",
    b"RSET\r\n",
    b"QUI",
    b"\xff\x00",
    b"RCPT TO:<nobody@example.org>\r\n",
    b"HELO y\r\n",
    b"NOOP\r\n",
    b"AUTH SCRAM-SHA-256 biwsbj1hLHI9Yg==\r\n",
]


@pytest.mark.parametrize("role", ["mx", "submission"])
async def test_babble(smtp: Smtp, role: Literal["mx", "submission"]) -> None:
    """Nothing that a client says makes the service raise or hang."""
    service = smtp.service(role, sign_in=True, max_errors=1000)
    await babble(service, Door.SMTP if role == "mx" else Door.SUBMISSION, FRAGMENTS)
    assert smtp.room.budget.held == 0
