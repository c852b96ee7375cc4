"""The table of live connections, by who is at the other end: so that a ban closes them everywhere at once (law 3)."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator

from gatepost.model.account import AccountId
from gatepost.model.address import Address, Network
from gatepost.model.connection import Connection


def reset_at_close(sock: socket.socket) -> None:
    """Makes the end of a banned peer's connection a reset: where the kernel drops what the peer would acknowledge, a FIN
    would be repeated for minutes."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class LiveConnection:
    """One entry. `account` is who signed in last on it, None for nobody; `abort` ends it at once."""

    __slots__ = ("abort", "account", "connection", "stop")

    def __init__(self, connection: Connection, abort: Callable[[str], None], stop: Callable[[], None]) -> None:
        self.connection, self.abort, self.stop = connection, abort, stop
        self.account: AccountId | None = None


class LiveConnections:
    """Counts and finds connections by source (IPv4 /32, IPv6 /64) in constant time."""

    def __init__(self) -> None:
        self._by_source: dict[Network, dict[str, LiveConnection]] = {}
        self._by_id: dict[str, LiveConnection] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[LiveConnection]:
        return iter(list(self._by_id.values()))

    def count(self, client: Address) -> int:
        """How many connections the client's source holds."""
        return len(self._by_source.get(client.source, ()))

    def add(self, live: LiveConnection) -> None:
        """A connection began."""
        self._by_id[live.connection.id] = live
        self._by_source.setdefault(live.connection.client.source, {})[live.connection.id] = live

    def remove(self, connection: Connection) -> None:
        """It ended; once is enough, twice does no harm."""
        self._by_id.pop(connection.id, None)
        source = connection.client.source
        entries = self._by_source.get(source)
        if entries is not None:
            entries.pop(connection.id, None)
            if not entries:
                del self._by_source[source]

    def signed_in(self, connection: Connection, account: AccountId) -> None:
        """Somebody signed in on it."""
        live = self._by_id.get(connection.id)
        if live is not None:
            live.account = account

    def signed_out(self, connection: Connection) -> None:
        """It is nobody's again."""
        live = self._by_id.get(connection.id)
        if live is not None:
            live.account = None

    def within(self, network: Network) -> list[LiveConnection]:
        """All whose client lies in `network`; constant time for a single source, else one pass over the sources."""
        exact = self._by_source.get(network)
        if exact is not None:
            return list(exact.values())
        return [
            live
            for source, entries in list(self._by_source.items())
            if network.contains(source) or source.contains(network)
            for live in list(entries.values())
            if network.contains(live.connection.client)
        ]

    def of_account(self, account: AccountId) -> list[LiveConnection]:
        """All on which this account is signed in."""
        return [live for live in self._by_id.values() if live.account == account]
