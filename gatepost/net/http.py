"""HTTP connections: uvicorn's protocol class, driven by our acceptor on our loop, with the guard before every request.

Each request's scope carries `scope["state"]["connection"]` (whose request it is, X-Forwarded-For believed only from a
trusted proxy: the rightmost hop that is not one) and `scope["state"]["abort"]`. Clocks: for a request's head, and for
each request's body; what a head may weigh is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from typing import Any, cast

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gatepost.guard.verdicts import Admission
from gatepost.journal import Journal
from gatepost.model.address import Address, BadAddress, Network, parse_address
from gatepost.model.connection import Connection
from gatepost.model.events import Abuse, ConnectionClosed, ConnectionOpened
from gatepost.net.acceptor import Gatekeeper
from gatepost.net.handshakes import garbage, spoke_no_tls
from gatepost.net.live import LiveConnection, LiveConnections, reset_at_close
from gatepost.ports.clock import Clock

MAX_HEAD = 64 * 1024


class HttpClocks(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds: a request's head, its body, and between requests."""

    head: float = 20.0
    body: float = 300.0
    keep_alive: float = 60.0


class HttpConnections:
    """Makes a `Handler` for the acceptor out of an ASGI application."""

    def __init__(
        self,
        app: Any,
        *,
        gate: Gatekeeper,
        live: LiveConnections,
        trusted: tuple[Network, ...],
        clocks: HttpClocks,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self.gate, self.live, self.trusted, self.clocks = gate, live, trusted, clocks
        self.journal, self.clock = journal, clock
        self.config = Config(
            app,
            http="httptools",
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=int(clocks.keep_alive),
        )
        self.config.load()
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self.state = ServerState()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, sock: socket.socket, connection: Connection, tls: ssl.SSLContext | None) -> None:
        task = asyncio.get_running_loop().create_task(self._begin(sock, connection, tls))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _begin(self, sock: socket.socket, connection: Connection, tls: ssl.SSLContext | None) -> None:
        protocol = GuardedHttp(self, connection)
        self.live.add(LiveConnection(connection, lambda why: protocol.end(why, sock), protocol.leave))
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol, sock, ssl=tls, ssl_handshake_timeout=self.clocks.head if tls else None
            )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            sock.close()
            self.live.remove(connection)
            if spoke_no_tls(error):
                self.journal.note(garbage(connection, self.clock.now()))

    async def finish(self, grace: float) -> None:
        """Waits `grace` seconds for requests under way, then cuts them off."""
        if self.state.tasks:
            await asyncio.wait(self.state.tasks, timeout=grace)
        for protocol in list(self.state.connections):
            cast(GuardedHttp, protocol).end("stopping")
        for task in [*self.state.tasks, *self._tasks]:
            task.cancel()


async def _refused(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 403, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": b""})


class GuardedHttp(HttpToolsProtocol):
    """One HTTP connection."""

    def __init__(self, owner: HttpConnections, connection: Connection) -> None:
        state = {"connection": connection, "abort": self.end}
        super().__init__(owner.config, owner.state, state, asyncio.get_running_loop())
        self._owner, self._connection = owner, connection
        self._timer: asyncio.TimerHandle | None = None
        self._head = 0
        self._in_head = True
        self._began = owner.clock.now()
        self._why = ""

    # -- asyncio.Protocol -----------------------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        session = transport.get_extra_info("ssl_object")
        if session is not None:
            self._connection = msgspec.structs.replace(self._connection, tls=str(session.version()))
        self.client = (str(self._connection.client), self._connection.client_port)
        if self._connection.tls is not None:
            self.scheme = "https"
        self._owner.journal.note(
            ConnectionOpened(
                at=self._began,
                connection=self._connection.id,
                door=self._connection.door,
                client=str(self._connection.client),
                tls=self._connection.tls or "",
            )
        )
        self._set_timer(self._owner.clocks.head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_timer(0)
        super().connection_lost(exc)
        self._owner.live.remove(self._connection)
        now = self._owner.clock.now()
        self._owner.journal.note(
            ConnectionClosed(
                at=now,
                connection=self._connection.id,
                door=self._connection.door,
                client=str(self._connection.client),
                why=self._why or "quit",
                seconds=round(now - self._began, 3),
            )
        )

    def data_received(self, data: bytes) -> None:
        if self._in_head and not self._head:
            self._set_timer(self._owner.clocks.head)
        self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > MAX_HEAD:
            self.end("limits")

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is told to the guard, not to the log: a peer could fill it."""
        self._owner.journal.note(
            Abuse(
                at=self._owner.clock.now(),
                connection=self._connection.id,
                door=self._connection.door,
                client=str(self._connection.client),
                kind="bad-command",
            )
        )
        super().send_400_response(msg)

    # -- httptools callbacks -----------------------------------------------------------------------------------------
    def on_headers_complete(self) -> None:
        self._in_head, self._head = False, 0
        self._set_timer(self._owner.clocks.body)
        connection = self._whose_request()
        self.scope["state"]["connection"] = connection
        admitted = self._owner.gate.admit(connection.client) is not Admission.DROP
        if not admitted and connection.client == self._connection.client:
            self.end("banned")
        self.app = self.config.loaded_app if admitted else _refused
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._head = True, 0
        self._set_timer(0)
        super().on_message_complete()

    # -- ends ---------------------------------------------------------------------------------------------------------------
    def end(self, why: str = "", sock: socket.socket | None = None) -> None:
        """Cuts the connection off; nothing that is queued goes out."""
        self._why = self._why or why
        if why == "banned" and sock is not None:
            reset_at_close(sock)
        transport: asyncio.Transport | None = self.transport
        if transport is not None:
            transport.abort()
        elif sock is not None:
            # still in the handshake: its transport is the loop's own
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def leave(self) -> None:
        """The server is stopping: finish the request under way."""
        self._why = self._why or "stopping"
        transport: asyncio.Transport | None = self.transport
        if transport is not None:
            self.shutdown()

    def _whose_request(self) -> Connection:
        connection = self._connection
        if not _trusted(connection.peer, self._owner.trusted) or connection.proxied:
            return connection
        hops = b",".join(value for name, value in self.headers if name == b"x-forwarded-for")
        client = rightmost_untrusted(hops, self._owner.trusted)
        if client is None:
            return connection
        scheme = next((value for name, value in self.headers if name == b"x-forwarded-proto"), b"")
        return msgspec.structs.replace(
            connection, client=client, tls=connection.tls or ("behind proxy" if scheme == b"https" else None)
        )

    def _set_timer(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds:
            self._timer = self.loop.call_later(seconds, self.end, "timeout")


def _trusted(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(network.contains(address) for network in networks)


def rightmost_untrusted(hops: bytes, trusted: tuple[Network, ...]) -> Address | None:
    """The client in an X-Forwarded-For value: from the right, the first hop that is not a trusted proxy (law 9)."""
    for hop in reversed(hops.split(b",")):
        text = hop.strip().decode("ascii", "replace").strip("[]")
        if not text:
            continue
        try:
            address = parse_address(text)
        except BadAddress:
            return None
        if not _trusted(address, trusted):
            return address
    return None


class JournalHandler(logging.Handler):
    """What libraries log goes where everything goes: the journal, as one event a record."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        super().__init__(logging.WARNING)
        self._journal, self._clock = journal, clock

    def emit(self, record: logging.LogRecord) -> None:
        from gatepost.model.events import Failed, Warned

        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text}: {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        kind = Failed if record.levelno >= logging.ERROR else Warned
        self._journal.note(kind(at=self._clock.now(), topic=record.name, text=text))
