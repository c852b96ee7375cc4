"""The corpus against an IMAP door over the real stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from corpus_imap import Client
from lineroom import PASSWORD, Room

from gatepost.model.connection import Door
from gatepost.net.conversation import Budget
from gatepost.services.imap.options import ImapOptions
from gatepost.services.imap.service import ImapService

MAX_MESSAGE = 64 * 1024 * 1024


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path, max_message=MAX_MESSAGE)
    await room.prepare()
    yield room
    await room.close()


@pytest.fixture
async def client(room: Room) -> AsyncIterator[Client]:
    """Signed in as ada, INBOX to be selected."""
    service = ImapService(
        auth=room.auth,
        mailboxes=room.mailboxes,
        journal=room.journal,
        clock=room.clock,
        budget=Budget(512 << 20),
        hostname="mail.example.org",
        options=ImapOptions(),
        max_message=MAX_MESSAGE,
    )
    port = await room.door(service, Door.IMAP)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    await reader.readuntil(b"\r\n")
    client = Client(reader, writer)
    await client.ask(b"LOGIN ada@example.org " + PASSWORD.encode())
    yield client
    writer.transport.abort()
