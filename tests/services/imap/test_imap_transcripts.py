"""Whole dialogues, as clients have them."""

from __future__ import annotations

import pytest
from dialogue import CUTS, TRANSCRIPTS, play

FILES = sorted((TRANSCRIPTS / "imap").glob("*.txt"))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
async def test_transcript(path, cut, connect):
    await play(path, connect, cut)
