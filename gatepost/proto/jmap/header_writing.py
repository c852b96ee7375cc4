"""Header fields made from JMAP's forms (RFC 8621 §4.1.2, RFC 5322, RFC 2047). Nothing that a client sends can end a line.

Each writer gives the raw value, its leading space and folding included, and raises ValueError on what it cannot write.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from gatepost.proto.jmap.dates import parse_date_time

LINE = 76
LONGEST_LINE = 998
"""Octets of a line (RFC 5322 §2.1.1)."""

_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_EMAIL = re.compile(r"[\x00-\x20\x7f<>]")
_BAD_ID = re.compile(r"[^!-;=?-~]", re.ASCII)
_FOLDED = re.compile(r"(?:[^\x00-\x08\x0a-\x1f\x7f]|\r\n[ \t])*")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not text")
    return value


def raw(value: Any) -> str:
    """As given; folded lines only, none longer than RFC 5322 allows."""
    text = _text(value)
    if not _FOLDED.fullmatch(text) or any(len(line.encode()) > LONGEST_LINE - 80 for line in text.split("\r\n")):
        raise ValueError("not a header value")
    return text


def unstructured(value: Any) -> str:
    """ASCII as it is, anything else as encoded words; folded."""
    text = _text(value)
    if _CONTROL.search(text):
        raise ValueError("control characters")
    # What looks like an encoded word would be read as one; a long word could not be folded
    if text.isascii() and "=?" not in text and all(len(word) <= LINE - 2 for word in text.split(" ")):
        return _fold(text.split(" "))
    return " " + encoded_words(text)


def _fold(words: list[str]) -> str:
    lines, line = [], ""
    for word in words:
        if line.strip() and len(line) + 1 + len(word) > LINE - 20:
            lines.append(line)
            line = ""
        line += " " + word
    lines.append(line)
    # A line of white space alone would end the header for some readers
    return "\r\n".join(lines) if all(line.strip() for line in lines) else " " + " ".join(words)


def encoded_words(text: str) -> str:
    """RFC 2047 §2: at most 75 characters each, never cut within a character."""
    words, piece = [], b""
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(piece) + len(octets) > 42:
            words.append(piece)
            piece = b""
        piece += octets
    words.append(piece)
    return "\r\n ".join(f"=?UTF-8?B?{base64.b64encode(word).decode()}?=" for word in words)


def phrase(name: str) -> str:
    """A display name: atoms, a quoted string, or encoded words (RFC 5322 §3.2.5)."""
    if _CONTROL.search(name):
        raise ValueError("control characters")
    if not name.isascii() or "=?" in name or len(name) > 200:
        return encoded_words(name)
    if _PHRASE.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _mailbox(value: Any) -> str:
    if not isinstance(value, dict) or not set(value) <= {"name", "email"}:
        raise ValueError("not an EmailAddress")
    name, email = value.get("name"), _text(value.get("email"))
    if not email or len(email) > 320 or _BAD_EMAIL.search(email):
        raise ValueError("not an address")
    if name is None or name == "":
        return email if "@" in email else f"<{email}>"
    return f"{phrase(_text(name))} <{email}>"


def addresses(value: Any) -> str:
    """An address list, one address a line once it is long."""
    if not isinstance(value, list):
        raise ValueError("not a list")
    return _listed([_mailbox(item) for item in value])


def _listed(items: list[str]) -> str:
    joined = " " + ", ".join(items)
    return joined if len(joined) <= LINE - 10 and "\r\n" not in joined else " " + ",\r\n ".join(items)


def grouped(value: Any) -> str:
    """An address list with its groups (RFC 5322 §3.4)."""
    if not isinstance(value, list):
        raise ValueError("not a list")
    items: list[str] = []
    for group in value:
        if not isinstance(group, dict) or not set(group) <= {"name", "addresses"}:
            raise ValueError("not an EmailAddressGroup")
        members = group.get("addresses")
        if not isinstance(members, list):
            raise ValueError("not a list")
        inner = [_mailbox(item) for item in members]
        if group.get("name") is None:
            items.extend(inner)
        else:
            items.append(f"{phrase(_text(group['name']))}: {', '.join(inner)};")
    return _listed(items)


def message_ids(value: Any) -> str:
    """RFC 5322 §3.6.4, one id a line."""
    if not isinstance(value, list) or not value:
        raise ValueError("not a list")
    ids = [_text(item) for item in value]
    if any(not item or len(item) > 900 or _BAD_ID.search(item) for item in ids):
        raise ValueError("not a message id")
    return " " + "\r\n ".join(f"<{item}>" for item in ids)


def date(value: Any) -> str:
    """RFC 5322 §3.3, in the offset given."""
    moment = parse_date_time(_text(value))
    if moment is None:
        raise ValueError("not a date")
    return " " + internet_date(moment)


def internet_date(moment: datetime) -> str:
    """`Tue, 10 Jul 2018 11:03:11 +1000`"""
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day} {month} {moment.year:04} {moment:%H:%M:%S %z}"[:31]


def urls(value: Any) -> str:
    """RFC 2369 §2."""
    if not isinstance(value, list) or not value:
        raise ValueError("not a list")
    items = [_text(item) for item in value]
    if any(not item or len(item) > 900 or not item.isascii() or _BAD_EMAIL.search(item) for item in items):
        raise ValueError("not a URL")
    return " " + ",\r\n ".join(f"<{item}>" for item in items)


WRITERS: dict[str, Callable[[Any], str]] = {
    "Raw": raw,
    "Text": unstructured,
    "Addresses": addresses,
    "GroupedAddresses": grouped,
    "MessageIds": message_ids,
    "Date": date,
    "URLs": urls,
}
"""By form, as `headers.READERS`."""


def parameter(name: str, value: str) -> str:
    """`; name=value`, quoted or encoded as RFC 2231 §4 where needed. Raises ValueError on control characters."""
    if _CONTROL.search(value) or len(value) > 1000:
        raise ValueError("not a parameter")
    if value.isascii() and len(value) <= 60:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n {name}="{escaped}"'
    octets = value.encode("utf-8", "replace")
    encoded = [f"%{o:02X}" if not (48 <= o <= 57 or 65 <= o <= 90 or 97 <= o <= 122) else chr(o) for o in octets]
    pieces = ["".join(encoded[i : i + 18]) for i in range(0, len(encoded), 18)]
    if len(pieces) == 1:
        return f";\r\n {name}*=utf-8''{pieces[0]}"
    head = f";\r\n {name}*0*=utf-8''{pieces[0]}"
    return head + "".join(f";\r\n {name}*{i}*={piece}" for i, piece in enumerate(pieces[1:], start=1))
