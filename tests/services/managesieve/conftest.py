"""A ManageSieve door over the real adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lineroom import HOST, Room

from gatepost.model.connection import Door
from gatepost.services.managesieve.options import ManageSieveOptions
from gatepost.services.managesieve.service import ManageSieveService


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path)
    await room.prepare()
    yield room
    await room.close()


@pytest.fixture
def service(room: Room) -> ManageSieveService:
    return ManageSieveService(
        auth=room.auth,
        mailboxes=room.mailboxes,
        scripts=room.scripts,
        journal=room.journal,
        clock=room.clock,
        budget=room.budget,
        hostname=HOST,
        options=ManageSieveOptions(),
    )


@pytest.fixture
async def port(room: Room, service: ManageSieveService) -> int:
    return await room.door(service, Door.MANAGESIEVE)
