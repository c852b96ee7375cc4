"""Commands about the connection and its owner (RFC 9051 §6.1, §6.2, §6.3.1, §6.3.13)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from gatepost.model.secret import Secret
from gatepost.proto.imap.cursor import Cursor, SyntaxFault

# whatever it is: what is not base64 is the door's to count, as a guess (law 1)
_INITIAL = re.compile(rb"[!-~]+")
_MAX_ID_FIELDS = 30


class Capability(msgspec.Struct, frozen=True):
    """CAPABILITY (§6.1.1)."""


class Noop(msgspec.Struct, frozen=True):
    """NOOP (§6.1.2)."""


class Logout(msgspec.Struct, frozen=True):
    """LOGOUT (§6.1.3)."""


class StartTls(msgspec.Struct, frozen=True):
    """STARTTLS (§6.2.1)."""


class Unauthenticate(msgspec.Struct, frozen=True):
    """UNAUTHENTICATE (RFC 8437 §3)."""


class Idle(msgspec.Struct, frozen=True):
    """IDLE (§6.3.13, RFC 2177)."""


class Compress(msgspec.Struct, frozen=True):
    """COMPRESS (RFC 4978): the mechanism in upper case."""

    mechanism: str


class Authenticate(msgspec.Struct, frozen=True):
    """AUTHENTICATE; `initial` is as sent, meant to be base64 (RFC 4959: `=` is the empty response), None for none."""

    mechanism: str
    initial: bytes | None = None


class Login(msgspec.Struct, frozen=True):
    """LOGIN (§6.2.3)."""

    login: str
    password: Secret


class Enable(msgspec.Struct, frozen=True):
    """ENABLE (§6.3.1, RFC 5161): names in upper case."""

    names: tuple[str, ...]


class Id(msgspec.Struct, frozen=True):
    """ID (RFC 2971): what the client says it is; field names in lower case."""

    fields: tuple[tuple[str, str], ...] = ()


C = TypeVar("C")


def _bare(make: Callable[[], C]) -> Callable[[Cursor], C]:
    return lambda cursor: make()


def _authenticate(cursor: Cursor) -> Authenticate:
    cursor.space()
    mechanism = cursor.keyword()
    initial = None
    if cursor.take(b" "):
        initial = cursor.match(_INITIAL, "base64")
    return Authenticate(mechanism, initial)


def _compress(cursor: Cursor) -> Compress:
    cursor.space()
    return Compress(cursor.keyword())


def _login(cursor: Cursor) -> Login:
    cursor.space()
    # what is not UTF-8 is nobody's login, and counts like one (law 1)
    login = cursor.astring().decode("utf-8", "replace")
    cursor.space()
    return Login(login, Secret(cursor.astring()))


def _enable(cursor: Cursor) -> Enable:
    names = []
    while not cursor.ended:
        cursor.space()
        names.append(cursor.keyword())
    if not names:
        raise SyntaxFault("ENABLE needs a capability")
    return Enable(tuple(names))


def _id(cursor: Cursor) -> Id:
    cursor.space()
    if not cursor.peek(b"("):
        if cursor.nstring() is not None:
            raise SyntaxFault("Expected NIL or a list")
        return Id()

    def field() -> tuple[str, str]:
        name = cursor.string()
        cursor.space()
        value = cursor.nstring() or b""
        return name.lower().decode("utf-8", "replace"), value.decode("utf-8", "replace")

    fields = cursor.listing(field, empty=True)
    if len(fields) > _MAX_ID_FIELDS:  # RFC 2971 §3.3
        raise SyntaxFault("Too many ID fields", "LIMIT")
    return Id(fields)


PARSERS: dict[str, Callable[[Cursor], object]] = {
    "CAPABILITY": _bare(Capability),
    "NOOP": _bare(Noop),
    "LOGOUT": _bare(Logout),
    "STARTTLS": _bare(StartTls),
    "UNAUTHENTICATE": _bare(Unauthenticate),
    "IDLE": _bare(Idle),
    "COMPRESS": _compress,
    "AUTHENTICATE": _authenticate,
    "LOGIN": _login,
    "ENABLE": _enable,
    "ID": _id,
}
