"""Header properties `header:Name:asForm:all` and the forms that a field may be read in (RFC 8621 §4.1.2, §4.1.3)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from gatepost.proto.jmap.dates import utc_date
from gatepost.proto.jmap.errors import Object
from gatepost.proto.mime import MimeAddress, decode_text, parse_addresses, parse_date

Fields = Sequence[tuple[str, bytes]]
"""Header fields in order: name as given, raw value."""

# RFC 8621 §4.1.2: the fields of RFC 5322 and RFC 2369 and the one parsed form each may have; other fields may have any
_FORMS = {
    **dict.fromkeys(("subject", "comments", "keywords", "list-id"), "Text"),
    **dict.fromkeys(("from", "sender", "reply-to", "to", "cc", "bcc"), "Addresses"),
    **dict.fromkeys(
        ("resent-from", "resent-sender", "resent-reply-to", "resent-to", "resent-cc", "resent-bcc"), "Addresses"
    ),
    **dict.fromkeys(("message-id", "in-reply-to", "references", "resent-message-id"), "MessageIds"),
    **dict.fromkeys(("date", "resent-date"), "Date"),
    **dict.fromkeys(
        ("list-help", "list-unsubscribe", "list-subscribe", "list-post", "list-owner", "list-archive"), "URLs"
    ),
    **dict.fromkeys(("return-path", "received"), "Raw"),
}
_NAME = re.compile(r"[!-9;-~]{1,200}", re.ASCII)
_MESSAGE_IDS = re.compile(rb"<([^<>]*)>")
_NOT_IDS = re.compile(rb"\((?:[^()\\]|\\.)*\)|<[^<>]*>|[\s,]+", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_URL = re.compile(rb"<([^<>]*)>")


class HeaderProperty(msgspec.Struct, frozen=True):
    """One header property; `name` as the client wrote it."""

    name: str
    form: str = "Raw"
    every: bool = False

    @property
    def key(self) -> str:
        """The name in lower case: fields are the same without regard to case."""
        return self.name.lower()


CONVENIENCE = {
    "messageId": HeaderProperty("Message-ID", "MessageIds"),
    "inReplyTo": HeaderProperty("In-Reply-To", "MessageIds"),
    "references": HeaderProperty("References", "MessageIds"),
    "sender": HeaderProperty("Sender", "Addresses"),
    "from": HeaderProperty("From", "Addresses"),
    "to": HeaderProperty("To", "Addresses"),
    "cc": HeaderProperty("Cc", "Addresses"),
    "bcc": HeaderProperty("Bcc", "Addresses"),
    "replyTo": HeaderProperty("Reply-To", "Addresses"),
    "subject": HeaderProperty("Subject", "Text"),
    "sentAt": HeaderProperty("Date", "Date"),
}
"""Email properties that are short for a header property (RFC 8621 §4.1.3)."""


@lru_cache(maxsize=1024)
def header_property(text: str) -> HeaderProperty | None:
    """What `text` asks for; None if it is no header property or asks for a form that this field may not have."""
    head, *rest = text.split(":")
    if head != "header" or not rest or len(rest) > 3 or not _NAME.fullmatch(rest[0]):
        return None
    name, form, every = rest[0], "Raw", False
    suffixes = rest[1:]
    if suffixes and suffixes[0].startswith("as"):
        form = suffixes.pop(0)[2:]
        if form not in READERS or form == "Raw" or not _may_have(name.lower(), form):
            return None
    if suffixes == ["all"]:
        every = True
    elif suffixes:
        return None
    return HeaderProperty(name, form, every)


def _may_have(key: str, form: str) -> bool:
    allowed = _FORMS.get(key)
    return allowed is None or allowed == form or (allowed == "Addresses" and form == "GroupedAddresses")


def read_property(wanted: HeaderProperty, fields: Fields) -> Any:
    """Its value: the last instance's or null; with `:all` those of every instance (RFC 8621 §4.1.3)."""
    values = [raw for name, raw in fields if name.lower() == wanted.key]
    read = READERS[wanted.form]
    if wanted.every:
        return [read(raw) for raw in values]
    return read(values[-1]) if values else None


def raw_headers(fields: Fields) -> list[Object]:
    """The `headers` property: EmailHeader objects in order."""
    return [{"name": name, "value": as_raw(raw)} for name, raw in fields]


def as_raw(raw: bytes) -> str:
    """RFC 8621 §4.1.2.1: what isn't UTF-8 becomes U+FFFD, NUL is dropped."""
    return raw.decode("utf-8", "replace").replace("\0", "")


def as_text(raw: bytes) -> str:
    """RFC 8621 §4.1.2.2: decoded, in NFC, without control characters."""
    text = unicodedata.normalize("NFC", decode_text(raw))
    return text if text.isprintable() else _CONTROL.sub("", text)


def as_addresses(raw: bytes) -> list[Object]:
    """RFC 8621 §4.1.2.3: every mailbox; groups are forgotten."""
    return [_address(item) for item in parse_addresses(raw) if item.email]


def as_grouped(raw: bytes) -> list[Object]:
    """RFC 8621 §4.1.2.4: consecutive mailboxes outside of groups stand together under a null name."""
    groups: list[Object] = []
    last: str | None = ""
    for item in parse_addresses(raw):
        if not groups or item.group != last or (item.group is not None and not item.email):
            groups.append({"name": item.group, "addresses": []})
            last = item.group
        if item.email:
            groups[-1]["addresses"].append(_address(item))
    return groups


def _address(item: MimeAddress) -> Object:
    return {"name": item.name or None, "email": item.email}


def as_message_ids(raw: bytes) -> list[str] | None:
    """RFC 8621 §4.1.2.5: null unless there is nothing but message ids, comments and white space."""
    if _NOT_IDS.sub(b"", raw):
        return None
    found = [re.sub(r"\s+", "", as_raw(text)) for text in _MESSAGE_IDS.findall(re.sub(rb"\([^()]*\)", b"", raw))]
    return [text for text in found if text] or None


def as_date(raw: bytes) -> str | None:
    """RFC 8621 §4.1.2.6, said in UTC."""
    seconds = parse_date(raw)
    return None if seconds is None else utc_date(seconds)


def as_urls(raw: bytes) -> list[str] | None:
    """RFC 8621 §4.1.2.7: what stands between angle brackets (RFC 2369 §2)."""
    found = [re.sub(r"\s+", "", as_raw(text)) for text in _URL.findall(raw)]
    return [text for text in found if text] or None


READERS: dict[str, Callable[[bytes], Any]] = {
    "Raw": as_raw,
    "Text": as_text,
    "Addresses": as_addresses,
    "GroupedAddresses": as_grouped,
    "MessageIds": as_message_ids,
    "Date": as_date,
    "URLs": as_urls,
}
"""The forms by name."""
