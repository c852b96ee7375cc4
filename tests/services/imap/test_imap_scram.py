"""AUTHENTICATE SCRAM-SHA-256 and -PLUS (RFC 7677, RFC 5802) against scramp's client."""

from __future__ import annotations

import ssl
from base64 import b64decode, b64encode

import pytest
import trustme
from conftest import ADA, PASSWORD
from scramp import ScramClient

from gatepost.net.tls import endpoint_binding

PLAIN, PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"


async def authenticate(peer, client: ScramClient, mechanism: str = PLAIN, initial: bool = True) -> bytes:
    """The tagged answer."""
    first = b64encode(client.get_client_first().encode())
    if initial:
        await peer.send(b"t AUTHENTICATE %b %b\r\n" % (mechanism.encode(), first))
    else:
        await peer.send(b"t AUTHENTICATE %b\r\n" % mechanism.encode())
        assert await peer.line() == b"+ "
        await peer.send(first + b"\r\n")
    line = await peer.line()
    if not line.startswith(b"+ "):
        return line
    client.set_server_first(b64decode(line[2:]).decode())
    await peer.send(b64encode(client.get_client_final().encode()) + b"\r\n")
    line = await peer.line()
    if not line.startswith(b"+ "):
        return line
    client.set_server_final(b64decode(line[2:]).decode())  # the server proves that it knows the password
    await peer.send(b"\r\n")
    return await peer.line()


@pytest.mark.parametrize("initial", [True, False], ids=["initial-response", "no-initial-response"])
async def test_scram(rooms, initial):
    peer = await rooms.connect()
    answer = await authenticate(peer, ScramClient([PLAIN], ADA, PASSWORD), initial=initial)
    assert answer.startswith(b"t OK [CAPABILITY ")
    assert answer.endswith(b"] Signed in")


@pytest.mark.parametrize("login", [ADA, "nobody@example.org"])
async def test_a_wrong_proof(rooms, login):
    peer = await rooms.connect()
    answer = await authenticate(peer, ScramClient([PLAIN], login, "difference-engine"))
    assert answer == b"t NO [AUTHENTICATIONFAILED] Authentication failed"


@pytest.fixture(scope="module")
def certificate():
    issued = trustme.CA().issue_cert("mail.example.org")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    context.gatepost_endpoint_binding = endpoint_binding(issued.cert_chain_pems[0].bytes())
    return context


async def over_tls(rooms, certificate):
    peer = await rooms.connect(tls=lambda: certificate)
    await peer.ask("STARTTLS")
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    await peer.writer.start_tls(trusting)
    return peer


def client(mechanism: str, binding: bytes) -> ScramClient:
    return ScramClient([mechanism], ADA, PASSWORD, channel_binding=("tls-server-end-point", binding))


async def test_plus_is_offered_over_tls_only(rooms, certificate):
    plain = await rooms.connect(tls=lambda: certificate)
    assert b"-PLUS" not in (await plain.ask("CAPABILITY"))[0]
    bound = client(PLUS, certificate.gatepost_endpoint_binding)
    assert (await authenticate(plain, bound, PLUS)).startswith(b"t NO ")
    secure = await over_tls(rooms, certificate)
    assert b" AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 " in (await secure.ask("CAPABILITY"))[0]


async def test_plus_with_our_certificate(rooms, certificate):
    peer = await over_tls(rooms, certificate)
    answer = await authenticate(peer, client(PLUS, certificate.gatepost_endpoint_binding), PLUS)
    assert answer.startswith(b"t OK [CAPABILITY ")


async def test_plus_with_the_certificate_of_somebody_in_between(rooms, certificate):
    peer = await over_tls(rooms, certificate)
    answer = await authenticate(peer, client(PLUS, b"\1" * 32), PLUS)
    assert answer == b"t NO [AUTHENTICATIONFAILED] Authentication failed"


async def test_a_client_that_was_not_shown_plus_is_refused(rooms, certificate):
    """RFC 5802 §6: it could bind, it says (`y`), but we seemed not to."""
    peer = await over_tls(rooms, certificate)
    answer = await authenticate(peer, client(PLAIN, certificate.gatepost_endpoint_binding))
    assert answer == b"t NO [AUTHENTICATIONFAILED] Authentication failed"


async def test_a_client_that_cannot_bind_signs_in_over_tls(rooms, certificate):
    peer = await over_tls(rooms, certificate)
    assert (await authenticate(peer, ScramClient([PLAIN], ADA, PASSWORD))).startswith(b"t OK ")


async def test_a_client_that_can_bind_signs_in_without_tls(rooms):
    peer = await rooms.connect()
    assert (await authenticate(peer, client(PLAIN, b"\1" * 32))).startswith(b"t OK ")
