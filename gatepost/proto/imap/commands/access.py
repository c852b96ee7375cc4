"""Commands about access lists (RFC 4314 §3). Names are octets here, identifiers are prepared already (SASLprep)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gatepost.model.rights import BadRights, Rights, parse_rights_change
from gatepost.proto.imap.cursor import Cursor, SyntaxFault
from gatepost.proto.sasl.saslprep import Unpreparable, saslprep


class SetAcl(msgspec.Struct, frozen=True):
    """SETACL (§3.1); `mode` is `add`, `remove` or `replace`."""

    mailbox: bytes
    identifier: str
    mode: str
    rights: Rights


class DeleteAcl(msgspec.Struct, frozen=True):
    """DELETEACL (§3.2)."""

    mailbox: bytes
    identifier: str


class GetAcl(msgspec.Struct, frozen=True):
    """GETACL (§3.3)."""

    mailbox: bytes


class ListRights(msgspec.Struct, frozen=True):
    """LISTRIGHTS (§3.4); `written` is the identifier as the client wrote it, which the answer repeats."""

    mailbox: bytes
    identifier: str
    written: bytes


class MyRights(msgspec.Struct, frozen=True):
    """MYRIGHTS (§3.5)."""

    mailbox: bytes


def _mailbox(cursor: Cursor) -> bytes:
    cursor.space()
    return cursor.astring()


def _identifier(cursor: Cursor) -> tuple[str, bytes]:
    """Prepared, and as written. BAD for what cannot be one (§3)."""
    cursor.space()
    written = cursor.astring()
    try:
        return saslprep(written.decode("utf-8")), written
    except (UnicodeDecodeError, Unpreparable):
        raise SyntaxFault("That is no identifier") from None


def _set(cursor: Cursor) -> SetAcl:
    mailbox = _mailbox(cursor)
    identifier, _ = _identifier(cursor)
    cursor.space()
    text = cursor.astring()
    try:
        mode, rights = parse_rights_change(text.decode("ascii"))
    except (UnicodeDecodeError, BadRights):
        raise SyntaxFault("Unknown right") from None  # §3.1: never ignored
    return SetAcl(mailbox, identifier, mode, rights)


def _delete(cursor: Cursor) -> DeleteAcl:
    mailbox = _mailbox(cursor)
    return DeleteAcl(mailbox, _identifier(cursor)[0])


def _list(cursor: Cursor) -> ListRights:
    mailbox = _mailbox(cursor)
    return ListRights(mailbox, *_identifier(cursor))


PARSERS: dict[str, Callable[[Cursor], object]] = {
    "SETACL": _set,
    "DELETEACL": _delete,
    "GETACL": lambda cursor: GetAcl(_mailbox(cursor)),
    "LISTRIGHTS": _list,
    "MYRIGHTS": lambda cursor: MyRights(_mailbox(cursor)),
}
