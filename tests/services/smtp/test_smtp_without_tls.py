"""Where passwords must not go over the wire in the clear (RFC 4954 §4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lineroom import Room, plain
from smtproom import Smtp


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Smtp]:
    room = Room(tmp_path, plaintext="never")
    await room.prepare()
    yield Smtp(room)
    await room.close()


async def test_no_password_before_tls(guarded: Smtp) -> None:
    client = await guarded.submission(sign_in=False)
    assert b"AUTH" not in await client.says(b"EHLO x")
    assert (await client.says(b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"538 5.7.11")
    assert (await client.says(b"STARTTLS")).startswith(b"220")
    await client.peer.start_tls()
    assert (await client.says(b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"503 5.5.1")
    assert b"AUTH" in await client.says(b"EHLO x")
    assert (await client.says(b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"235")
