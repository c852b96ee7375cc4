"""Hands admitted connections to the line protocols' services, and sees every conversation to its end.

One task a connection. However it ends (the peer left, a clock ran out, the server stops, a fault of ours), the peer is
told in its protocol's words where that still helps, the table forgets it, and the journal hears why.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl

from gatepost.journal import Journal
from gatepost.model.connection import Connection
from gatepost.model.errors import Overloaded, StorageUnavailable
from gatepost.model.events import ConnectionClosed, ConnectionOpened, Failed
from gatepost.net.conversation import ClockRanOut, ServerStopping, Service
from gatepost.net.handshakes import garbage, spoke_no_tls
from gatepost.net.live import LiveConnection, LiveConnections, reset_at_close
from gatepost.net.tls import TlsContexts
from gatepost.net.wire import InjectedPlaintext, PeerGone, TlsFailed, Wire
from gatepost.ports.clock import Clock

HANDSHAKE = 20.0
"""Seconds for a TLS handshake."""
LINGER = 1.0
"""Seconds that a peer has to close after we did."""
FAREWELL = 5.0
"""Seconds the last words may take to leave."""


class LineConnections:
    """Makes a `Handler` for the acceptor out of a service."""

    def __init__(self, *, live: LiveConnections, tls: TlsContexts, journal: Journal, clock: Clock) -> None:
        self._live, self._tls, self._journal, self._clock = live, tls, journal, clock
        self._tasks: set[asyncio.Task[None]] = set()

    def handler(self, service: Service) -> LineHandler:
        """What the acceptor calls for each admitted connection of this service."""
        return LineHandler(self, service)

    def begin(self, service: Service, sock: socket.socket, connection: Connection, tls: ssl.SSLContext | None) -> None:
        """Starts the connection's task."""
        task = asyncio.get_running_loop().create_task(self._run(service, sock, connection, tls))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self, grace: float) -> None:
        """Waits `grace` seconds for conversations that were told to stop, then cuts the rest off."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)

    async def _run(
        self, service: Service, sock: socket.socket, connection: Connection, tls: ssl.SSLContext | None
    ) -> None:
        family = connection.door.family
        wire = Wire(connection, lambda: self._tls.context(family), _ignore, lambda ended: self._live.remove(connection))

        def stop() -> None:
            wire.stopping = True
            wire.wake()

        # registered before the handshake: a ban must reach it there too
        abort = wire.abort
        self._live.add(LiveConnection(connection, lambda why: _abort(abort, sock, why), stop))
        began = self._clock.now()
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: wire, sock, ssl=tls, ssl_handshake_timeout=HANDSHAKE if tls else None
            )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            sock.close()
            self._live.remove(connection)
            self._note_garbage(connection, error)
            self._note_end(wire, "tls" if tls else "peer", began)
            return
        self._journal.note(
            ConnectionOpened(
                at=began,
                connection=connection.id,
                door=connection.door,
                client=str(connection.client),
                tls=wire.connection.tls or "",
            )
        )
        try:
            why = await self._converse(service, wire)
            self._note_end(wire, wire.why or why, began)
            await wire.linger(LINGER)
        finally:
            self._live.remove(connection)

    async def _converse(self, service: Service, wire: Wire) -> str:
        why = "quit"
        try:
            await service.serve(wire)
        except PeerGone:
            why = "peer"
        except ClockRanOut as ran_out:
            why = "timeout"
            if str(ran_out) != "write":
                await self._say(wire, service.farewell("timeout"))
        except ServerStopping:
            why = "stopping"
            await self._say(wire, service.farewell("stopping"))
        except (Overloaded, StorageUnavailable):
            why = "limits"
            await self._say(wire, service.farewell("busy"))
        except (InjectedPlaintext, TlsFailed) as error:
            why = "tls"
            self._note_garbage(wire.connection, error.__cause__)
            wire.abort("tls")
        except asyncio.CancelledError:
            wire.abort("stopping")
            raise
        except Exception as error:
            why = "error"
            self._journal.note(
                Failed(
                    at=self._clock.now(),
                    topic=wire.connection.door,
                    text=_trace(error),
                    connection=wire.connection.id,
                )
            )
            await self._say(wire, service.farewell("error"))
        finally:
            wire.close(why)
        return why

    async def _say(self, wire: Wire, words: bytes) -> None:
        wire.write(words)
        with contextlib.suppress(PeerGone, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await wire.drain()

    def _note_garbage(self, connection: Connection, error: BaseException | None) -> None:
        if spoke_no_tls(error):
            self._journal.note(garbage(connection, self._clock.now()))

    def _note_end(self, wire: Wire, why: str, began: float) -> None:
        now = self._clock.now()
        self._journal.note(
            ConnectionClosed(
                at=now,
                connection=wire.connection.id,
                door=wire.connection.door,
                client=str(wire.connection.client),
                why=why,
                seconds=round(now - began, 3),
                received=wire.received,
                sent=wire.sent,
            )
        )


class LineHandler:
    """A service, as the acceptor's `Handler`."""

    def __init__(self, connections: LineConnections, service: Service) -> None:
        self._connections, self._service = connections, service

    def __call__(self, sock: socket.socket, connection: Connection, tls: ssl.SSLContext | None) -> None:
        self._connections.begin(self._service, sock, connection, tls)


def _ignore(wire: Wire) -> None:
    """The wire opened: nothing to do, the task that made it knows."""


def _abort(abort: object, sock: socket.socket, why: str) -> None:
    assert callable(abort)
    if why == "banned":
        reset_at_close(sock)
    abort(why)
    # during the handshake no transport is the wire's yet: shutting the socket ends the handshake
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _trace(error: BaseException) -> str:
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(last))
    return f"{type(error).__name__}: {error} [{where}]"
