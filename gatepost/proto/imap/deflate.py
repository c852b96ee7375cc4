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
        """The next block of what the peer said, empty if there is none yet. Raises BrokenStream."""
        try:
            data = self._inflate.decompress(self._received, _BLOCK)
        except zlib.error:
            raise BrokenStream from None
        if self._inflate.eof:
            raise BrokenStream
        self._received = self._inflate.unconsumed_tail
        return data

    def drop(self) -> None:
        """Forgets what is not read yet."""
        self._received = b""

    def pack(self, data: bytes) -> bytes:
        """Compressed, and flushed so that the peer can read all of it (RFC 4978 §4)."""
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH) if data else b""
