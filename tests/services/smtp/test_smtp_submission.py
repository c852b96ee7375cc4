"""Submission on real sockets, over the real stores: signing in, and sending as oneself only."""

from __future__ import annotations

import asyncio
import base64
import smtplib
import ssl

import aiosmtplib
import pytest
from lineroom import PASSWORD, Room, plain
from scramp import ScramClient
from smtproom import Client, Smtp

from gatepost.model.events import SignedIn, SignInFailed

MESSAGE = b"From: Ada <ada@example.org>\r\nSubject: hello\r\n\r\nbody\r\n.\r\n"


async def test_sending(smtp: Smtp, room: Room) -> None:
    client = await smtp.submission()
    await client.envelope(b"<ada@example.org>", b"<bob@example.org>")
    assert (await client.sends(MESSAGE)).startswith(b"250 2.0.0")
    (kept,) = await room.inbox("bob")
    assert b"with ESMTPA id" in kept
    assert b"\r\nMessage-ID: <" in kept
    await client.envelope(b"<ada@example.org>", b"<bob@example.org>")
    assert (await client.sends(MESSAGE.replace(b"<ada@", b"<bob@"))).startswith(b"550 5.7.1")


async def test_only_ones_own_addresses_and_only_local_ones(smtp: Smtp, room: Room) -> None:
    client = await smtp.submission()
    for sender in (b"<bob@example.org>", b"<>", b"<x@elsewhere.example>"):
        assert (await client.says(b"MAIL FROM:" + sender)).startswith(b"553 5.7.1")
    assert (await client.says(b"MAIL FROM:<ada@example.org>")).startswith(b"250")
    assert (await client.says(b"RCPT TO:<x@elsewhere.example>")).startswith(b"550 5.7.1")
    assert (await client.says(b"RCPT TO:<nobody@example.org>")).startswith(b"550 5.1.1")
    assert room.abuses() == []


async def test_nothing_before_sign_in(smtp: Smtp) -> None:
    client = await smtp.submission(sign_in=False)
    assert (await client.says(b"MAIL FROM:<ada@example.org>")).startswith(b"530 5.7.0")
    assert b"250 AUTH SCRAM-SHA-256 PLAIN LOGIN" in await client.says(b"EHLO x")
    assert (await client.chunk(b"NOOP")).startswith(b"503")


async def test_ways_to_sign_in(smtp: Smtp) -> None:
    client = await smtp.submission(sign_in=False)
    assert await client.says(b"AUTH LOGIN") == b"334 VXNlcm5hbWU6\r\n"
    assert await client.says(base64.b64encode(b"ada@example.org")) == b"334 UGFzc3dvcmQ6\r\n"
    assert (await client.says(base64.b64encode(PASSWORD.encode()))).startswith(b"235 2.7.0")
    assert (await client.says(b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"503 5.5.1")
    offered = await client.says(b"EHLO x")
    assert b"AUTH" not in offered
    assert b"STARTTLS" not in offered
    assert (await client.says(b"STARTTLS")).startswith(b"503 5.5.1")
    client = await smtp.submission(sign_in=False)
    assert await client.says(b"auth plain") == b"334 \r\n"
    assert (await client.says(plain("ADA"))).startswith(b"235 2.7.0")


async def test_scram(smtp: Smtp) -> None:
    client = await smtp.submission(sign_in=False)
    scram = ScramClient(["SCRAM-SHA-256"], "ada@example.org", PASSWORD)
    first = base64.b64encode(scram.get_client_first().encode())
    challenge = await client.says(b"AUTH SCRAM-SHA-256 " + first)
    scram.set_server_first(base64.b64decode(challenge[4:]).decode())
    final = await client.says(base64.b64encode(scram.get_client_final().encode()))
    scram.set_server_final(base64.b64decode(final[4:]).decode())
    assert (await client.says(b"")).startswith(b"235 2.7.0")


async def test_wrong_ones_are_counted(smtp: Smtp, room: Room) -> None:
    client = await smtp.submission(sign_in=False)
    assert (await client.says(b"AUTH PLAIN " + plain("ada@example.org", "wrong"))).startswith(b"535 5.7.8")
    assert (await client.says(b"AUTH PLAIN " + plain("nobody@example.org", "wrong"))).startswith(b"535 5.7.8")
    assert (await client.says(b"AUTH PLAIN not*base64")).startswith(b"501 5.5.2")
    assert (await client.says(b"AUTH PLAIN")).startswith(b"334")
    assert (await client.says(b"A" * 20_000)).startswith(b"501 5.5.2")
    assert len([event for event in room.events if isinstance(event, SignInFailed)]) == 4
    assert (await client.says(b"AUTH PLAIN")).startswith(b"334")
    assert (await client.says(b"*")).startswith(b"501 5.7.0")
    assert (await client.says(b"AUTH NTLM")).startswith(b"504 5.5.4")
    assert len([event for event in room.events if isinstance(event, SignInFailed)]) == 4
    assert (await client.says(b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"235")
    assert [event.login for event in room.events if isinstance(event, SignedIn)] == ["ada@example.org"]


async def test_no_sign_in_in_the_midst_of_things(smtp: Smtp) -> None:
    client = await smtp.mx(sign_in=True)
    assert (await client.says(b"MAIL FROM:<>")).startswith(b"250")
    assert (await client.says(b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"503 5.5.1")
    assert (await client.says(b"HELO x")).startswith(b"250")
    assert (await client.says(b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"503 5.5.1")
    assert b"AUTH SCRAM-SHA-256" in await client.says(b"EHLO x")
    assert (await client.says(b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"235")
    assert (await client.says(b"MAIL FROM:<bob@example.org>")).startswith(b"553 5.7.1")


@pytest.mark.parametrize("early", [b"", b"AUTH PLAIN " + plain("ada@example.org") + b"\r\n"])
async def test_a_clock_for_those_who_never_sign_in(smtp: Smtp, room: Room, early: bytes) -> None:
    client = Client(await room.peer(await smtp.port("submission", sign_in_timeout=0.3)))
    await client.reply()
    assert (await client.says(b"EHLO x")).startswith(b"250")
    if early:
        assert (await client.says(early[:-2])).startswith(b"235")
        await asyncio.wait_for(client.says(b"NOOP"), 5)
    else:
        assert (await client.peer.rest()).startswith(b"421 4.4.2")


async def test_smtplib(smtp: Smtp, room: Room) -> None:
    port = await smtp.port("submission")

    def talk() -> None:
        with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=10) as client:
            client.login("ada@example.org", PASSWORD)
            client.sendmail("ada@example.org", ["bob@example.org"], "From: ada@example.org\nSubject: x\n\nx\n")

    await asyncio.to_thread(talk)
    assert len(await room.inbox("bob")) == 1


async def test_smtplib_over_tls(smtp: Smtp, room: Room) -> None:
    port = await smtp.port("submission")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def talk() -> None:
        with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=10) as client:
            client.starttls(context=context)
            client.login("ada@example.org", PASSWORD)
            client.sendmail("ada@example.org", ["bob@example.org"], "From: ada@example.org\nSubject: x\n\nx\n")

    await asyncio.to_thread(talk)
    assert b"with ESMTPSA id" in (await room.inbox("bob"))[0]


async def test_aiosmtplib_in_one_go(smtp: Smtp, room: Room) -> None:
    port = await smtp.port("submission")
    for number in range(3):
        await aiosmtplib.send(
            f"From: ada@example.org\nSubject: {number}\n\n.\n",
            sender="ada@example.org",
            recipients=["bob@example.org", "ada@example.org"],
            hostname="127.0.0.1",
            port=port,
            username="ada@example.org",
            password=PASSWORD,
            start_tls=True,
            validate_certs=False,
        )
    assert len(await room.inbox("bob")) == len(await room.inbox()) == 3
