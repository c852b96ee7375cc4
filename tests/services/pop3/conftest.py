"""A POP3 door over the real adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lineroom import HOST, Room

from gatepost.model.connection import Door
from gatepost.services.pop3.options import Pop3Options
from gatepost.services.pop3.service import Pop3Service


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path)
    await room.prepare()
    yield room
    await room.close()


@pytest.fixture
def service(room: Room) -> Pop3Service:
    return Pop3Service(
        auth=room.auth,
        mailboxes=room.mailboxes,
        journal=room.journal,
        clock=room.clock,
        budget=room.budget,
        hostname=HOST,
        options=Pop3Options(),
    )


@pytest.fixture
async def port(room: Room, service: Pop3Service) -> int:
    return await room.door(service, Door.POP3)
