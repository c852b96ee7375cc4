"""An engine on a wire: flush what the engine has to say, then read what it waits for, within three clocks.

Pipelined commands are answered in one packet, and a peer that does not read its answers is not read from.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

import msgspec

from gatepost.model.errors import Overloaded
from gatepost.net.wire import InjectedPlaintext, PeerGone, Wire, Woken
from gatepost.proto.engine import Engine

EventT = TypeVar("EventT")

FLUSH_AT = 256 * 1024
"""Octets of output above which a session should flush before making more."""


class ClockRanOut(Exception):
    """The peer took too long; the argument is `idle`, `command`, `connection` or `write`."""


class ServerStopping(Exception):
    """The server is stopping: take your leave."""


class Clocks(msgspec.Struct, frozen=True):
    """Seconds: between commands; from a command's first octet to its last; for the whole connection (0: no end)."""

    idle: float
    command: float
    connection: float = 0.0


class Budget:
    """Octets that all conversations together may hold in memory for their peers."""

    def __init__(self, limit: int) -> None:
        self.limit, self.held = limit, 0

    def change(self, delta: int) -> None:
        """Takes or gives back. Raises Overloaded, taking nothing, where the limit would be passed."""
        if delta > 0 and self.held + delta > self.limit:
            raise Overloaded("too many octets in flight")
        self.held += delta


class Service(Protocol):
    """What the acceptor hands a connection to."""

    async def serve(self, wire: Wire) -> None:
        """The whole conversation; returns when it is over. May raise what `Conversation` raises."""
        ...

    def farewell(self, why: str) -> bytes:
        """Last words in the protocol's own form for `timeout`, `stopping`, `busy` or `error`; fixed text."""
        ...


class Conversation(Generic[EventT]):
    """`engine` may be replaced (after STARTTLS); `clocks` too (after login)."""

    def __init__(self, wire: Wire, engine: Engine[EventT], clocks: Clocks, budget: Budget) -> None:
        self.wire, self.engine, self.clocks = wire, engine, clocks
        self._budget, self._held = budget, 0
        self._now = asyncio.get_running_loop().time
        self._begun = self._since = self._now()

    async def next(self, finishing: bool = False) -> EventT | None:
        """The engine's next event, or None when `wire.wake` was called meanwhile (the server's own doing). With
        `finishing` a stopping server still waits for it: something is under way that should be brought to its end.
        Raises PeerGone, ClockRanOut, ServerStopping, Overloaded."""
        while True:
            if self.wire.why and self.wire.lost:
                raise PeerGone  # we ended it, as a ban does: what has come already is not looked at (law 3)
            event = self.engine.next_event()
            pending = self._account()
            if event is not None:
                self._since = self._now()
                return event
            await self.flush()
            if self.wire.stopping and not finishing:
                raise ServerStopping
            which, limit = ("command", self.clocks.command) if pending else ("idle", self.clocks.idle)
            deadline = self._since + limit
            if self.clocks.connection and self._begun + self.clocks.connection < deadline:
                which, deadline = "connection", self._begun + self.clocks.connection
            data = await self.wire.read(deadline)
            if data is None:
                raise ClockRanOut(which)
            if isinstance(data, Woken):
                return None
            if data:
                if not pending:
                    self._since = self._now()
                self.engine.receive_data(data)
            else:
                self.engine.receive_eof()
                event = self.engine.next_event()
                if event is None:
                    raise PeerGone
                return event

    def begin_again(self, clocks: Clocks) -> None:
        """The conversation is with a stranger once more, and the whole connection's clock starts now."""
        self.clocks = clocks
        self._begun = self._now()

    async def flush(self) -> None:
        """Sends what the engine has to say and waits until the peer takes it. Raises PeerGone, ClockRanOut."""
        output = self.engine.take_output()
        if output:
            self.wire.write(output)
            if not self.wire.congested:
                return
            try:
                async with asyncio.timeout(self.clocks.command):
                    await self.wire.drain()
            except TimeoutError:
                raise ClockRanOut("write") from None

    async def start_tls(self) -> None:
        """Flushes the go-ahead, refuses injected plaintext, does the handshake. The caller then makes a new engine.
        Raises InjectedPlaintext, TlsFailed, PeerGone, ClockRanOut."""
        if self.engine.pending or self.wire.unread:
            raise InjectedPlaintext
        await self.flush()
        await self.wire.start_tls()

    def _account(self) -> int:
        """Octets that the engine holds, as the budget knows them now."""
        pending = self.engine.pending
        if pending != self._held:
            self._budget.change(pending - self._held)
            self._held = pending
        return pending

    def end(self) -> None:
        """Gives back what was held; called once, at the conversation's end."""
        self._budget.change(-self._held)
        self._held = 0


@asynccontextmanager
async def conversation(
    wire: Wire, engine: Engine[EventT], clocks: Clocks, budget: Budget
) -> AsyncIterator[Conversation[EventT]]:
    """A conversation that gives back its budget however it ends."""
    talk = Conversation(wire, engine, clocks, budget)
    try:
        yield talk
    finally:
        talk.end()
