"""What the door `mail.auth` answers a service."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from gatepost.model.account import Account


class Granted(msgspec.Struct, frozen=True):
    """Signed in. `credential` is `password`, `app:NAME` or `token`."""

    account: Account
    credential: str = "password"


class Wrong(msgspec.Struct, frozen=True):
    """Not signed in: wrong password, unknown login, malformed exchange... One reply for all: "authentication failed"."""


class TryLater(msgspec.Struct, frozen=True):
    """Refused unevaluated: answer with the protocol's temporary error (GUARD.md, "What a refused client is told")."""

    retry_after: float


class Closed(msgspec.Struct, frozen=True):
    """End the connection now, without a word (`wire.abort("banned")`)."""


class Challenge(msgspec.Struct, frozen=True):
    """The server's next SASL message, not yet base64."""

    data: bytes


Denied: TypeAlias = Wrong | TryLater | Closed
Verdict: TypeAlias = Granted | Denied
