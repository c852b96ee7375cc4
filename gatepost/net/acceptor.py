"""One acceptor owns every listening socket: raw accept, PROXY header where required, the guard, then reset or hand-over.

A banned peer is closed with a reset before TLS, before a task or a session exists (law 3): that costs about as much as
accepting it. Not here: what is said on a connection (services), or why somebody is banned (the guard).
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import socket
import ssl
import struct
import sys
import time
from collections import Counter
from typing import Protocol

import msgspec

from gatepost.guard.verdicts import Admission
from gatepost.journal import Journal
from gatepost.model.address import Address, Network, parse_address
from gatepost.model.connection import Connection, Door
from gatepost.model.events import Abuse, ConnectionsRefused, Warned
from gatepost.net.live import LiveConnections
from gatepost.net.tls import TlsContexts
from gatepost.ports.clock import Clock
from gatepost.proto.proxy import BadHeader, ProxyHeader, ProxyReader

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST
BATCH = 128
"""Connections accepted in one turn of the loop, so that a flood does not starve who is already in."""
ADMITTED = 8
"""Those of them that may be admitted, each of which costs much more than a refusal."""
_INHERITED = sys.platform == "linux"  # accepted sockets take these options from the one that listens

CROWDING = 64
"""Sources a second that are told to the guard for too many connections."""


class AcceptLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Connections in all and for one source; seconds a PROXY header may take."""

    connections: int = 20_000
    connections_per_source: int = 200
    proxy_timeout: float = 5.0


class Handler(Protocol):
    """What takes over an admitted socket. It must not block; it owns the socket from then on."""

    def __call__(self, sock: socket.socket, connection: Connection, tls: ssl.SSLContext | None) -> None: ...


class Gatekeeper(Protocol):
    """What is asked about every peer."""

    def admit(self, client: Address) -> Admission: ...


class CannotListen(Exception):
    """The port can't be had; the text says why."""


class _Listener:
    __slots__ = ("door", "handler", "proxied", "sock")

    def __init__(self, sock: socket.socket, door: Door, proxied: bool, handler: Handler) -> None:
        self.sock, self.door, self.proxied, self.handler = sock, door, proxied, handler


class Acceptor:
    """`listen` for each configured port, `start` once, `stop` once."""

    def __init__(
        self,
        *,
        gate: Gatekeeper,
        live: LiveConnections,
        tls: TlsContexts,
        trusted: tuple[Network, ...],
        limits: AcceptLimits,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self._gate, self._live, self._tls, self._trusted, self._limits = gate, live, tls, trusted, limits
        self._journal, self._clock = journal, clock
        self._listeners: list[_Listener] = []
        self._proxy_tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._admitted = 0
        self._prefix = f"{int(time.time()) & 0xFFFFFF:x}"
        self._refused: Counter[str] = Counter()
        self._last_refused = ""
        self._crowding: dict[Network, tuple[Door, Address]] = {}
        self._spare = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        self._forgotten_proxy = ForgottenProxy(journal, clock)

    def listen(self, door: Door, host: str, port: int, proxied: bool, handler: Handler) -> tuple[str, int]:
        """Binds; the port really bound comes back (0 asks for any). Raises CannotListen."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if _INHERITED:
                _set_options(sock)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
            sock.bind((host, port))
            sock.listen(1024)
        except OSError as error:
            sock.close()
            raise CannotListen(f"{door} on {join(host, port)}: {error.strerror or error}") from error
        self._listeners.append(_Listener(sock, door, proxied, handler))
        bound = sock.getsockname()
        return str(bound[0]), int(bound[1])

    @property
    def direct(self) -> tuple[socket.socket, ...]:
        """The listening sockets whose peers are the clients themselves, not proxies."""
        return tuple(listener.sock for listener in self._listeners if not listener.proxied)

    def start(self) -> None:
        """Begins to accept. Call it on the event loop."""
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.add_reader(listener.sock.fileno(), self._accept, listener)

    def stop(self) -> None:
        """No new connection from now on; the ports are free."""
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.remove_reader(listener.sock.fileno())
            listener.sock.close()
        self._listeners.clear()
        for task in self._proxy_tasks:
            task.cancel()
        if self._spare >= 0:
            os.close(self._spare)
            self._spare = -1
        self.report()

    def report(self) -> None:
        """Notes how many were refused since the last report, and who came in crowds; called once a second."""
        crowding, self._crowding = self._crowding, {}
        for door, client in crowding.values():
            self._journal.note(Abuse(self._clock.now(), "", door.value, str(client), "too-many-connections"))
        if self._refused:
            self._journal.note(
                ConnectionsRefused(
                    at=self._clock.now(),
                    count=self._refused.total(),
                    reasons=dict(self._refused),
                    last=self._last_refused,
                )
            )
            self._refused.clear()

    # -- the hot path --------------------------------------------------------------------------------------------------
    def _accept(self, listener: _Listener) -> None:
        turn = self._admitted + ADMITTED
        for _ in range(BATCH):
            if self._admitted >= turn:
                return  # the rest waits for the next turn, as those do who are in already
            try:
                sock, name = listener.sock.accept()
            except (BlockingIOError, ConnectionAbortedError, InterruptedError):
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._shed(listener)
                return
            peer = parse_address(name[0])
            if listener.proxied:
                self._read_proxy_header(listener, sock, peer, name[1])
            else:
                self._decide(listener, sock, peer, name[1], peer, None)

    def _decide(
        self,
        listener: _Listener,
        sock: socket.socket,
        client: Address,
        client_port: int,
        peer: Address,
        header: ProxyHeader | None,
    ) -> None:
        if self._gate.admit(client) is Admission.DROP:
            self._refuse(sock, client, "banned")
            return
        if len(self._live) >= self._limits.connections:
            self._refuse(sock, client, "full")
            return
        if self._live.count(client) >= self._limits.connections_per_source:
            self._refuse(sock, client, "too many from one source")
            if len(self._crowding) < CROWDING:
                self._crowding[client.source] = (listener.door, client)
            return
        local = sock.getsockname()
        connection = Connection(
            id=f"{self._prefix}-{next(self._numbers):x}",
            door=listener.door,
            client=client,
            client_port=client_port,
            peer=peer,
            local=header.local if header and header.local else parse_address(local[0]),
            local_port=header.local_port if header and header.local else local[1],
            tls="behind proxy" if header and header.tls else None,
        )
        self._forgotten_proxy.saw(connection)
        sock.setblocking(False)
        if not _INHERITED:
            _set_options(sock)
        self._admitted += 1
        listener.handler(
            sock, connection, self._tls.context(listener.door.family) if listener.door.implicit_tls else None
        )

    def _refuse(self, sock: socket.socket, client: Address, reason: str) -> None:
        self._refused[reason] += 1
        self._last_refused = str(client)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        finally:
            sock.close()

    def _shed(self, listener: _Listener) -> None:
        """No file descriptor is left: give up the spare one to turn a peer away, instead of spinning."""
        os.close(self._spare)
        try:
            sock, name = listener.sock.accept()
            self._refuse(sock, parse_address(name[0]), "no file descriptors")
        except OSError:
            pass
        self._spare = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)

    # -- PROXY -------------------------------------------------------------------------------------------------------------
    def _read_proxy_header(self, listener: _Listener, sock: socket.socket, peer: Address, port: int) -> None:
        if not any(network.contains(peer) for network in self._trusted):
            self._refuse(sock, peer, "not a trusted proxy")
            return
        sock.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._proxied(listener, sock, peer, port))
        self._proxy_tasks.add(task)
        task.add_done_callback(self._proxy_tasks.discard)

    async def _proxied(self, listener: _Listener, sock: socket.socket, peer: Address, port: int) -> None:
        loop, reader = asyncio.get_running_loop(), ProxyReader()
        header = None
        try:
            async with asyncio.timeout(self._limits.proxy_timeout):
                while header is None:
                    octets = await loop.sock_recv(sock, reader.wants)
                    if not octets:
                        raise BadHeader("the proxy went away")
                    header = reader.feed(octets)
        except (BadHeader, TimeoutError, OSError):
            self._refuse(sock, peer, "no PROXY header")
            return
        except asyncio.CancelledError:
            sock.close()
            raise
        if header.client is None:
            self._decide(listener, sock, peer, port, peer, None)
        else:
            self._decide(listener, sock, header.client, header.client_port, peer, header)


def _set_options(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def join(host: str, port: int) -> str:
    """`host:port`, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class ForgottenProxy:
    """Watches for all clients coming from one private address: somebody forgot to trust a proxy (law 9)."""

    def __init__(self, journal: Journal, clock: Clock, after: int = 50) -> None:
        self._journal, self._clock, self._after = journal, clock, after
        self._only: Address | None = None
        self._count = 0
        self._done = False

    def saw(self, connection: Connection) -> None:
        """A connection was admitted."""
        if self._done or connection.proxied:
            return
        client = connection.client
        if client.loopback:
            return
        if not client.private or (self._only is not None and client != self._only):
            self._done = True
            return
        self._only = client
        self._count += 1
        if self._count >= self._after:
            self._done = True
            self._journal.note(
                Warned(
                    at=self._clock.now(),
                    topic="forgotten-proxy",
                    text=f"all of the last {self._count} connections came from {client}: if that is a proxy or gateway, add it "
                    "to [trusted] proxies and let it send the PROXY header, or one attacker gets everybody banned",
                )
            )
