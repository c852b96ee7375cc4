"""What is known of a message's octets without reading them again: made once at delivery by `proto.mime`, never changed.

Offsets count octets from the start of the message as stored. Nothing here is decoded content; see `proto.mime` for that.
"""

from __future__ import annotations

import msgspec


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One MIME entity (RFC 2045 §2.4). Octets `[start:body]` are its header with the empty line, `[body:end]` its body.

    `type` and `subtype` are lower case (`text`, `plain` by default; RFC 2045 §5.2, and `message`/`rfc822` in a digest).
    `params` and `disposition_params` are decoded (RFC 2231, RFC 2047 where senders misuse it), names in lower case.
    `encoding` is lower case, `7bit` by default. `lines` counts the body's lines. `parts` holds a multipart's
    entities, or for message/rfc822 exactly one: the message inside.
    """

    start: int
    body: int
    end: int
    type: str = "text"
    subtype: str = "plain"
    params: tuple[tuple[str, str], ...] = ()
    encoding: str = "7bit"
    disposition: str = ""
    disposition_params: tuple[tuple[str, str], ...] = ()
    content_id: str = ""
    description: str = ""
    language: tuple[str, ...] = ()
    location: str = ""
    lines: int = 0
    parts: tuple[Part, ...] = ()

    @property
    def filename(self) -> str:
        """The name the sender gave the part (RFC 2183 §2.3, else Content-Type's `name`), empty for none."""
        return dict(self.disposition_params).get("filename") or dict(self.params).get("name", "")

    @property
    def charset(self) -> str:
        """The charset parameter, lower case, empty if absent."""
        return dict(self.params).get("charset", "").lower()


class MessageIndex(msgspec.Struct, frozen=True):
    """The index of one message. `envelope`, `body` and `bodystructure` are rendered for IMAP (RFC 9051 §7.5.2), parentheses
    included. Times are seconds since the epoch; `sent_at` is None where Date is missing or unreadable. Message ids are
    without angle brackets. `base_subject` is RFC 5256 §2.1's. `preview` is at most 256 characters of text (RFC 8621 §4.1.4)."""

    root: Part
    envelope: bytes
    body: bytes
    bodystructure: bytes
    subject: str = ""
    base_subject: str = ""
    sent_at: float | None = None
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sender: str = ""
    """The first From address as people read it, `Ada <ada@example.org>`; for sorting and search."""
    recipients: str = ""
    """To and Cc addresses likewise, comma-separated."""
    preview: str = ""
    has_attachment: bool = False
