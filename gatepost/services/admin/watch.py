"""What `gatepost guard watch` hears: the guard's events as they happen, a bounded queue for each listener.

A listener that reads too slowly loses events, and is told how many; the server is never slowed down.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from gatepost.model.events import (
    Abuse,
    AccountClosed,
    Administered,
    BanEnded,
    Banned,
    ConnectionsRefused,
    Event,
    Failed,
    SignedIn,
    SignInFailed,
    SignInRefused,
    SignInsTurnedAway,
    SignInUntried,
    Warned,
)

OPERATION = "guard.watch"
QUEUE = 1024
"""Events that wait for one listener."""
LISTENERS = 8
PULSE = 1.0
"""Seconds without an event after which an empty line is sent: that is how a listener who left is noticed."""
HEARD = (
    SignedIn, SignInFailed, SignInRefused, SignInUntried, SignInsTurnedAway, ConnectionsRefused, Abuse, Banned, BanEnded,
    AccountClosed, Administered, Warned, Failed,
)  # fmt: skip


class _Listener:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE)
        self.lost = 0


class Watchers:
    """A journal sink. It costs nothing while nobody listens."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()

    def __call__(self, event: Event) -> None:
        if not self._listeners or not isinstance(event, HEARD):
            return
        for listener in self._listeners:
            try:
                listener.queue.put_nowait(event)
            except asyncio.QueueFull:
                listener.lost += 1

    @property
    def full(self) -> bool:
        """Whether nobody more may listen."""
        return len(self._listeners) >= LISTENERS

    async def lines(self) -> AsyncGenerator[dict[str, Any], None]:
        """`{"event": ...}` for each, `{"lost": n}` where some were lost, `{}` once a second without any."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield {}  # listening from now on
            while True:
                try:
                    async with asyncio.timeout(PULSE):
                        event = await listener.queue.get()
                except TimeoutError:
                    yield {}
                    continue
                yield {"event": msgspec.to_builtins(event)}
                if listener.lost:
                    lost, listener.lost = listener.lost, 0
                    yield {"lost": lost}
        finally:
            self._listeners.discard(listener)
