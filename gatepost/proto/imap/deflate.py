"""COMPRESS=DEFLATE's two streams (RFC 4978 §3).

Law: input is inflated a block at a time, when the engine asks for more, so that a small packet cannot become a large
buffer. The compressor's window is small: about 70 KiB a connection instead of 300.
"""

from __future__ import annotations

import zlib

_BLOCK = 16 * 1024
_WINDOW = -12
_MEMORY = 5


class BrokenStream(ValueError):
    """What came is not a deflate stream, or it ended."""


class Deflate:
    """Raw deflate both ways, without header and checksum."""

    def __init__(self, received: bytes = b"") -> None:
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflate = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, _WINDOW, _MEMORY)
        self._received = received

    def __len__(self) -> int:
        return len(self._received)

    def feed(self, data: bytes) -> None:
        """More octets from the peer."""
        self._received += data

    def take(self) -> bytes:
        """The next block of what the peer said, empty if there is none yet. Raises BrokenStream, also for a stream that
        was read to its end: only a command in its last block could have ended it rightly."""
        if self._ended():
            raise BrokenStream
        try:
            data = self._inflate.decompress(self._received, _BLOCK)
        except zlib.error:
            raise BrokenStream from None
        self._received = self._inflate.unconsumed_tail or self._inflate.unused_data
        if self._ended() and not data:
            raise BrokenStream
        return data

    def _ended(self) -> bool:
        return self._inflate.eof

    @property
    def rest(self) -> bytes:
        """What came after the blocks that were read: plain octets once both sides know that the stream has ended."""
        return self._received

    def drop(self) -> None:
        """Forgets what is not read yet."""
        self._received = b""

    def pack(self, data: bytes) -> bytes:
        """Compressed, and flushed so that the peer can read all of it (RFC 4978 §4)."""
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH) if data else b""

    def finish(self, data: bytes) -> bytes:
        """Compressed, and the stream's end."""
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_FINISH)
