"""SASL exchanges (RFC 4422) between a service and the door: one class a mechanism, one line each in `EXCHANGES`.

Responses are octets, already base64-decoded by the service's engine. Whatever is malformed counts (law 1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Protocol

from gatepost.mail.verdicts import Challenge, Denied, Granted, Verdict, Wrong
from gatepost.model.account import Credentials, Login, ScramKeys
from gatepost.model.connection import Connection
from gatepost.model.secret import Secret
from gatepost.proto.sasl import (
    BearerGiven,
    PasswordGiven,
    ScramConversation,
    ScramFailed,
    read_login_pair,
    read_oauthbearer,
    read_plain,
)


class UnknownMechanism(Exception):
    """Not offered here (or not without TLS)."""


class Door(Protocol):
    """What an exchange asks of `AuthDoor`."""

    async def password(
        self, connection: Connection, login: str, secret: Secret, kind: str = "", mechanism: str = "LOGIN"
    ) -> Verdict: ...

    async def bearer(
        self, connection: Connection, token: Secret, kind: str = "", mechanism: str = "BEARER"
    ) -> Verdict: ...

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

    async def _bearer(self, given: BearerGiven | None) -> Verdict:
        if given is None:
            return await self.malformed()
        if given.login:
            return await self._door.password(self._connection, given.login, given.token, self._kind, self.name)
        return await self._door.bearer(self._connection, given.token, self._kind, self.name)


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
    """RFC 7628, the token being an app password."""

    name = "OAUTHBEARER"
    gs2 = True

    async def step(self, response: bytes | None) -> Challenge | Verdict:
        if response is None:
            return Challenge(b"")
        return await self._bearer(read_oauthbearer(response, self.gs2))


class XOAuth2(OAuthBearer):
    """OAUTHBEARER's predecessor."""

    name = "XOAUTH2"
    gs2 = False


class ScramSha256(Exchange):
    """RFC 7677. The server's final message is sent as a challenge that the client answers with nothing, which every
    protocol here can carry."""

    name = KEYS = "SCRAM-SHA-256"

    def __init__(self, door: Door, connection: Connection, kind: str) -> None:
        super().__init__(door, connection, kind)
        nonce = base64.b64encode(os.urandom(18)).decode()
        binding = connection.endpoint_binding if ScramSha256Plus.name in door.mechanisms(connection) else b""
        self._scram = ScramConversation(self.name, self._keys_of, nonce, binding)
        self._next: Callable[[bytes], object] | None = None
        self._begun = False
        self._verdict: Granted | None = None

    def _keys_of(self, login: str) -> ScramKeys:
        who, credentials = self._door.scram_credentials(login)
        for keys in credentials.scram:
            if keys.mechanism == self.KEYS:
                return keys
        return self._door.scram_fallback.keys(who, self.KEYS)

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


class ScramSha256Plus(ScramSha256):
    """The same, bound to our certificate (RFC 5802 §6): a proof that was shown to somebody in between is worth nothing."""

    name = "SCRAM-SHA-256-PLUS"


class ScramFallback:
    """Keys for logins that don't exist or have none: the same salt each time, and a stored key that no proof fits."""

    def __init__(self, key: bytes, iterations: int = 10_000) -> None:
        self._key, self._iterations = key, iterations

    def keys(self, login: Login, mechanism: str) -> ScramKeys:
        """Stable for each login, so that a second look tells nothing either."""
        mac = hmac.new(self._key, f"{mechanism}\0{login.key}".encode(), hashlib.sha512).digest()
        return ScramKeys(mechanism, mac[:16], os.urandom(32), mac[32:], self._iterations)


EXCHANGES: dict[str, type[Exchange]] = {
    exchange.name: exchange for exchange in (ScramSha256Plus, ScramSha256, Plain, LoginExchange, OAuthBearer, XOAuth2)
}
"""Strongest first: the order in which they are offered."""
BOUND = frozenset({ScramSha256Plus.name})
"""Those that need a channel binding, and so TLS."""
