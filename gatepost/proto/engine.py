"""The engine contract: how a protocol is spoken without a socket (after h11's manner).

    engine.receive_data(octets)            # as they came, in whatever pieces
    while (event := engine.next_event()):  # frozen values; None: more input is needed
        engine.send_...(reply)             # each engine's own methods queue output
    socket.write(engine.take_output())

Laws: cutting the input into other pieces changes no event and no output; input never raises anything (a fault of the
peer is an event); what is buffered stays within the engine's budget, whatever the peer sends. Only CRLF ends a line.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

EventT_co = TypeVar("EventT_co", covariant=True)


class Engine(Protocol[EventT_co]):
    """One peer's side of a conversation."""

    def receive_data(self, data: bytes) -> None:
        """Octets from the peer; empty data changes nothing."""
        ...

    def receive_eof(self) -> None:
        """The peer will send no more."""
        ...

    def next_event(self) -> EventT_co | None:
        """The next thing the peer said, or None until there is more input."""
        ...

    def take_output(self) -> bytes:
        """Octets for the peer; they are the caller's now."""
        ...

    @property
    def pending(self) -> int:
        """Octets held: received and not yet answered for by an event."""
        ...


class LineBuffer:
    """Input cut into CRLF lines and blocks of known length, within a budget. Shared by the line protocols' engines.

    A line over its limit is swallowed up to its CRLF and reported once, so that the conversation can go on at the true
    next line.
    """

    __slots__ = ("_buffer", "_scanned", "_skipping", "eof")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._skipping = False
        self.eof = False

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """More octets from the peer."""
        self._buffer += data

    def take_line(self, limit: int) -> bytes | TooLong | None:
        """The next line without its CRLF; None if it is not complete; TOO_LONG once for each line of more than `limit`
        octets, after its end has come. A bare CR or LF stays in the line: the grammar judges it."""
        end = self._buffer.find(b"\r\n", max(0, self._scanned - 1))
        if self._skipping:
            if end < 0:
                del self._buffer[: max(0, len(self._buffer) - 1)]
                self._scanned = 0
                return None
            self._drop(end + 2)
            self._skipping = False
            return TOO_LONG
        if end < 0:
            self._scanned = len(self._buffer)
            if len(self._buffer) > limit + 1:
                self._skipping = True
                del self._buffer[: len(self._buffer) - 1]
                self._scanned = 0
            return None
        if end > limit:
            self._drop(end + 2)
            return TOO_LONG
        line = bytes(self._buffer[:end])
        self._drop(end + 2)
        return line

    def take_exactly(self, count: int) -> bytes | None:
        """The next `count` octets, or None until they are there."""
        if len(self._buffer) < count:
            return None
        with (
            memoryview(self._buffer) as whole,
            whole[:count] as part,
        ):  # a slice of the buffer itself would be copied twice
            block = bytes(part)
        self._drop(count)
        return block

    def take_upto(self, count: int) -> bytes:
        """At most `count` octets, whatever is there."""
        block = bytes(self._buffer[:count])
        self._drop(len(block))
        return block

    def find(self, needle: bytes, start: int = 0) -> int:
        """Where `needle` begins in what is buffered, or -1."""
        return self._buffer.find(needle, start)

    def starts_with(self, prefix: bytes) -> bool:
        """Whether the buffered octets begin with `prefix`."""
        return self._buffer.startswith(prefix)

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._scanned = 0


class TooLong:
    """The type of TOO_LONG."""

    def __repr__(self) -> str:
        return "TOO_LONG"


TOO_LONG = TooLong()
"""A line over its budget was swallowed whole."""
