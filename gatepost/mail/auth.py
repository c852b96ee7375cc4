"""The one way in. Stub while the house is being built: the signatures are the seam."""

from __future__ import annotations

import msgspec

from gatepost.model.account import Account
from gatepost.model.connection import Connection
from gatepost.model.secret import Secret


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


Denied = Wrong | TryLater | Closed
Verdict = Granted | Denied


class UnknownMechanism(Exception):
    """Not offered here (or not without TLS)."""


class Exchange:
    """One SASL exchange (RFC 4422): `step` until it gives a verdict. Responses are octets, already base64-decoded."""

    async def step(self, response: bytes | None) -> Challenge | Verdict:
        """`response` None at the start when the client gave no initial response."""
        raise NotImplementedError

    async def malformed(self) -> Denied:
        """The client's response was not base64 or too long: counts as a failure."""
        raise NotImplementedError


class AuthDoor:
    """Every service signs people in through this, and only this."""

    def mechanisms(self, connection: Connection) -> tuple[str, ...]:
        """SASL mechanisms to offer now, strongest first; () where the path is not private enough."""
        raise NotImplementedError

    def allows_passwords(self, connection: Connection) -> bool:
        """Whether plain-text commands (IMAP LOGIN, POP3 USER, HTTP Basic) may be used on this connection."""
        raise NotImplementedError

    def begin(self, connection: Connection, mechanism: str, kind: str = "") -> Exchange:
        """Starts an exchange; `mechanism` in any case. Raises UnknownMechanism."""
        raise NotImplementedError

    async def password(
        self, connection: Connection, login: str, secret: Secret, kind: str = "", mechanism: str = "LOGIN"
    ) -> Verdict:
        """A login and a password (or app password) in the clear: IMAP LOGIN, POP3 PASS, HTTP Basic, SASL PLAIN."""
        raise NotImplementedError

    async def bearer(self, connection: Connection, token: Secret, kind: str = "") -> Verdict:
        """An app password or token by itself (HTTP Bearer)."""
        raise NotImplementedError
