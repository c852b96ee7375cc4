"""What a ManageSieve client can say, as frozen values (RFC 5804 §2). Names are checked (§1.6), scripts are octets."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from gatepost.proto.sasl_response import SaslMalformed, SaslResponse


class Authenticate(msgspec.Struct, frozen=True):
    """AUTHENTICATE (§2.1). `initial` is None without an initial response."""

    mechanism: str
    initial: SaslResponse | SaslMalformed | None = None


class StartTls(msgspec.Struct, frozen=True):
    """STARTTLS (§2.2)."""


class Logout(msgspec.Struct, frozen=True):
    """LOGOUT (§2.3)."""


class Capability(msgspec.Struct, frozen=True):
    """CAPABILITY (§2.4)."""


class HaveSpace(msgspec.Struct, frozen=True):
    """HAVESPACE (§2.5); `size` in octets."""

    name: str
    size: int


class PutScript(msgspec.Struct, frozen=True):
    """PUTSCRIPT (§2.6)."""

    name: str
    content: bytes


class ListScripts(msgspec.Struct, frozen=True):
    """LISTSCRIPTS (§2.7)."""


class SetActive(msgspec.Struct, frozen=True):
    """SETACTIVE (§2.8); the empty name for none."""

    name: str


class GetScript(msgspec.Struct, frozen=True):
    """GETSCRIPT (§2.9)."""

    name: str


class DeleteScript(msgspec.Struct, frozen=True):
    """DELETESCRIPT (§2.10)."""

    name: str


class RenameScript(msgspec.Struct, frozen=True):
    """RENAMESCRIPT (§2.11)."""

    name: str
    new: str


class CheckScript(msgspec.Struct, frozen=True):
    """CHECKSCRIPT (§2.12)."""

    content: bytes


class Noop(msgspec.Struct, frozen=True):
    """NOOP (§2.13); `tag` to echo, None without one."""

    tag: bytes | None = None


class Unauthenticate(msgspec.Struct, frozen=True):
    """UNAUTHENTICATE (§2.14.1)."""


Command: TypeAlias = (
    Authenticate | StartTls | Logout | Capability | HaveSpace | PutScript | ListScripts | SetActive | GetScript
    | DeleteScript | RenameScript | CheckScript | Noop | Unauthenticate
)  # fmt: skip


class FaultKind(StrEnum):
    """What is wrong with a command."""

    UNKNOWN = "unknown"
    SYNTAX = "syntax"
    NAME = "name"
    """A script name that §1.6 forbids, or one of more than 128 characters."""
    TOO_LARGE = "too-large"
    """Its strings are together over the budget; they were swallowed."""
    LOST = "lost"
    """Where the next command begins cannot be known: the conversation must end."""


class Fault(msgspec.Struct, frozen=True):
    """What is no command."""

    kind: FaultKind
