"""Every SASL mechanism at every line protocol, over real sockets."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from running import ADA, ADA_PASSWORD, GRACE, Running
from saslpeer import DOORS, TLS_DOORS, failed, sasl_peer, succeeded

from gatepost.model.account import Credentials
from gatepost.model.connection import Door
from gatepost.model.events import SignInFailed

Start = Callable[..., Awaitable[Running]]
WITH_SHA1 = "---\n[auth]\nscram_sha1 = true\n"
at_every_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.value)


def plain(login: str, password: str) -> bytes:
    return f"\0{login}\0{password}".encode()


@at_every_door
async def test_plain_and_login(start: Start, door: Door) -> None:
    running = await start()
    for initial in (True, False):
        peer = await sasl_peer(running, door)
        await peer.begin()
        heard = await peer.ask("PLAIN", plain(ADA, ADA_PASSWORD) if initial else None)
        assert succeeded(heard if initial else await peer.answer(plain(ADA, ADA_PASSWORD)))
        await peer.leave()
    peer = await sasl_peer(running, door)
    await peer.begin()
    assert await peer.ask("LOGIN") == b"Username:"
    assert await peer.answer(ADA.encode()) == b"Password:"
    assert succeeded(await peer.answer(ADA_PASSWORD.encode()))


@at_every_door
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
async def test_scram(start: Start, door: Door, mechanism: str) -> None:
    running = await start(extra=WITH_SHA1)
    peer = await sasl_peer(running, door)
    offered = await peer.begin()
    assert mechanism in offered
    assert "-PLUS" not in offered
    assert succeeded(await peer.scram(mechanism, ADA, ADA_PASSWORD))
    for login in (ADA, "nobody@example.org"):
        peer = await sasl_peer(running, door)
        await peer.begin()
        assert failed(await peer.scram(mechanism, login, "difference-engine"))
    assert len(running.of(SignInFailed)) == 2


@pytest.mark.parametrize("door", TLS_DOORS, ids=lambda door: door.value)
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
async def test_scram_bound_to_tls(start: Start, door: Door, mechanism: str) -> None:
    running = await start(extra=WITH_SHA1)
    peer = await sasl_peer(running, door)
    assert mechanism in await peer.begin()
    assert succeeded(await peer.scram(mechanism, ADA, ADA_PASSWORD, peer.binding))
    peer = await sasl_peer(running, door)
    await peer.begin()
    assert failed(await peer.scram(mechanism, ADA, ADA_PASSWORD, b"of another server's certificate!"))


async def test_a_client_that_was_shown_no_binding_where_one_is_offered_is_refused(start: Start) -> None:
    """RFC 5802 §6: `y` says that somebody took -PLUS out of the list."""
    running = await start(extra=WITH_SHA1)
    peer = await sasl_peer(running, Door.IMAPS)
    await peer.begin()
    heard = await peer.ask("SCRAM-SHA-1", b"y,,n=ada@example.org,r=abcdefgh")
    assert isinstance(heard, str)
    assert failed(heard)


@at_every_door
async def test_scram_sha_1_is_off_until_it_is_turned_on(start: Start, door: Door) -> None:
    running = await start()
    peer = await sasl_peer(running, door)
    assert "SCRAM-SHA-1" not in (await peer.begin()).replace("SCRAM-SHA-256", "").split()
    assert not succeeded(await peer.scram("SCRAM-SHA-1", ADA, ADA_PASSWORD))
    assert len(running.of(SignInFailed)) == 1  # a payload for what is not here is a guess like any other


async def test_missing_keys_come_with_the_next_plain_sign_in(start: Start) -> None:
    """An account with SHA-256 keys only, and one imported as a hash: both can't be told from nobody, until they sign in."""
    running = await start(extra=WITH_SHA1)
    assert running.server is not None
    house = running.server.house
    ada = house.directory.find(ADA)
    owned = house.directory.credentials(ada.id)
    assert {keys.mechanism for keys in owned.scram} == {"SCRAM-SHA-1", "SCRAM-SHA-256"}
    sha256 = tuple(keys for keys in owned.scram if keys.mechanism == "SCRAM-SHA-256")
    for left in (sha256, ()):
        await house.directory.set_credentials(ada.id, Credentials(owned.password, left))
        house.remembered.forget(ada.id)
        peer = await sasl_peer(running, Door.IMAP)
        await peer.begin()
        first = await peer.ask("SCRAM-SHA-1", f"n,,n={ADA},r=abcdefgh".encode())
        assert isinstance(first, bytes)
        assert first.endswith(b",i=10000")
        peer = await sasl_peer(running, Door.IMAP)
        await peer.begin()
        assert succeeded(await peer.ask("PLAIN", plain(ADA, ADA_PASSWORD)))
        made = house.directory.credentials(ada.id).scram
        assert {keys.mechanism for keys in made} == {"SCRAM-SHA-1", "SCRAM-SHA-256"}
        assert set(left) <= set(made)
        peer = await sasl_peer(running, Door.IMAP)
        await peer.begin()
        assert succeeded(await peer.scram("SCRAM-SHA-1", ADA, ADA_PASSWORD))


async def _app_password(running: Running) -> str:
    made = await running.call("app-password.add", email=ADA, name="phone")
    assert isinstance(made, dict)
    return str(made["password"])


def message(mechanism: str, token: str, login: str = ADA) -> bytes:
    if mechanism == "XOAUTH2":
        return f"user={login}\x01auth=Bearer {token}\x01\x01".encode()
    named = f"a={login.replace('=', '=3D').replace(',', '=2C')}" if login else ""
    return f"n,{named},\x01host=mail.example.org\x01port=993\x01auth=Bearer {token}\x01\x01".encode()


@at_every_door
@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
async def test_bearers_and_the_error_challenge(start: Start, door: Door, mechanism: str) -> None:
    """RFC 7628 §3.2.2, §3.2.3: an error as a challenge, a dummy response, then the failure; counted once."""
    running = await start()
    token = await _app_password(running)
    for login in (ADA, "") if mechanism == "OAUTHBEARER" else (ADA,):
        peer = await sasl_peer(running, door)
        assert mechanism in await peer.begin()
        assert succeeded(await peer.ask(mechanism, message(mechanism, token, login)))
        await peer.leave()
    wrong = [
        message(mechanism, "made-up"),
        message(mechanism, token, GRACE),  # right, but not hers
        message(mechanism, ADA_PASSWORD),  # a password is no token
        b"nothing of the kind",
    ]
    for number, response in enumerate(wrong):
        peer = await sasl_peer(running, door)
        await peer.begin()
        assert await peer.ask(mechanism) == b""
        error = await peer.answer(response)
        assert isinstance(error, bytes)
        status = json.loads(error)["status"]
        if mechanism == "XOAUTH2":
            assert status == ("401" if number < 3 else "400")
        else:
            assert status == ("invalid_token" if number < 3 else "invalid_request")
        assert failed(await peer.answer(b"\x01" if mechanism == "OAUTHBEARER" else b""))
        assert len(running.of(SignInFailed)) == number + 1
    assert succeeded(await peer.ask(mechanism, message(mechanism, token)))  # the connection goes on


KEY = ECKey.generate_key("P-256", {"kid": "k1"})
WITH_OAUTH = f"""---
[oauth]
issuer = "https://id.example.org"
audience = "mail"
scope = "mail"
configuration = "https://id.example.org/.well-known/openid-configuration"
keys = '''{json.dumps({"keys": [KEY.as_dict(private=False)]})}'''
"""


def access_token(login: str = ADA, lasts: float = 600) -> str:
    claims = {
        "iss": "https://id.example.org",
        "aud": "mail",
        "scope": "mail",
        "email": login,
        "exp": time.time() + lasts,
    }
    return jwt.encode({"alg": "ES256", "kid": "k1"}, claims, KEY, algorithms=["ES256"], default_type="at+jwt")


@at_every_door
async def test_access_tokens(start: Start, door: Door) -> None:
    """Law 1: an expired token, a made-up one and one for somebody else count like any wrong password."""
    running = await start(extra=WITH_OAUTH)
    for mechanism in ("OAUTHBEARER", "XOAUTH2"):
        peer = await sasl_peer(running, door)
        await peer.begin()
        assert succeeded(await peer.ask(mechanism, message(mechanism, access_token())))
        await peer.leave()
    wrong = [
        message("OAUTHBEARER", access_token(lasts=-60)),
        message("OAUTHBEARER", access_token()[:-8]),
        message("OAUTHBEARER", access_token(), GRACE),
        message("OAUTHBEARER", access_token("nobody@example.org"), ""),
    ]
    for number, response in enumerate(wrong):
        peer = await sasl_peer(running, door)
        await peer.begin()
        error = await peer.ask("OAUTHBEARER", response)
        assert isinstance(error, bytes)
        assert json.loads(error) == {
            "status": "invalid_token",
            "scope": "mail",
            "openid-configuration": "https://id.example.org/.well-known/openid-configuration",
        }
        assert failed(await peer.answer(b"\x01"))
        assert len(running.of(SignInFailed)) == number + 1


async def test_access_tokens_over_http(start: Start) -> None:
    running = await start(extra=WITH_OAUTH)
    for token, status in ((access_token(), 200), (access_token(lasts=-60), 401), ("made.up.token", 401)):
        reader, writer = await running.open(Door.HTTP, "127.0.0.1")
        writer.write(f"GET /jmap/session HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        async with asyncio.timeout(20):
            assert (await reader.readline()).startswith(f"HTTP/1.1 {status} ".encode())
    assert len(running.of(SignInFailed)) == 2


async def test_expired_tokens_fill_the_limit(start: Start) -> None:
    running = await start(extra=WITH_OAUTH)
    for number in range(10):
        peer = await sasl_peer(running, Door.IMAP, "127.0.1.7")
        await peer.begin()
        if number == 9:  # the last is not answered any more
            with pytest.raises(asyncio.IncompleteReadError):
                await peer.ask("OAUTHBEARER", message("OAUTHBEARER", access_token(lasts=-60)))
            break
        await peer.ask("OAUTHBEARER", message("OAUTHBEARER", access_token(lasts=-60)))
    assert await running.dropped(Door.IMAP, "127.0.1.7")
