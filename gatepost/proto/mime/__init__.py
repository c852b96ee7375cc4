"""MIME as it is, not as it should be: an index of a message's octets, and lenient decoding of headers and bodies.

Never raises on any input. Never re-serialises. Offsets are into the octets given.
"""

from __future__ import annotations

import msgspec

from gatepost.model.message import MessageIndex, Part


class MimeAddress(msgspec.Struct, frozen=True):
    """One mailbox of an address header: decoded display name ("" for none) and `local@domain` (RFC 5322 §3.4).
    In a group, `group` is its decoded name; an empty group is one entry with an empty `email`."""

    name: str
    email: str
    group: str | None = None


def index_message(content: bytes) -> MessageIndex:
    """The index of one message; linear in its size; at most 100 levels and 10,000 parts, the rest stays in its parent."""
    raise NotImplementedError


def header_fields(content: bytes, part: Part) -> list[tuple[str, bytes]]:
    """The part's header fields in order: name as given, raw value octets after the colon, folding kept, last CRLF dropped."""
    raise NotImplementedError


def decode_text(raw: bytes) -> str:
    """An unstructured header value: unfolded, RFC 2047 words and raw 8-bit (UTF-8, else Latin-1) decoded, stripped."""
    raise NotImplementedError


def parse_addresses(raw: bytes) -> list[MimeAddress]:
    """An address header's value, as leniently as real mail needs."""
    raise NotImplementedError


def parse_date(raw: bytes) -> float | None:
    """A Date header's value in seconds since the epoch (RFC 5322 §3.3 with its obsolete forms), None if unreadable."""
    raise NotImplementedError


def decoded_body(content: bytes, part: Part) -> bytes:
    """The part's body with its Content-Transfer-Encoding undone, leniently; unknown encodings are left as they are."""
    raise NotImplementedError


def part_text(content: bytes, part: Part) -> str:
    """A text part's body as text: decoded, charset applied (wrong or unknown ones fall back), line ends kept."""
    raise NotImplementedError


def search_text(content: bytes, root: Part) -> str:
    """All text that a reader of the body sees: every text part (HTML without its tags), enclosed messages too."""
    raise NotImplementedError


def locate(root: Part, path: tuple[int, ...]) -> Part | None:
    """The part with this IMAP part number (RFC 9051 §6.4.5): (1,) of a non-multipart is the message's own body, and
    numbers go on inside message/rfc822."""
    raise NotImplementedError
