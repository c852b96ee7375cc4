"""The one way in: every service signs people in through `AuthDoor`, and only through it (law 1).

The order is always the same: canonical login, slot reserved at the guard, password looked at, slot settled. What was
not settled on the way out (cancelled, crashed, disconnected) keeps its charge (law 2). A connection that was banned
while its password was being checked is not answered, even if the password was right (law 3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

import msgspec

from gatepost.gate import Gate
from gatepost.guard.verdicts import Admission, Lane, Outcome, Refusal, Rule, Ticket
from gatepost.mail.app_passwords import AppPasswords
from gatepost.mail.bearers import Bearers
from gatepost.mail.remembered import Remembered
from gatepost.mail.sasl import BOUND, EXCHANGES, Exchange, ScramFallback, UnknownMechanism, mechanisms
from gatepost.mail.verdicts import Challenge, Closed, Denied, Granted, TryLater, Verdict, Wrong
from gatepost.model.account import AccountId, Credentials, Login
from gatepost.model.connection import Connection
from gatepost.model.errors import NoSuchAccount, Overloaded, StorageUnavailable, WeakPassword
from gatepost.model.secret import Secret
from gatepost.ports.directory import Directory
from gatepost.ports.passwords import Passwords
from gatepost.ports.tokens import AccessTokens
from gatepost.proto.sasl import BearerError

__all__ = [
    "AuthDoor",
    "AuthOptions",
    "Challenge",
    "Closed",
    "Denied",
    "Exchange",
    "Granted",
    "TryLater",
    "UnknownMechanism",
    "Verdict",
    "Wrong",
]

NOBODY = Credentials()
PATIENCE = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between asking again while too many attempts of the source, or on the account, are being looked at."""
MOST_WAITING = 256
"""Attempts that may wait at once; under a flood the rest is told at once to come back."""
RETRY_OVERLOADED = 10.0
"""Seconds a client is told to wait when the queue of password checks is full."""


class AuthOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the door allows. `remember` in seconds."""

    plaintext: Literal["never", "loopback", "always"] = "loopback"
    remember: float = 300.0


class AuthDoor:
    """`signed_in` and `signed_out` are told, so that the table of live connections knows whose they are."""

    def __init__(
        self,
        *,
        gate: Gate,
        directory: Directory,
        passwords: Passwords,
        remembered: Remembered,
        app_passwords: AppPasswords,
        options: AuthOptions,
        tokens: AccessTokens | None = None,
        signed_in: Callable[[Connection, Granted], None] = lambda connection, granted: None,
        signed_out: Callable[[Connection], None] = lambda connection: None,
    ) -> None:
        self._gate, self._directory, self._passwords = gate, directory, passwords
        self._bearers, self._options = Bearers(directory, app_passwords, tokens), options
        self._mechanisms = mechanisms(passwords.scram)
        self._remembered = remembered
        self._waiting = 0
        self._scram_fallback = ScramFallback(directory.secret_key("scram"))
        self._signed_in, self._signed_out = signed_in, signed_out

    # -- what may be offered ----------------------------------------------------------------------------------------
    def allows_passwords(self, connection: Connection) -> bool:
        """Whether plain-text commands (IMAP LOGIN, POP3 USER, HTTP Basic) may be used on this connection."""
        if self._options.plaintext == "always" or connection.tls is not None:
            return True
        return self._options.plaintext == "loopback" and connection.private_path

    def mechanisms(self, connection: Connection) -> tuple[str, ...]:
        """SASL mechanisms to offer now, strongest first; () where the path is not private enough."""
        if not self.allows_passwords(connection):
            return ()
        bound = bool(connection.endpoint_binding)
        return tuple(name for name in self._mechanisms if bound or name not in BOUND)

    def begin(self, connection: Connection, mechanism: str, kind: str = "") -> Exchange:
        """Starts an exchange; `mechanism` in any case. Raises UnknownMechanism."""
        name = mechanism.upper() if mechanism.isascii() else ""
        if name not in self.mechanisms(connection):
            raise UnknownMechanism(mechanism[:40])
        return EXCHANGES[name](self, connection, kind)

    # -- ways to sign in ------------------------------------------------------------------------------------------------
    async def password(
        self, connection: Connection, login: str, secret: Secret, kind: str = "", mechanism: str = "LOGIN"
    ) -> Verdict:
        """A login and a password (or app password) in the clear: IMAP LOGIN, POP3 PASS, HTTP Basic, SASL PLAIN."""
        who = self._directory.login(login)
        if self._bearers.is_app_password(secret):
            return await self._bearer(connection, who, secret, kind, mechanism)
        if self._passwords.crowded and self._gate.turn_away(connection, who, kind):
            return Closed() if self._gate.admit(connection.client) is Admission.DROP else TryLater(RETRY_OVERLOADED)
        answer = await self._reserve(connection, who, mechanism, kind, secret)
        if isinstance(answer, Refusal):
            return await self._refused(answer, secret)
        verdict = await self._evaluate(answer, connection, secret)
        if isinstance(verdict, Granted):
            await self._complete_keys(verdict.account.id, secret)
        return verdict

    async def bearer(
        self, connection: Connection, token: Secret, kind: str = "", mechanism: str = "BEARER", login: str = ""
    ) -> Verdict:
        """An app password or an access token by itself (HTTP Bearer, OAUTHBEARER); `login` where the client says whose
        it is. The source is charged, no account is. A password is no token."""
        who = self._directory.login(login) if login else Login(key="")
        return await self._bearer(connection, who, token, kind, mechanism)

    def bearer_error(self, status: str) -> BearerError:
        """What a client is told whose token was not taken."""
        tokens = self._bearers.tokens
        return BearerError(status) if tokens is None else BearerError(status, tokens.scope, tokens.configuration)

    async def malformed(self, connection: Connection, mechanism: str, kind: str) -> Verdict:
        """An exchange that made no sense: counts against the source like any wrong password (law 1)."""
        answer = self._gate.reserve(connection, Login(key=""), mechanism, kind, token=True)
        if isinstance(answer, Refusal):
            return await self._refused(answer)
        return self._settled(answer, Outcome.WRONG, connection, "malformed")

    async def scram_proof(
        self, connection: Connection, login: str, mechanism: str, kind: str, proves: Callable[[], bool]
    ) -> Verdict:
        """A SCRAM proof, looked at by `proves` only once its slot is reserved; no password is shown (law 6)."""
        who = self._directory.login(login)
        answer = await self._reserve(connection, who, mechanism, kind)
        if isinstance(answer, Refusal):
            return await self._refused(answer)
        if proves() and who.account is not None:
            return self._settled(answer, Outcome.RIGHT, connection, "")
        return self._settled(answer, Outcome.WRONG, connection, "wrong" if who.account else "unknown")

    def scram_credentials(self, login: str) -> tuple[Login, Credentials]:
        """What SCRAM needs before any proof: nothing here tells whether the login exists."""
        who = self._directory.login(login)
        return who, self._credentials(who)

    @property
    def scram_fallback(self) -> ScramFallback:
        """Keys for logins that have none."""
        return self._scram_fallback

    def sign_out(self, connection: Connection) -> None:
        """Whoever signed in on the connection is gone, the connection goes on: a stranger's (RFC 8437 §3)."""
        self._signed_out(connection)

    # -- inside -----------------------------------------------------------------------------------------------------------
    async def _reserve(
        self,
        connection: Connection,
        login: Login,
        mechanism: str,
        kind: str,
        secret: Secret | None = None,
        token: bool = False,
    ) -> Ticket | Refusal:
        """A client that opens five connections at once from a new place waits its turn; nothing is looked at meanwhile."""
        for pause in PATIENCE:
            answer = self._gate.reserve(connection, login, mechanism, kind, secret, token, may_wait=True)
            if isinstance(answer, Ticket) or answer.rule is not Rule.IN_FLIGHT:
                return answer
            if self._waiting >= MOST_WAITING:
                break
            self._waiting += 1
            try:
                await asyncio.sleep(pause)
            finally:
                self._waiting -= 1
        return self._gate.reserve(connection, login, mechanism, kind, secret, token)

    async def _evaluate(self, ticket: Ticket, connection: Connection, secret: Secret) -> Verdict:
        """The slot is reserved: look at the password, settle exactly once whatever happens."""
        settled = False
        try:
            outcome, why = await self._check(ticket, secret)
            settled = True
        except Overloaded:
            settled = True
            self._gate.settle(ticket, Outcome.UNTRIED, connection, "overloaded")
            return TryLater(RETRY_OVERLOADED)
        finally:
            if not settled:
                self._gate.settle(ticket, Outcome.ABANDONED, connection, "abandoned")
        return self._settled(ticket, outcome, connection, why, secret)

    async def _check(self, ticket: Ticket, secret: Secret) -> tuple[Outcome, str]:
        login = ticket.attempt.login
        credentials = self._credentials(login)
        account, hashed = login.account, credentials.password
        if account is not None and hashed and self._remembered.knows(account, hashed, secret):
            return Outcome.RIGHT, ""
        urgent = ticket.lane is Lane.FAMILIAR
        if await self._passwords.verify(hashed, secret, urgent) and account is not None:
            self._remembered.keep(account, hashed, secret)
            return Outcome.RIGHT, ""
        if ticket.lane is not Lane.STRANGER:
            # only for those who know the account: a second hash would tell strangers that there was a first
            for previous in credentials.previous[:1]:
                if await self._passwords.verify(previous, secret, urgent):
                    return Outcome.PREVIOUS, "previous"
        return Outcome.WRONG, "wrong" if account is not None else "unknown"

    async def _bearer(self, connection: Connection, login: Login, secret: Secret, kind: str, mechanism: str) -> Verdict:
        answer = await self._reserve(connection, login, mechanism, kind, secret, token=True)
        if isinstance(answer, Refusal):
            return await self._refused(answer)
        found = self._bearers.owner(login, secret, answer.at)
        if isinstance(found, str):
            return self._settled(answer, Outcome.WRONG, connection, found)
        owner = Login(key=found.account.email, account=found.account.id)
        ticket = msgspec.structs.replace(answer, attempt=msgspec.structs.replace(answer.attempt, login=owner))
        return self._settled(ticket, Outcome.RIGHT, connection, "", credential=found.credential)

    async def _complete_keys(self, account: AccountId, secret: Secret) -> None:
        """SCRAM keys that the account has none of are made while its password is known: after an import of hashes, or
        when a mechanism was turned on. That it fails keeps nobody out."""
        try:
            owned = self._directory.credentials(account)
            have = {keys.mechanism for keys in owned.scram}
            if have.issuperset(self._passwords.scram):
                return
            made = await self._passwords.scram_keys(secret)
            if any(keys.mechanism not in have for keys in made):
                await self._directory.add_scram_keys(account, owned.password, made)
        except (NoSuchAccount, Overloaded, WeakPassword, StorageUnavailable):
            return

    def _settled(
        self,
        ticket: Ticket,
        outcome: Outcome,
        connection: Connection,
        why: str,
        secret: Secret | None = None,
        credential: str = "password",
    ) -> Verdict:
        """Settles, and answers; a client banned meanwhile is not answered."""
        account = None
        if outcome is Outcome.RIGHT and ticket.attempt.login.account is not None:
            account = self._directory.account(ticket.attempt.login.account)
        admission = self._gate.admit(connection.client)
        if account is not None and (account.disabled or admission is Admission.DROP):
            account, outcome, why = None, Outcome.ABANDONED, "banned"
        in_time = self._gate.settle(ticket, outcome, connection, why, secret, credential)
        if account is not None and in_time:
            granted = Granted(account, credential)
            self._signed_in(connection, granted)
            return granted
        return Closed() if self._gate.admit(connection.client) is Admission.DROP else Wrong()

    async def _refused(self, refusal: Refusal, secret: Secret | None = None) -> Denied:
        if refusal.close:
            return Closed()
        if refusal.rule is Rule.PASSWORD and secret is not None:
            # told in no way from a wrong password, the time it takes included (GUARD.md, Secrets 5)
            try:
                await self._passwords.verify("", secret)
            except Overloaded:
                return TryLater(RETRY_OVERLOADED)
            return Wrong()
        return TryLater(refusal.retry_after)

    def _credentials(self, login: Login) -> Credentials:
        if login.account is None:
            return NOBODY
        try:
            return self._directory.credentials(login.account)
        except NoSuchAccount:
            return NOBODY
