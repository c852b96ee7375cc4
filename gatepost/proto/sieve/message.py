"""The message and the world as a script sees them. Values are UTF-8 octets (RFC 5228 §2.7.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gatepost.model.message import Part
from gatepost.proto import mime


class Surroundings(Protocol):
    """What a script may ask about the world around the message."""

    @property
    def envelope_from(self) -> str:
        """The reverse-path without brackets; empty for the null sender."""
        ...

    @property
    def envelope_to(self) -> str:
        """The forward-path that led here, without brackets."""
        ...

    def mailbox_exists(self, path: str) -> bool:
        """Whether the account has this mailbox (RFC 5490 §3.1)."""
        ...

    def environment(self, item: str) -> str | None:
        """RFC 5183 §4's items; None for unknown ones."""
        ...

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def utc_offset(self, at: float) -> int:
        """How far the server's local time is east of UTC at that time, in minutes."""
        ...


class MessageView(Surroundings, Protocol):
    """A message in its surroundings."""

    @property
    def content(self) -> bytes:
        """All octets."""
        ...

    @property
    def root(self) -> Part:
        """The message's part tree."""
        ...

    def raw_values(self, name: str) -> Sequence[bytes]:
        """Values of the header fields of this name (lower case) in order, as sent."""
        ...


class StoredMessage:
    """A MessageView over a message's octets and index; header fields are read once, when first asked for."""

    def __init__(self, content: bytes, root: Part, around: Surroundings) -> None:
        self.content, self.root = content, root
        self._around = around
        self._fields: dict[str, list[bytes]] | None = None

    @property
    def envelope_from(self) -> str:
        """The reverse-path."""
        return self._around.envelope_from

    @property
    def envelope_to(self) -> str:
        """The forward-path."""
        return self._around.envelope_to

    def mailbox_exists(self, path: str) -> bool:
        """Asks the surroundings."""
        return self._around.mailbox_exists(path)

    def environment(self, item: str) -> str | None:
        """Asks the surroundings."""
        return self._around.environment(item)

    def now(self) -> float:
        """Asks the surroundings."""
        return self._around.now()

    def utc_offset(self, at: float) -> int:
        """Asks the surroundings."""
        return self._around.utc_offset(at)

    def raw_values(self, name: str) -> list[bytes]:
        """As sent."""
        if self._fields is None:
            self._fields = {}
            for field, value in mime.header_fields(self.content, self.root):
                self._fields.setdefault(field.lower(), []).append(value)
        return self._fields.get(name, [])


def decoded(raw: bytes) -> bytes:
    """A header field's value as text, without blanks around it (RFC 5228 §5.7)."""
    return mime.decode_text(raw).encode("utf-8", "replace")


def addresses(raw: bytes) -> list[bytes]:
    """The mailboxes in an address field as `local@domain`, groups opened (RFC 5228 §5.1)."""
    return [item.email.encode("utf-8", "replace") for item in mime.parse_addresses(raw) if item.email]
