"""Access tokens: what is right, and everything that is not. The provider's side is signed with joserfc's own keys."""

from __future__ import annotations

import base64
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from gatepost.adapters.accesstokens import JwtAccessTokens, OAuthOptions
from gatepost.model.errors import CannotStart
from gatepost.model.secret import Secret

ISSUER, AUDIENCE, ADA = "https://id.example.org/", "mail.example.org", "ada@example.org"
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed-1"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa-1"})
NOW = 1795348800.0


class StoppedClock:
    """It is always the same moment."""

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return NOW


def key_set(*keys: Key) -> str:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def options(**changes: Any) -> OAuthOptions:
    return OAuthOptions(**{"issuer": ISSUER, "audience": AUDIENCE, "keys": key_set(RSA, EC, ED), **changes})


def claims(**changes: Any) -> dict[str, Any]:
    made = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "email": ADA,
        "exp": NOW + 600,
        "iat": NOW,
        "scope": "openid mail",
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def token(key: Key = RSA, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changes: Any) -> Secret:
    head = {"typ": "at+jwt", "alg": algorithm, "kid": key.kid, **(header or {})}
    head = {name: value for name, value in head.items() if value is not None}
    signed = jwt.encode(head, claims(**changes), key, algorithms=[algorithm], default_type=None)
    return Secret(signed)


def subject(given_: Secret, **changes: Any) -> str | None:
    return JwtAccessTokens(options(**changes), StoppedClock()).subject(given_)


@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256"), (ED, "Ed25519")], ids=["rs", "ps", "es", "ed"]
)
def test_right_ones(key: Key, algorithm: str) -> None:
    assert subject(token(key, algorithm)) == ADA


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - 31},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"nbf": NOW + 31},
        {"nbf": []},
        {"iss": "https://id.example.org"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"aud": "other.example.org"},
        {"aud": None},
        {"aud": ["a", "b"]},
        {"aud": {AUDIENCE: 1}},
        {"email": None},
        {"email": ""},
        {"email": ["ada@example.org"]},
        {"email": "ada@example.org\n"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"scope": "openid mailbox"},
        {"scope": None},
        {"scope": 7},
    ],
    ids=repr,
)
def test_claims_that_are_not_for_us(changes: dict[str, Any]) -> None:
    assert subject(token(**changes), scope="mail") is None


def test_claims_that_are() -> None:
    assert subject(token(exp=NOW - 29)) == ADA  # the clocks may differ a little
    assert subject(token(nbf=NOW + 29)) == ADA
    assert subject(token(aud=["x", AUDIENCE])) == ADA
    assert subject(token(email_verified=True), scope="mail") == ADA
    assert subject(token(scope=None, scp=["mail"]), scope="mail") == ADA
    assert subject(token(upn="grace"), login_claim="upn") == "grace"


def test_signatures_that_are_not_the_providers() -> None:
    assert subject(token(STRANGER)) is None
    right = token().reveal()
    assert subject(Secret(right[:-4] + b"AAAA")) is None
    head, _, rest = right.partition(b".")
    body, _, signature = rest.partition(b".")
    other = base64.urlsafe_b64encode(json.dumps(claims(email="grace@example.org")).encode()).rstrip(b"=")
    assert subject(Secret(b".".join([head, other, signature]))) is None
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=")
    assert subject(Secret(none + b"." + body + b".")) is None
    # the public key as an HMAC secret (RFC 8725 §2.1)
    signed = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"at+jwt","kid":"rsa-1"}').rstrip(b"=") + b"." + body
    mac = base64.urlsafe_b64encode(hmac.digest(RSA.as_pem(private=False), signed, "sha256")).rstrip(b"=")
    assert subject(Secret(signed + b"." + mac)) is None
    assert subject(token(RSA, header={"kid": "another"})) is None


def test_a_provider_that_names_no_key() -> None:
    assert subject(token(EC, "ES256", header={"kid": None})) == ADA


def test_the_type_tells_access_tokens_from_others() -> None:
    assert subject(token(header={"typ": "JWT"})) is None
    assert subject(token(header={"typ": None})) is None
    assert subject(token(header={"typ": "application/AT+JWT"})) == ADA
    assert subject(token(header={"typ": None}), type="") == ADA
    assert subject(token(header={"typ": "JWT"}), type="JWT") == ADA


@given(
    st.binary(max_size=300).flatmap(lambda octets: st.sampled_from([octets, octets + b"..", b"e30." + octets + b"."]))
)
def test_nothing_raises(octets: bytes) -> None:
    assert subject(Secret(octets)) is None


def test_what_is_hostile() -> None:
    deep = base64.urlsafe_b64encode(b'{"a":' + b"[" * 5000).rstrip(b"=")
    assert subject(Secret(deep + b"." + deep[:500] + b".AAAA")) is None
    assert subject(Secret(b"." * 20_000)) is None
    assert subject(Secret(token().reveal() + b"A" * 9000)) is None
    assert subject(token(header={"crit": ["b64"], "b64": False})) is None


def test_keys_from_a_file_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(key_set(EC))
    tokens = JwtAccessTokens(options(keys="", keys_file=str(path)), StoppedClock())
    assert tokens.subject(token()) is None
    path.write_text(key_set(EC, RSA))
    tokens.reload()
    assert tokens.subject(token()) == ADA
    path.write_text("half a fi")
    with pytest.raises(CannotStart):
        tokens.reload()
    assert tokens.subject(token()) == ADA
    path.unlink()
    with pytest.raises(CannotStart):
        tokens.reload()
    assert tokens.subject(token()) == ADA


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": ""},
        {"keys": ""},
        {"keys_file": "/nowhere"},
        {"keys": "", "keys_file": "/nowhere/jwks.json"},
        {"keys": "[]"},
        {"keys": '{"keys": []}'},
        {"keys": '{"keys": [7]}'},
        {"keys": '{"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]}'},
        {"keys": '{"keys": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}]}'},
    ],
    ids=repr,
)
def test_what_cannot_be_used(changes: dict[str, Any]) -> None:
    with pytest.raises(CannotStart):
        JwtAccessTokens(options(**changes), StoppedClock())


def test_unknown_kinds_of_keys_are_left_out() -> None:
    keys = json.loads(key_set(RSA))
    keys["keys"] += [{"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"}, {**EC.as_dict(private=False), "use": "enc"}]
    tokens = JwtAccessTokens(options(keys=json.dumps(keys)), StoppedClock())
    assert tokens.subject(token()) == ADA
    assert tokens.subject(token(EC, "ES256")) is None
