"""Mailbox names on the wire: modified UTF-7 for IMAP4rev1 (RFC 3501 §5.1.3), UTF-8 once the client enabled it
(RFC 9051 §5.1, RFC 6855 §3)."""

from __future__ import annotations

import binascii
import re
import unicodedata

from gatepost.model.mail import SEPARATOR

_SHIFT = re.compile(r"&([A-Za-z0-9+,]*)-")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class BadName(ValueError):
    """The octets are no mailbox name in the encoding in force."""


class NotUtf8(BadName):
    """Octets above 127 that are no UTF-8."""


def decode_name(octets: bytes, utf8: bool) -> str:
    """The name that a client wrote. Raises BadName. Octets above 127 are UTF-8 in either mode: some clients never learnt
    modified UTF-7, and no other reading of such octets is defined."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise NotUtf8("not UTF-8") from None
    if utf8 or "&" not in text or not text.isascii():
        return text
    return decode_utf7(text)


def kept_form(name: str) -> str:
    """The name as mailboxes are called here: in NFC, its first level INBOX in capitals (RFC 9051 §5.1)."""
    first, separator, rest = name.partition(SEPARATOR)
    text = f"INBOX{separator}{rest}" if first.isascii() and first.upper() == "INBOX" else name
    return unicodedata.normalize("NFC", text)


def encode_name(name: str, utf8: bool) -> bytes:
    """The name as octets, not yet quoted."""
    return name.encode("utf-8", "replace") if utf8 else encode_utf7(name).encode("ascii")


def decode_utf7(text: str) -> str:
    """Modified UTF-7 to text. Raises BadName, also for a needless shift: one name has one spelling."""
    if "&" in _SHIFT.sub("", text):
        raise BadName("an & that shifts nothing")
    decoded = _SHIFT.sub(_decode_run, text)
    if encode_utf7(decoded) != text:
        raise BadName("not the canonical form")
    return decoded


def encode_utf7(text: str) -> str:
    """Text to modified UTF-7."""
    if text.isascii() and text.isprintable():
        return text.replace("&", "&-")
    return _UNPRINTABLE.sub(_encode_run, text.replace("&", "&-"))


def _decode_run(match: re.Match[str]) -> str:
    run = match[1].replace(",", "/")
    if not run:
        return "&"
    try:
        return binascii.a2b_base64(run + "=" * (-len(run) % 4)).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        raise BadName("broken base64 in a mailbox name") from None


def _encode_run(match: re.Match[str]) -> str:
    octets = match[0].encode("utf-16-be", "surrogatepass")
    run = binascii.b2a_base64(octets, newline=False).rstrip(b"=").replace(b"/", b",")
    return f"&{run.decode('ascii')}-"
