"""SASL exchanges (RFC 4422) between a service and the door: one class a mechanism, one line each in `EXCHANGES`.

Responses are octets, already base64-decoded by the service's engine. Whatever is malformed counts (law 1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Collection
from typing import Protocol

import msgspec

from gatepost.mail.verdicts import Challenge, Denied, Granted, Verdict, Wrong
from gatepost.model.account import Credentials, Login, ScramKeys
from gatepost.model.connection import Connection
from gatepost.model.secret import Secret
from gatepost.proto.sasl import (
    BearerError,
    BearerGiven,
    PasswordGiven,
    ScramConversation,
    ScramFailed,
    read_login_pair,
    read_oauthbearer,
    read_plain,
    read_xoauth2,
)


class UnknownMechanism(Exception):
    """Not offered here (or not without TLS)."""


class Door(Protocol):
    """What an exchange asks of `AuthDoor`."""

    async def password(
        self, connection: Connection, login: str, secret: Secret, kind: str = "", mechanism: str = "LOGIN"
    ) -> Verdict: ...

    async def bearer(
        self, connection: Connection, token: Secret, kind: str = "", mechanism: str = "BEARER", login: str = ""
    ) -> Verdict: ...

    def bearer_error(self, status: str) -> BearerError: ...

    async def malformed(self, connection: Connection, mechanism: str, kind: str) -> Verdict: ...

    async def scram_proof(
        self, connection: Connection, login: str, mechanism: str, kind: str, proves: Callable[[], bool]
    ) -> Verdict: ...

    def scram_credentials(self, login: str) -> tuple[Login, Credentials]: ...

    def mechanisms(self, connection: Connection) -> tuple[str, ...]: ...

    @property
    def scram_fallback(self) -> ScramFallback: ...


class Exchange:
    """`step` until it gives a verdict; a step after that is malformed."""

    name = ""

    def __init__(self, door: Door, connection: Connection, kind: str) -> None:
        self._door, self._connection, self._kind = door, connection, kind

    async def step(self, response: bytes | None) -> Challenge | Verdict:
        """`response` None at the start when the client gave no initial response."""
        raise NotImplementedError

    async def malformed(self) -> Denied:
        """The client's response was not base64, too long or not this mechanism's: counts as a failure."""
        verdict = await self._door.malformed(self._connection, self.name, self._kind)
        return Wrong() if isinstance(verdict, Granted) else verdict

    async def _password(self, given: PasswordGiven | None) -> Verdict:
        if given is None:
            return await self.malformed()
        if given.authorize and given.authorize != given.login:
            same = self._door.scram_credentials(given.authorize)[0].key
            if same != self._door.scram_credentials(given.login)[0].key:
                return await self.malformed()  # acting for others is not offered
        return await self._door.password(self._connection, given.login, given.secret, self._kind, self.name)


class Plain(Exchange):
    """RFC 4616."""

    name = "PLAIN"

    async def step(self, response: bytes | None) -> Challenge | Verdict:
        if response is None:
            return Challenge(b"")
        return await self._password(read_plain(response))


class LoginExchange(Exchange):
    """The obsolete LOGIN mechanism: two prompts that clients don't read."""

    name = "LOGIN"
    _login: bytes | None = None

    async def step(self, response: bytes | None) -> Challenge | Verdict:
        if response is None:
            return Challenge(b"Username:")
        if self._login is None:
            self._login = response
            return Challenge(b"Password:")
        return await self._password(read_login_pair(self._login, response))


class OAuthBearer(Exchange):
    """RFC 7628. The token is an app password, or an access token where `[oauth]` is set up. One that is not taken is
    counted first, then the client is told why in a challenge, and whatever it answers is the end (§3.2.3)."""

    name = "OAUTHBEARER"
    _failed: Denied | None = None

    def _read(self, response: bytes) -> BearerGiven | None:
        return read_oauthbearer(response)

    def _error(self, status: str) -> bytes:
        return self._door.bearer_error(status).encode()

    async def step(self, response: bytes | None) -> Challenge | Verdict:
        if self._failed is not None:
            return self._failed
        if response is None:
            return Challenge(b"")
        given = self._read(response)
        if given is None:
            verdict: Verdict = await self.malformed()
        else:
            verdict = await self._door.bearer(self._connection, given.token, self._kind, self.name, given.login)
        if not isinstance(verdict, Wrong):
            return verdict
        self._failed = verdict
        return Challenge(self._error("invalid_request" if given is None else "invalid_token"))

    async def malformed(self) -> Denied:
        return await super().malformed() if self._failed is None else self._failed


class XOAuth2(OAuthBearer):
    """OAUTHBEARER's predecessor. Its clients expect the status of an HTTP answer."""

    name = "XOAUTH2"

    def _read(self, response: bytes) -> BearerGiven | None:
        return read_xoauth2(response)

    def _error(self, status: str) -> bytes:
        code = "400" if status == "invalid_request" else "401"
        return msgspec.structs.replace(self._door.bearer_error(code), schemes="bearer").encode()


class Scram(Exchange):
    """RFC 5802. The server's final message is sent as a challenge that the client answers with nothing, which every
    protocol here can carry. A -PLUS is bound to our certificate (§6): a proof that was shown to somebody in between is
    worth nothing."""

    keys = ""
    """Whose keys prove it: the name without -PLUS."""

    def __init__(self, door: Door, connection: Connection, kind: str) -> None:
        super().__init__(door, connection, kind)
        nonce = base64.b64encode(os.urandom(18)).decode()
        binding = b"" if BOUND.isdisjoint(door.mechanisms(connection)) else connection.endpoint_binding
        self._scram = ScramConversation(self.name, self._keys_of, nonce, binding)
        self._begun = False
        self._verdict: Granted | None = None

    def _keys_of(self, login: str) -> ScramKeys:
        who, credentials = self._door.scram_credentials(login)
        for keys in credentials.scram:
            if keys.mechanism == self.keys:
                return keys
        return self._door.scram_fallback.keys(who, self.keys)

    async def step(self, response: bytes | None) -> Challenge | Verdict:
        if self._verdict is not None:
            return self._verdict if not response else await self.malformed()
        if response is None:
            return Challenge(b"")
        if not self._begun:
            self._begun = True
            try:
                return Challenge(self._scram.first(response))
            except ScramFailed:
                return await self.malformed()
        answer = b""

        def proves() -> bool:
            nonlocal answer
            try:
                answer = self._scram.final(response)
            except ScramFailed:
                return False
            return True

        verdict = await self._door.scram_proof(self._connection, self._scram.login, self.name, self._kind, proves)
        if not isinstance(verdict, Granted):
            return verdict
        self._verdict = verdict
        return Challenge(answer)


class ScramSha256(Scram):
    """RFC 7677."""

    name = keys = "SCRAM-SHA-256"


class ScramSha256Plus(ScramSha256):
    """The same over TLS, bound to it."""

    name = "SCRAM-SHA-256-PLUS"


class ScramSha1(Scram):
    """RFC 5802's own, for clients that know no other; offered where the administrator says so."""

    name = keys = "SCRAM-SHA-1"


class ScramSha1Plus(ScramSha1):
    """The same over TLS, bound to it."""

    name = "SCRAM-SHA-1-PLUS"


class ScramFallback:
    """Keys for logins that don't exist or have none: the same salt each time, and a stored key that no proof fits."""

    def __init__(self, key: bytes, iterations: int = 10_000) -> None:
        self._key, self._iterations = key, iterations

    def keys(self, login: Login, mechanism: str) -> ScramKeys:
        """Stable for each login, so that a second look tells nothing either."""
        mac = hmac.new(self._key, f"{mechanism}\0{login.key}".encode(), hashlib.sha512).digest()
        return ScramKeys(mechanism, mac[:16], os.urandom(32), mac[32:], self._iterations)


EXCHANGES: dict[str, type[Exchange]] = {
    exchange.name: exchange
    for exchange in (
        ScramSha256Plus,
        ScramSha256,
        ScramSha1Plus,
        ScramSha1,
        Plain,
        LoginExchange,
        OAuthBearer,
        XOAuth2,
    )
}
"""Strongest first: the order in which they are offered."""
BOUND = frozenset({ScramSha256Plus.name, ScramSha1Plus.name})
"""Those that need a channel binding, and so TLS."""


def mechanisms(scram: Collection[str]) -> tuple[str, ...]:
    """What may be offered where keys are made for these SCRAM mechanisms."""
    return tuple(
        name for name, exchange in EXCHANGES.items() if not issubclass(exchange, Scram) or exchange.keys in scram
    )
