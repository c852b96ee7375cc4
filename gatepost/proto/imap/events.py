"""What the engine hears from a client."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from gatepost.proto.imap.commands import Command


class Received(msgspec.Struct, frozen=True):
    """A whole, well-formed command."""

    tag: str
    command: Command


class Malformed(msgspec.Struct, frozen=True):
    """A command that cannot be taken: answer `tag BAD text` (`NO` where `no`), or `* BAD text` where no tag was found.
    `text` is one of a few fixed sentences; `code` a response code or empty."""

    tag: str | None
    text: str
    code: str = ""
    no: bool = False


class SaslResponse(msgspec.Struct, frozen=True):
    """The client's answer to a challenge, decoded; None where it was not base64 or too long. `cancelled` for `*`."""

    data: bytes | None
    cancelled: bool = False


class IdleDone(msgspec.Struct, frozen=True):
    """DONE (RFC 2177)."""


class GaveUp(msgspec.Struct, frozen=True):
    """The client overran a budget in a way that leaves no safe place to go on reading: say BYE and close.
    What follows an over-long line may be a literal's octets, which must never be read as commands."""

    text: str
    code: str = ""


Event: TypeAlias = Received | Malformed | SaslResponse | IdleDone | GaveUp
