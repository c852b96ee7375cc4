"""Access tokens as signed JWTs (RFC 9068), checked against the provider's public keys: signature, issuer, audience, time, scope.

Nothing is asked of the provider: its keys (a JWK Set, RFC 7517) come from the configuration or a file that is read again
when it changes. Symmetric keys and `none` are never taken, whatever a token's header says (RFC 8725 §3.1).
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from joserfc.util import urlsafe_b64decode

from gatepost.model.errors import CannotStart
from gatepost.model.secret import Secret
from gatepost.model.units import Duration
from gatepost.ports.clock import Clock

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
MAX_TOKEN = 8192
"""Octets of a token; a longer one is none."""
MAX_KEYS = 64
_SYMMETRIC = "oct"


class OAuthOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Access tokens from a provider, for OAUTHBEARER, XOAUTH2 and HTTP Bearer. Off without an issuer."""

    issuer: Annotated[
        str, msgspec.Meta(description="Whose tokens are taken: their `iss`, exactly; empty: nobody's.")
    ] = ""
    audience: Annotated[str, msgspec.Meta(description="For whom a token must be: one of its `aud`. Needed.")] = ""
    keys_file: Annotated[
        str, msgspec.Meta(description="The provider's public keys: a JWK Set in a file, read again when it changes.")
    ] = ""
    keys: Annotated[str, msgspec.Meta(description="The same, written here as JSON.")] = ""
    login_claim: Annotated[str, msgspec.Meta(description="The claim that holds the login.")] = "email"
    scope: Annotated[str, msgspec.Meta(description="A scope that a token must have; empty: none.")] = ""
    type: Annotated[
        str,
        msgspec.Meta(
            description="The type that a token's header must say; empty: any, for providers that write `JWT` on all they sign."
        ),
    ] = "at+jwt"
    leeway: Annotated[Duration, msgspec.Meta(description="How far the provider's clock may be from ours.")] = Duration(
        30
    )
    configuration: Annotated[
        str, msgspec.Meta(description="The URL of the provider's OpenID configuration, which clients are told.")
    ] = ""


class JwtAccessTokens:
    """See `gatepost.ports.tokens.AccessTokens`. Raises CannotStart for keys that can't be used."""

    def __init__(self, options: OAuthOptions, clock: Clock) -> None:
        if not options.audience:
            raise CannotStart("oauth.audience is needed: without it a token for any other service would do here")
        if bool(options.keys) == bool(options.keys_file):
            raise CannotStart("oauth needs either keys or keys_file")
        self.scope, self.configuration = options.scope, options.configuration
        self._options, self._clock = options, clock
        self._seen: tuple[float, int] | None = None
        self._keys: tuple[Key, ...] = ()
        if options.keys:
            self._keys = read_keys(options.keys)
        else:
            self.reload()

    def reload(self) -> None:
        """Reads the file if it changed. Raises CannotStart; the keys from before stay in use then."""
        if not self._options.keys_file:
            return
        path = Path(self._options.keys_file)
        try:
            status = os.stat(path)
            seen = (status.st_mtime, status.st_size)
            if seen != self._seen:
                self._keys = read_keys(path.read_text(encoding="utf-8"))
                self._seen = seen
        except (OSError, UnicodeDecodeError) as error:
            raise CannotStart(f"oauth.keys_file: {error}") from error

    def subject(self, token: Secret) -> str | None:
        octets = token.reveal()
        if len(octets) > MAX_TOKEN or octets.count(b".") != 2:
            return None
        claims = self._verified(octets)
        return None if claims is None or not self._for_us(claims) else self._login(claims)

    def _verified(self, octets: bytes) -> dict[str, Any] | None:
        """The claims, if one of the keys signed them and the header is as it should be."""
        # what a stranger sends may be nested deeper than JSON's reader goes
        with contextlib.suppress(ValueError, RecursionError):
            header = json.loads(urlsafe_b64decode(octets.partition(b".")[0]))
            if not isinstance(header, dict) or not self._right_type(header.get("typ")):
                return None
            for key in self._candidates(header.get("kid")):
                with contextlib.suppress(JoseError):
                    return jwt.decode(octets, key, algorithms=ALGORITHMS).claims
        return None

    def _candidates(self, kid: object) -> Iterable[Key]:
        if kid is None:
            return self._keys[:4]  # a provider that names no key has few; each costs a signature's check
        return [key for key in self._keys if key.kid == kid]

    def _right_type(self, kind: object) -> bool:
        """RFC 9068 §4: `at+jwt` or `application/at+jwt`, so that no ID token passes for an access token."""
        wanted = self._options.type.lower()
        return not wanted or (isinstance(kind, str) and kind.lower().removeprefix("application/") == wanted)

    def _for_us(self, claims: dict[str, Any]) -> bool:
        options, now = self._options, self._clock.now()
        expires, begins = _seconds(claims.get("exp")), _seconds(claims.get("nbf", 0))
        if expires is None or begins is None or not begins - options.leeway <= now < expires + options.leeway:
            return False
        audience = claims.get("aud")
        if options.audience not in (audience if isinstance(audience, list) else [audience]):
            return False
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or not hmac.compare_digest(issuer.encode(), options.issuer.encode()):
            return False
        return not options.scope or options.scope in _scopes(claims)

    def _login(self, claims: dict[str, Any]) -> str | None:
        """An address that the provider says it has not verified is anybody's."""
        login = claims.get(self._options.login_claim)
        if not isinstance(login, str) or not login.strip() or not login.isprintable():
            return None
        if self._options.login_claim == "email" and claims.get("email_verified", True) is not True:
            return None
        return login


def read_keys(text: str) -> tuple[Key, ...]:
    """The public keys of a JWK Set; kinds that are unknown here are left out (RFC 7517 §5). Raises CannotStart."""
    try:
        entries = json.loads(text)["keys"]
        asymmetric = [entry for entry in entries[:MAX_KEYS] if entry.get("kty") in JWKRegistry.key_types]
        if any(entry["kty"] == _SYMMETRIC for entry in asymmetric):
            raise CannotStart(
                "oauth: a symmetric key among the provider's keys: whoever can read it could sign as well"
            )
        keys = tuple(JWKRegistry.import_key(entry) for entry in asymmetric if entry.get("use", "sig") == "sig")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, JoseError) as error:
        raise CannotStart(f"oauth: not a JWK Set: {error}") from error
    if not keys:
        raise CannotStart("oauth: the JWK Set holds no key that verifies signatures")
    return keys


def _seconds(value: object) -> float | None:
    """A NumericDate (RFC 7519 §2)."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _scopes(claims: dict[str, Any]) -> list[Any]:
    """RFC 8693 §4.2 has them in one string; some providers write a list, or call it `scp`."""
    scopes = claims.get("scope", claims.get("scp", ""))
    return scopes.split(" ") if isinstance(scopes, str) else scopes if isinstance(scopes, list) else []
