"""The SASL messages: what clients send, what is malformed, and SCRAM against its own client."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scramp import ScramClient, ScramMechanism

from gatepost.model.account import ScramKeys
from gatepost.proto.sasl import (
    BearerError,
    ScramConversation,
    ScramFailed,
    read_login_pair,
    read_oauthbearer,
    read_plain,
    read_xoauth2,
)


def test_plain() -> None:
    given_ = read_plain(b"\0ada\0pass word")
    assert given_ is not None
    assert (given_.login, given_.secret.reveal(), given_.authorize) == ("ada", b"pass word", "")
    assert repr(given_.secret) == "***"
    other = read_plain("ünïcode\0ada\0pässword".encode())
    assert other is not None
    assert other.authorize == "ünïcode"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\0\0",
        b"ada\0pass",
        b"\0ada\0",
        b"\0\0pass",
        b"\0a\0b\0c",
        b"\0\xff\0x",
        b"\0a\nb\0x",
        b"\0a\0" + b"x" * 20000,
    ],
)
def test_plain_malformed(message: bytes) -> None:
    assert read_plain(message) is None


def test_login_pair() -> None:
    given_ = read_login_pair(b"ada\0", b"secret")
    assert given_ is not None
    assert given_.login == "ada"
    assert read_login_pair(b"", b"x") is None
    assert read_login_pair(b"ada", b"") is None


def test_oauthbearer_and_its_predecessor() -> None:
    new = read_oauthbearer(b"n,a=ada=2Cx=3D@example.org,\x01host=h\x01port=993\x01auth=Bearer tok-en\x01\x01")
    assert new is not None
    assert (new.login, new.token.reveal()) == ("ada,x=@example.org", b"tok-en")
    nobody = read_oauthbearer(b"y,,\x01auth=bearer tok-en\x01other=is ignored\x01\x01")
    assert nobody is not None
    assert nobody.login == ""
    old = read_xoauth2(b"user=ada@example.org\x01auth=bearer tok-en\x01\x01")
    assert old is not None
    assert old.login == "ada@example.org"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x01",
        b"n,,",
        b"n,,\x01\x01",
        b"n,,\x01auth=Bearer t",
        b"n,,\x01auth=Bearer t\x01",
        b"n,,\x01auth=Bearer \x01\x01",
        b"n,,\x01auth=Basic t\x01\x01",
        b"n,,\x01auth=Bearer t\x01auth=Bearer u\x01\x01",
        b"n,,\x01auth=Bearer t\x01port=0143\x01\x01",
        b"n,,\x01auth=Bearer t\x01k3y=x\x01\x01",
        b"n,,\x01auth=Bearer t\0\x01\x01",
        b"n,,x\x01auth=Bearer t\x01\x01",
        b"n,a=,\x01auth=Bearer t\x01\x01",
        b"n,ada,\x01auth=Bearer t\x01\x01",
        b"n,a=ada=40x,\x01auth=Bearer t\x01\x01",
        b"n,a=\xff,\x01auth=Bearer t\x01\x01",
        b"p=tls-unique,,\x01auth=Bearer t\x01\x01",
        b"n,,\x01auth=Bearer " + b"t" * 10_000 + b"\x01\x01",
    ],
)
def test_what_is_no_oauthbearer(message: bytes) -> None:
    assert read_oauthbearer(message) is None


def test_what_a_client_is_told_whose_token_was_not_taken() -> None:
    assert BearerError("invalid_token").encode() == b'{"status":"invalid_token"}'
    full = BearerError("invalid_token", "mail", "https://id.example/.well-known/openid-configuration")
    assert json.loads(full.encode()) == {
        "status": "invalid_token",
        "scope": "mail",
        "openid-configuration": "https://id.example/.well-known/openid-configuration",
    }


@given(st.binary(max_size=200))
def test_no_message_raises(message: bytes) -> None:
    read_plain(message)
    read_login_pair(message, message)
    read_oauthbearer(message)
    read_xoauth2(message)


def keys(password: str) -> ScramKeys:
    salt, stored, server, iterations = ScramMechanism("SCRAM-SHA-256").make_auth_info(password)
    return ScramKeys("SCRAM-SHA-256", salt, stored, server, iterations)


def test_scram_proves_the_password_and_the_server() -> None:
    made = keys("pencil")
    client = ScramClient(["SCRAM-SHA-256"], "ada", "pencil")
    server = ScramConversation("SCRAM-SHA-256", lambda login: made, "nonce")
    client.set_server_first(server.first(client.get_client_first().encode()).decode())
    client.set_server_final(server.final(client.get_client_final().encode()).decode())
    assert server.login == "ada"


def test_scram_tells_wrong_from_malformed() -> None:
    made = keys("pencil")
    client = ScramClient(["SCRAM-SHA-256"], "ada", "crayon")
    server = ScramConversation("SCRAM-SHA-256", lambda login: made, "nonce")
    client.set_server_first(server.first(client.get_client_first().encode()).decode())
    with pytest.raises(ScramFailed) as wrong:
        server.final(client.get_client_final().encode())
    assert not wrong.value.malformed
    for message in (b"", b"\xff", b"n,,n=ada", b"x" * 9000):
        with pytest.raises(ScramFailed) as failed:
            ScramConversation("SCRAM-SHA-256", lambda login: made, "nonce").first(message)
        assert failed.value.malformed


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_scram_never_raises_anything_else(first: bytes, final: bytes) -> None:
    server = ScramConversation("SCRAM-SHA-256", lambda login: ScramKeys("", b"s" * 16, b"k" * 32, b"v" * 32, 4096), "n")
    try:
        server.first(first)
        server.final(final)
    except ScramFailed:
        return
