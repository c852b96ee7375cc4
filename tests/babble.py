"""Nonsense for services: fragments of a protocol in random order and random pieces. A service must neither raise nor hang."""

from __future__ import annotations

import asyncio
import contextlib
import random

from dialogue import connected

from gatepost.model.connection import Door
from gatepost.net.conversation import Service


async def babble(service: Service, door: Door, fragments: list[bytes], rounds: int = 40) -> None:
    """Each round is a connection that says 40 fragments and then no more; the service ends it by itself."""
    for seed in range(rounds):
        dice = random.Random(seed)
        said = b"".join(dice.choices(fragments, k=40))
        async with connected(service, door) as peer:
            with contextlib.suppress(ConnectionError):  # it may have ended before everything was said
                await peer.send(said, dice.choice([0, 1, 5, 100]))
                peer.writer.write_eof()
                async with asyncio.timeout(20):
                    await peer.reader.read()
