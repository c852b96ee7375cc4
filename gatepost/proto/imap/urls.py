"""Message URLs relative to the own server, as CATENATE takes them (RFC 4469 §3): `/Drafts;UIDVALIDITY=1/;UID=20/;SECTION=1`.

URLs with a scheme or a server are none of ours, and not read.
"""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec

from gatepost.model.uidset import MAX_UID
from gatepost.proto.imap.commands.fetch import Section, parse_section
from gatepost.proto.imap.cursor import MAX_NUMBER64

_URL = re.compile(
    rb"(?:/([!-:<-~]*[!-.0-:<-~])?(?:;UIDVALIDITY=([1-9][0-9]{0,9}))?/)?;UID=([1-9][0-9]{0,9})"
    rb"(?:/;SECTION=([!-~]+?))?(?:/;PARTIAL=([0-9]{1,19})(?:\.([0-9]{1,19}))?)?",
    re.IGNORECASE,
)
_ENCODED = re.compile(rb"(?:[^%;?#]|%[0-9A-Fa-f]{2})+")


class MessageUrl(msgspec.Struct, frozen=True):
    """`mailbox` is its path, empty for the selected one; `uidvalidity` 0 where the URL does not say; `partial` as in FETCH."""

    mailbox: str
    uidvalidity: int
    uid: int
    section: Section
    partial: tuple[int, int] | None = None


def parse_url(text: bytes) -> MessageUrl | None:
    """None for what is no URL of a message, or of a message somewhere else."""
    found = _URL.fullmatch(text)
    if found is None or int(found[3]) > MAX_UID:
        return None
    mailbox, section = _decoded(found[1] or b""), _decoded(found[4] or b"")
    if mailbox is None or section is None or (text.startswith(b"/") and not mailbox):
        return None
    parsed = parse_section(section)
    if parsed is None:
        return None
    try:
        path = mailbox.decode("utf-8")
    except UnicodeDecodeError:
        return None
    partial = None if found[5] is None else (int(found[5]), int(found[6] or MAX_NUMBER64))
    return MessageUrl(path, int(found[2] or 0), int(found[3]), parsed, partial)


def url_code(text: bytes) -> str:
    """The URL for a BADURL response code, which has no place for `]`, controls and octets above 127 (RFC 4469 §5)."""
    return quote_from_bytes(text[:1000], safe="!\"#$%&'()*+,-./:;<=>?@[^_`{|}~") or '""'


def _decoded(text: bytes) -> bytes | None:
    """Percent-encoding undone; None where it is broken."""
    return b"" if not text else unquote_to_bytes(text) if _ENCODED.fullmatch(text) else None
