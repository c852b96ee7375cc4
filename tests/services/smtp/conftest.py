"""SMTP doors over the real adapters: an MX and a submission server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lineroom import Room
from smtproom import Smtp


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path)
    await room.prepare()
    yield room
    await room.close()


@pytest.fixture
def smtp(room: Room) -> Smtp:
    return Smtp(room)
