"""ACL, LISTRIGHTS, MYRIGHTS (RFC 4314 §3.6-3.8). Mailbox names come as rendered."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.model.rights import Rights, shown_rights
from gatepost.proto.imap.render.text import astring


def acl(name: bytes, entries: Sequence[tuple[str, Rights]], utf8: bool) -> bytes:
    """`* ACL name identifier rights ...`."""
    pairs = [astring(identifier.encode("utf-8"), utf8) + b" " + _rights(rights) for identifier, rights in entries]
    return b" ".join([b"* ACL", name, *pairs]) + b"\r\n"


def list_rights(name: bytes, identifier: bytes, always: Rights, optional: Rights, utf8: bool) -> bytes:
    """`* LISTRIGHTS name identifier always right right ...`: none is tied to another, so `c` and `d` stand by themselves
    (§2.1.1)."""
    each = [letter.encode("ascii") for letter in shown_rights(optional)]
    return b" ".join([b"* LISTRIGHTS", name, astring(identifier, utf8), _rights(always), *each]) + b"\r\n"


def my_rights(name: bytes, rights: Rights) -> bytes:
    """`* MYRIGHTS name rights`."""
    return b"* MYRIGHTS %b %b\r\n" % (name, _rights(rights))


def _rights(rights: Rights) -> bytes:
    return astring(shown_rights(rights).encode("ascii"))
