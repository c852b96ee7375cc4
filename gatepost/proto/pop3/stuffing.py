"""Multi-line responses (RFC 1939 §3): dots stuffed over pieces, and the final line."""

from __future__ import annotations


class DotStuffer:
    """Stuffs one message, in whatever pieces. A dot is doubled after any LF, not only after CRLF: many clients read up to
    LF, and a stored `LF . LF` must not end the message for them."""

    __slots__ = ("_after_lf", "_tail")

    def __init__(self) -> None:
        self._after_lf = True
        self._tail = b"\r\n"

    def feed(self, piece: bytes) -> bytes:
        """The piece, stuffed."""
        if not piece:
            return b""
        stuffed = piece.replace(b"\n.", b"\n..")
        if self._after_lf and piece.startswith(b"."):
            stuffed = b"." + stuffed
        self._after_lf = piece.endswith(b"\n")
        self._tail = (self._tail + piece[-2:])[-2:]
        return stuffed

    def end(self) -> bytes:
        """The final line, after a CRLF if the message has none at its end."""
        return b".\r\n" if self._tail == b"\r\n" else b"\r\n.\r\n"


class BodyLines:
    """Lets the first `limit` lines of a body through, for TOP."""

    __slots__ = ("_left",)

    def __init__(self, limit: int) -> None:
        self._left = limit

    @property
    def full(self) -> bool:
        """Whether all lines asked for have passed."""
        return self._left <= 0

    def take(self, piece: bytes) -> bytes:
        """As much of the piece as may pass."""
        place = 0
        while self._left > 0:
            end = piece.find(b"\n", place)
            if end < 0:
                return piece
            place = end + 1
            self._left -= 1
        return piece[:place]
