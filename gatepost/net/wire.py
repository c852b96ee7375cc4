"""One connection's octets: reading with back-pressure, writing, TLS in mid-stream, and its end.

A `Wire` is an asyncio protocol over whatever transport the acceptor made (TCP, or TLS over it). At most one task reads
it. It never hands over octets across the TLS boundary (RFC 3207 §4.2: what came before the handshake is discarded;
here it ends the connection).
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Callable
from typing import cast

import msgspec

from gatepost.model.connection import Connection

DISCARDED = 1024 * 1024
"""Octets that a peer may still send after we have said that we are done."""
READ_AHEAD = 64 * 1024
"""Octets received and not yet read above which the peer is not read from."""


class PeerGone(Exception):
    """The connection is over: reset, closed while we wrote, or dropped by a ban."""


class InjectedPlaintext(Exception):
    """Octets arrived before the TLS handshake that the peer had no business sending (STARTTLS injection)."""


class TlsFailed(Exception):
    """The TLS handshake did not come about."""


class Woken:
    """The type of WOKEN."""


WOKEN = Woken()
"""What `read` returns when `wake` was called: look at what happened elsewhere, then read again."""


class Wire(asyncio.Protocol):
    """See the module. `connection` says who is at the other end and is renewed by `start_tls`."""

    def __init__(
        self,
        connection: Connection,
        tls: Callable[[], ssl.SSLContext] | None,
        opened: Callable[[Wire], None],
        closed: Callable[[Wire], None],
    ) -> None:
        self.connection = connection
        self.stopping = False
        self.received = 0
        self.sent = 0
        self.why = ""
        self._tls = tls
        self._opened, self._closed = opened, closed
        self._transport: asyncio.Transport | None = None
        self._chunks: list[bytes] = []
        self._held = 0
        self._eof = False
        self._lost = False
        self._woken = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._upgrading = False
        self._leaving = False
        self._discarded = 0
        self._deadline = math.inf
        self._timer: asyncio.TimerHandle | None = None

    # -- asyncio.Protocol -----------------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._upgrading:
            self._note_tls()
            self._opened(self)

    def data_received(self, data: bytes) -> None:
        if self._leaving:
            self._discarded += len(data)
            if self._discarded > DISCARDED and self._transport is not None:
                self._transport.abort()
            return
        self.received += len(data)
        self._chunks.append(data)
        self._held += len(data)
        if self._held > READ_AHEAD and self._transport is not None:
            self._transport.pause_reading()
        self._resume_reader()

    def eof_received(self) -> bool:
        self._eof = True
        self._resume_reader()
        # half-closed: what was asked before is still answered; TLS has no such state
        return self.connection.tls is None and not self._leaving

    def connection_lost(self, exc: Exception | None) -> None:
        if self._lost:
            return
        self._lost = self._eof = True
        self._resume_reader()
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)
        self._stop_clock()
        self._closed(self)

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause_writing(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)

    # -- for sessions -----------------------------------------------------------------------------------------------
    @property
    def offers_tls(self) -> bool:
        """Whether STARTTLS may be offered now."""
        return self._tls is not None and self.connection.tls is None

    @property
    def unread(self) -> int:
        """Octets received and not yet read."""
        return self._held

    async def read(self, deadline: float = math.inf) -> bytes | Woken | None:
        """What has come, at least one octet; empty at the end of the stream; WOKEN if `wake` was called; None where nothing
        of this happened until `deadline`, by the loop's clock. Raises PeerGone if the connection is lost rather than ended."""
        while True:
            if self._woken:
                self._woken = False
                return WOKEN
            if self._chunks and not self._lost:
                return self._take()
            if self._lost:
                raise PeerGone
            if self._eof:
                return b""
            loop = asyncio.get_running_loop()
            if loop.time() >= deadline:
                return None
            self._reader = loop.create_future()
            self._watch_clock(loop, deadline)
            try:
                await self._reader
            finally:
                self._reader = None
                self._deadline = math.inf

    def _watch_clock(self, loop: asyncio.AbstractEventLoop, deadline: float) -> None:
        """One timer serves many reads: it is set again only when it fires too early, or would fire too late."""
        self._deadline = deadline
        if self._timer is not None and self._timer.when() > deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and deadline < math.inf:
            self._timer = loop.call_at(deadline, self._clock_struck)

    def _clock_struck(self) -> None:
        self._timer = None
        if self._reader is None or self._deadline == math.inf:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._deadline:
            self._resume_reader()
        else:
            self._watch_clock(loop, self._deadline)

    def wake(self) -> None:
        """Makes the current or next `read` return WOKEN."""
        self._woken = True
        self._resume_reader()

    def write(self, data: bytes) -> None:
        """Queues octets for the peer; does nothing once the connection is lost."""
        if data and self._transport is not None and not self._lost:
            self.sent += len(data)
            self._transport.write(data)

    @property
    def congested(self) -> bool:
        """Whether the peer has to take something before more is written, or is gone: then `drain` says which."""
        return self._lost or (self._writer is not None and not self._writer.done())

    async def drain(self) -> None:
        """Waits until the peer has taken enough. Raises PeerGone."""
        if self._writer is not None and not self._writer.done():
            await asyncio.shield(self._writer)
        if self._lost:
            raise PeerGone

    async def start_tls(self, timeout: float = 30.0) -> None:
        """The handshake, as server, after our go-ahead was written. Raises InjectedPlaintext, TlsFailed, PeerGone."""
        transport, tls = self._transport, self._tls
        if transport is None or self._lost:
            raise PeerGone
        if tls is None:
            raise TlsFailed("no certificate")
        if self._held:
            raise InjectedPlaintext
        self._upgrading = True
        try:
            upgraded = await asyncio.get_running_loop().start_tls(
                transport, self, tls(), server_side=True, ssl_handshake_timeout=timeout
            )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            raise TlsFailed(str(error)) from error
        finally:
            self._upgrading = False
        if upgraded is None or self._lost:
            raise PeerGone
        self._transport = upgraded
        self._note_tls()

    def close(self, why: str = "") -> None:
        """Ends the connection after what was written has gone out. A peer that is still sending would answer a plain close
        with the loss of our last words (the kernel resets a socket that has unread input): so we say that we are done, and
        `linger` hears the rest out."""
        self.why = self.why or why
        transport = self._transport
        if transport is None or self._lost or self._leaving:
            return
        if self._eof or self.stopping or not transport.can_write_eof():
            transport.close()
            return
        self._leaving = True
        self._chunks.clear()
        self._held = 0
        transport.write_eof()
        transport.resume_reading()

    async def linger(self, seconds: float) -> None:
        """After `close`: waits until the peer has closed too, so long at most, and then lets go."""
        if not self._leaving:
            return
        try:
            async with asyncio.timeout(seconds):
                while not self._lost and not self._eof:
                    self._reader = asyncio.get_running_loop().create_future()
                    await self._reader
        except TimeoutError:
            pass
        finally:
            self._reader = None
            if self._transport is not None:
                self._transport.abort()

    def abort(self, why: str = "") -> None:
        """Ends it at once; nothing queued goes out, nothing read is handed on."""
        self.why = self.why or why
        if not self._lost:
            self._lost = self._eof = True
            self._chunks.clear()
            self._held = 0
            self._resume_reader()
            if self._writer is not None and not self._writer.done():
                self._writer.set_result(None)
            if self._transport is not None:
                self._transport.abort()
            self._stop_clock()
            self._closed(self)

    @property
    def lost(self) -> bool:
        """Whether the connection is over."""
        return self._lost

    # -- inside -------------------------------------------------------------------------------------------------------
    def _take(self) -> bytes:
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._held = 0
        if self._transport is not None and not self._eof:
            self._transport.resume_reading()
        return data

    def _resume_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _note_tls(self) -> None:
        assert self._transport is not None
        session = self._transport.get_extra_info("ssl_object")
        if session is not None:
            cipher = session.cipher()
            text = f"{session.version()} {cipher[0]}" if cipher else str(session.version())
            binding = getattr(session.context, "gatepost_endpoint_binding", b"")
            self.connection = msgspec.structs.replace(self.connection, tls=text, endpoint_binding=binding)
