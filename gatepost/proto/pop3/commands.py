"""What a POP3 client can say, as frozen values. Message numbers count from 1 (RFC 1939 §5)."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from gatepost.proto.sasl_response import SaslMalformed, SaslResponse


class User(msgspec.Struct, frozen=True):
    """USER; the whole rest of the line, blanks included."""

    name: str


class Pass(msgspec.Struct, frozen=True):
    """PASS; the whole rest of the line is the password (RFC 1939 §7), so that its repr shows nothing."""

    password: bytes

    def __repr__(self) -> str:
        return "Pass(***)"


class Auth(msgspec.Struct, frozen=True):
    """AUTH (RFC 5034 §4). `initial` is None without an initial response; without a mechanism the client wants to be told
    which there are, as clients older than CAPA do."""

    mechanism: str = ""
    initial: SaslResponse | SaslMalformed | None = None


class Stls(msgspec.Struct, frozen=True):
    """STLS (RFC 2595 §4)."""


class Capa(msgspec.Struct, frozen=True):
    """CAPA (RFC 2449 §5)."""


class Utf8(msgspec.Struct, frozen=True):
    """UTF8 (RFC 6856 §2.1)."""


class Lang(msgspec.Struct, frozen=True):
    """LANG (RFC 6856 §3); None to be told the languages."""

    tag: str | None = None


class Stat(msgspec.Struct, frozen=True):
    """STAT."""


class List(msgspec.Struct, frozen=True):
    """LIST; None for all."""

    number: int | None = None


class Uidl(msgspec.Struct, frozen=True):
    """UIDL; None for all."""

    number: int | None = None


class Retr(msgspec.Struct, frozen=True):
    """RETR."""

    number: int


class Top(msgspec.Struct, frozen=True):
    """TOP: the header and `lines` lines of the body."""

    number: int
    lines: int


class Dele(msgspec.Struct, frozen=True):
    """DELE."""

    number: int


class Noop(msgspec.Struct, frozen=True):
    """NOOP."""


class Rset(msgspec.Struct, frozen=True):
    """RSET."""


class Quit(msgspec.Struct, frozen=True):
    """QUIT."""


Command: TypeAlias = (
    User | Pass | Auth | Stls | Capa | Utf8 | Lang | Stat | List | Uidl | Retr | Top | Dele | Noop | Rset | Quit
)


class FaultKind(StrEnum):
    """What is wrong with a line."""

    UNKNOWN = "unknown"
    OCTETS = "octets"
    """Control characters, a bare CR or LF, or broken UTF-8."""
    TOO_LONG = "too-long"
    SYNTAX = "syntax"


class Fault(msgspec.Struct, frozen=True):
    """A line that is no command."""

    kind: FaultKind
