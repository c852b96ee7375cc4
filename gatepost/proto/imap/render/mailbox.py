"""Mailbox data: LIST, LSUB, STATUS, NAMESPACE, ENABLED, CAPABILITY, QUOTA, ESEARCH and kin (RFC 9051 §7.2-7.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from gatepost.model.mail import SEPARATOR
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.names import encode_name
from gatepost.proto.imap.render.text import astring, string


def mailbox_name(path: str, utf8: bool) -> bytes:
    """A mailbox's name as an astring in the encoding in force."""
    return astring(encode_name(path, utf8), utf8)


class Listed(msgspec.Struct, frozen=True):
    """One LIST or LSUB line. `child_info` adds CHILDINFO ("SUBSCRIBED") (RFC 5258 §4), `old_name` OLDNAME ("name") (RFC 5465
    §8)."""

    path: str
    attributes: tuple[str, ...] = ()
    child_info: tuple[str, ...] = ()
    old_name: str = ""


def listed(mailbox: Listed, utf8: bool, word: bytes = b"LIST") -> bytes:
    """`* LIST (...) "/" name`."""
    attributes = " ".join(mailbox.attributes).encode("ascii")
    line = b'* %b (%b) "%b" %b' % (word, attributes, SEPARATOR.encode(), mailbox_name(mailbox.path, utf8))
    if mailbox.child_info:
        options = b" ".join(string(name.encode("ascii")) for name in mailbox.child_info)
        line += b' ("CHILDINFO" (%b))' % options
    if mailbox.old_name:
        line += b' ("OLDNAME" (%b))' % mailbox_name(mailbox.old_name, utf8)
    return line + b"\r\n"


def status_data(path: str, values: Sequence[tuple[str, int | str | None]], utf8: bool) -> bytes:
    """`* STATUS name (...)`. A text is an object id in parentheses (RFC 8474 §4.3), None NIL (RFC 7889 §3)."""
    items = " ".join(f"{name} {_status_value(value)}" for name, value in values)
    return b"* STATUS %b (%b)\r\n" % (mailbox_name(path, utf8), items.encode("ascii"))


def _status_value(value: int | str | None) -> str:
    if value is None:
        return "NIL"
    return str(value) if isinstance(value, int) else f"({value})"


def words(word: str, names: Iterable[str]) -> bytes:
    """`* WORD name name`: CAPABILITY, ENABLED."""
    return f"* {' '.join((word, *names))}\r\n".encode("ascii")


def namespace(others: str) -> bytes:
    """One personal namespace, and one of what others share, under the level `others` (RFC 9051 §6.3.10)."""
    return f'* NAMESPACE (("" "{SEPARATOR}")) (("{others}{SEPARATOR}" "{SEPARATOR}")) NIL\r\n'.encode("ascii")


def exists(count: int) -> bytes:
    """`* n EXISTS`."""
    return b"* %d EXISTS\r\n" % count


def recent(count: int) -> bytes:
    """`* n RECENT` (RFC 3501 §7.3.2)."""
    return b"* %d RECENT\r\n" % count


def flags(names: Iterable[str]) -> bytes:
    """`* FLAGS (...)`."""
    return f"* FLAGS ({' '.join(names)})\r\n".encode("ascii")


def numbers(uidvalidity: int, uidnext: int, modseq: int, object_id: str) -> bytes:
    """What SELECT tells of the mailbox itself (RFC 9051 §6.3.2, RFC 7162 §3.1.2.1, RFC 8474 §4.2)."""
    return (
        f"* OK [UIDVALIDITY {uidvalidity}] UIDs are valid\r\n* OK [UIDNEXT {uidnext}] Next UID\r\n"
        f"* OK [HIGHESTMODSEQ {modseq}] Highest modseq\r\n* OK [MAILBOXID ({object_id})] Mailbox id\r\n"
    ).encode("ascii")


def expunged(numbers: Iterable[int]) -> bytes:
    """`* n EXPUNGE` for each, in this order."""
    return b"".join([b"* %d EXPUNGE\r\n" % number for number in numbers])


def vanished(uids: UidSet, earlier: bool = False) -> bytes:
    """`* VANISHED` (RFC 7162 §3.2.10)."""
    return f"* VANISHED {'(EARLIER) ' if earlier else ''}{uids}\r\n".encode("ascii")


def search_result(numbers: Iterable[int], modseq: int | None = None, word: str = "SEARCH") -> bytes:
    """`* SEARCH n n (MODSEQ m)`, the old form; SORT has the same (RFC 7162 §7)."""
    tail = "" if modseq is None else f" (MODSEQ {modseq})"
    listed = msgspec.json.encode(list(numbers))[1:-1].replace(b",", b" ")  # by far the fastest way to write many
    return f"* {word}".encode("ascii") + (b" " + listed if listed else b"") + f"{tail}\r\n".encode("ascii")


def esearch(tag: str, uid: bool, data: Iterable[tuple[str, object]]) -> bytes:
    """`* ESEARCH (TAG "x") UID ...` (RFC 9051 §7.3.4)."""
    parts = [b"* ESEARCH (TAG %b)" % string(tag.encode("ascii"))]
    if uid:
        parts.append(b"UID")
    parts.extend(f"{name} {value}".encode("ascii") for name, value in data)
    return b" ".join(parts) + b"\r\n"


def quota(root: str, used: int, limit: int) -> bytes:
    """`* QUOTA root (STORAGE used limit)`, in units of 1024 octets (RFC 9208 §5.1)."""
    pair = -(-used // 1024), limit // 1024
    return b"* QUOTA %b (STORAGE %d %d)\r\n" % (string(root.encode("utf-8")), *pair)


def quota_root(name: bytes, root: str | None) -> bytes:
    """`* QUOTAROOT mailbox root`, None for no root; `name` as rendered."""
    return b" ".join([b"* QUOTAROOT", name, *([] if root is None else [string(root.encode("utf-8"))])]) + b"\r\n"
