"""A server that is asked to stop finishes what it promised and tells its clients; certificates change without one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from running import ADA, ADA_PASSWORD, Running

from gatepost.model.connection import Door
from gatepost.model.events import ConnectionClosed, Delivered, Failed
from gatepost.net.tls import make_self_signed

Start = Callable[..., Awaitable[Running]]
PEER = "127.0.11.1"


async def test_clients_are_told_and_a_message_under_way_is_finished(start: Start) -> None:
    running = await start()
    imap, imap_writer = await running.open(Door.IMAP, PEER)
    imap_writer.write(f'a LOGIN "{ADA}" "{ADA_PASSWORD}"\r\nb SELECT INBOX\r\nc IDLE\r\n'.encode())
    while not (await imap.readline()).startswith(b"+"):
        pass
    pop3, _ = await running.open(Door.POP3, PEER)
    await pop3.readline()
    smtp, smtp_writer = await running.open(Door.SMTP, PEER)
    smtp_writer.write(b"EHLO x\r\nMAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n")
    while not (await smtp.readline()).startswith(b"354"):
        pass
    smtp_writer.write(b"Subject: under way\r\n\r\nfirst half, ")
    assert running.server is not None
    stopping = asyncio.create_task(running.server.stop())
    assert b"BYE" in await imap.read()
    assert (await pop3.readline()).startswith(b"-ERR")
    smtp_writer.write(b"second half\r\n.\r\n")
    assert (await smtp.readline()).startswith(b"250 ")
    await stopping
    running.server = None
    assert len(running.of(Delivered)) == 1
    assert {event.why for event in running.of(ConnectionClosed)} == {"stopping"}  # type: ignore[attr-defined]


async def test_a_new_certificate_is_taken_without_a_restart(start: Start, tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    make_self_signed("first.example.org", certificate, key)
    running = await start(extra=f'---\n[tls]\ncertificate = "{certificate}"\nkey = "{key}"')
    assert running.server is not None

    async def name() -> str:
        context = ssl.create_default_context(cafile=str(certificate))
        _, writer = await asyncio.open_connection(
            "127.0.0.1", running.port(Door.IMAPS), ssl=context, server_hostname="localhost"
        )
        subject = writer.get_extra_info("peercert")["subject"]
        writer.transport.abort()
        await asyncio.sleep(0)
        return str(subject[0][0][1])

    assert await name() == "first.example.org"
    make_self_signed("second.example.org", certificate, key)
    running.server.reload()
    assert await name() == "second.example.org"
    certificate.write_text("not a certificate")
    running.server.reload()
    assert "cannot use" in running.of(Failed)[0].text  # type: ignore[attr-defined]
    make_self_signed("third.example.org", certificate, key)
    running.server.reload()
    assert await name() == "third.example.org"


@pytest.mark.parametrize("door", [Door.IMAPS, Door.HTTPS, Door.SUBMISSIONS])
async def test_a_ban_reaches_connections_in_the_handshake(start: Start, door: Door) -> None:
    running = await start()
    reader, _ = await running.open(door, PEER)
    assert running.server is not None
    async with asyncio.timeout(5):
        while not len(running.server.house.live):
            await asyncio.sleep(0.01)
    await running.call("ban.add", subject=PEER, seconds=60)
    async with asyncio.timeout(1):
        try:
            assert await reader.read() == b""
        except ConnectionError:
            pass
    async with asyncio.timeout(5):
        while len(running.server.house.live):  # its task hears of it after the peer does
            await asyncio.sleep(0.01)
