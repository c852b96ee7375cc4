"""Message content on its way in: dot-stuffing undone over buffers, and a watch on line ends.

The law: only CRLF.CRLF ends DATA (RFC 5321 §4.1.1.4). `LF . LF`, `CR . CR`, `LF . CRLF` and kin are content, and make
the message one to be refused at its true end; nothing after a false end is ever taken for a command.
"""

from __future__ import annotations

from gatepost.proto.engine import LineBuffer

_END = b"\r\n.\r\n"


class LineEndWatch:
    """Sees whether every CR and LF of a stream stands in a CRLF, however the stream is cut."""

    __slots__ = ("_after_cr", "_bare")

    def __init__(self) -> None:
        self._bare = self._after_cr = False

    def feed(self, piece: bytes) -> None:
        """The next octets."""
        if not piece:
            return
        pairs, returns, feeds = piece.count(b"\r\n"), piece.count(b"\r"), piece.count(b"\n")
        if self._after_cr:
            if piece[0] == 0x0A:
                feeds -= 1
            else:
                self._bare = True
        self._after_cr = piece[-1] == 0x0D
        if self._after_cr:
            returns -= 1
        if returns != pairs or feeds != pairs:
            self._bare = True

    @property
    def bare(self) -> bool:
        """Whether one stood alone; a CR at the very end counts."""
        return self._bare or self._after_cr


class DotReader:
    """Reads one DATA. It leaves at most 4 octets in the buffer: those that may be the beginning of the end."""

    __slots__ = ("_fresh", "ended", "line_ends")

    def __init__(self) -> None:
        self._fresh = True
        self.ended = False
        self.line_ends = LineEndWatch()

    def take(self, buffer: LineBuffer) -> bytes:
        """Whatever content is there, with RFC 5321 §4.5.2's dots removed; sets `ended` after CRLF.CRLF."""
        if self._fresh and not self._begin(buffer):
            return b""
        end = buffer.find(_END)
        if end >= 0:
            piece = buffer.take_upto(end + 2)
            buffer.take_upto(3)
            self.ended = True
        else:
            piece = buffer.take_upto(len(buffer) - _possible_end(buffer))
        self.line_ends.feed(piece)
        return piece.replace(b"\r\n.", b"\r\n")

    def _begin(self, buffer: LineBuffer) -> bool:
        """The first line has no CRLF before it: whether there is content in it."""
        if len(buffer) < 3 and buffer.starts_with(b".\r\n"[: len(buffer)]):
            return False
        self._fresh = False
        if buffer.starts_with(b".\r\n"):
            buffer.take_upto(3)
            self.ended = True
            return False
        if buffer.starts_with(b"."):
            buffer.take_upto(1)
        return True


def _possible_end(buffer: LineBuffer) -> int:
    """How many of the last octets may be the beginning of CRLF.CRLF."""
    held = len(buffer)
    for length in range(min(len(_END) - 1, held), 0, -1):
        if buffer.find(_END[:length], held - length) == held - length:
            return length
    return 0
