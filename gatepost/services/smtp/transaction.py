"""One mail transaction: who sends to whom, and the octets that have come so far, within a budget."""

from __future__ import annotations

from io import BytesIO

from gatepost.model.errors import Overloaded
from gatepost.net.conversation import Budget
from gatepost.proto.smtp.commands import Hello, Mail
from gatepost.proto.smtp.reply import Reply
from gatepost.services.smtp.render import NO_ROOM_NOW, TOO_LARGE

FIRST_STEP, LAST_STEP = 4 * 1024, 256 * 1024
"""Octets by which a message's share of the common budget grows, doubling: few charges for many small pieces."""


class Collector:
    """Gathers one message. Past its limit, or where the common budget is used up, it lets go of everything and only
    remembers why: the rest is swallowed, and the refusal is said at the true end."""

    def __init__(self, budget: Budget, limit: int) -> None:
        self._budget, self._limit = budget, limit
        self._content = BytesIO()
        self._charged = 0
        self.refusal: Reply | None = None

    def add(self, octets: bytes) -> None:
        """The next piece."""
        if self.refusal is not None:
            return
        size = self._content.tell() + len(octets)
        if size > self._limit:
            self._refuse(TOO_LARGE)
            return
        try:
            if self._charged < size:
                step = max(size - self._charged, min(LAST_STEP, self._charged or FIRST_STEP))
                self._budget.change(step)
                self._charged += step
        except Overloaded:
            self._refuse(NO_ROOM_NOW)
            return
        self._content.write(octets)

    def take(self) -> bytes:
        """Everything gathered."""
        return self._content.getvalue()

    def release(self) -> None:
        """Gives the memory back; called once at the transaction's end, and harmless after that."""
        self._content = BytesIO()
        self._budget.change(-self._charged)
        self._charged = 0

    def _refuse(self, why: Reply) -> None:
        self.release()
        self.refusal = why


class Transaction:
    """From MAIL to the message's end (RFC 5321 §3.3). `chunked` once a BDAT has come."""

    def __init__(self, hello: Hello, mail: Mail, collector: Collector) -> None:
        self.hello, self.mail, self.collector = hello, mail, collector
        self.recipients: list[str] = []
        self.chunked = False
