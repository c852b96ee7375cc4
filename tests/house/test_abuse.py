"""Abuse that is no wrong password, over real sockets: who keeps on is banned and told why, the innocent are not."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from running import ADA, GRACE_PASSWORD, Running

from gatepost.cli.knock import Answer
from gatepost.model.connection import Door
from gatepost.model.events import Abuse, Banned, ConnectionClosed, ConnectionsRefused

Start = Callable[..., Awaitable[Running]]
FULL = 'policy = "full"'
BAD, GOOD = "127.0.20.1", "127.0.20.2"


async def say(running: Running, door: Door, source: str, *pieces: bytes, wait: bool = True) -> bytes:
    """Sends each piece once an answer to the one before has come; everything that was answered until the end or silence."""
    text = b""
    try:
        reader, writer = await running.open(door, source)
    except OSError:
        return text
    try:
        if wait:
            text += await reader.read(4096)
        for piece in pieces:
            writer.write(piece)
            async with asyncio.timeout(10):
                text += await reader.read(65536)
    except OSError:
        pass
    finally:
        writer.transport.abort()
    return text


async def until(found: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not found():
            await asyncio.sleep(0.01)


def kinds(running: Running, source: str) -> set[str]:
    return {event.kind for event in running.of(Abuse) if event.client == source}  # type: ignore[attr-defined]


async def banned_for(running: Running, kind: str, source: str = BAD) -> None:
    """There is one ban, of this source, for this kind, and it holds at every door."""
    await until(lambda: running.of(Banned))
    [ban] = running.of(Banned)
    assert (ban.network, ban.by) == (source, "guard")  # type: ignore[attr-defined]
    assert ban.evidence.reason.startswith(f"abuse: {kind} (")  # type: ignore[attr-defined]
    assert ban.evidence.doors  # type: ignore[attr-defined]
    for door in Door:
        assert await running.dropped(door, source), door
    assert not await running.dropped(Door.IMAP, GOOD)


# -- HTTP ----------------------------------------------------------------------------------------------------------
async def ask_for(running: Running, source: str, path: str) -> bytes:
    return await say(running, Door.HTTP, source, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), wait=False)


async def test_scanners_are_banned_and_mail_programs_are_not(start: Start) -> None:
    running = await start(FULL)
    for _ in range(30):
        for path in ("/autodiscover/autodiscover.json?Email=ada", "/mail/config-v1.1.xml", "/favicon.ico", "/"):
            assert await ask_for(running, GOOD, path)
    assert kinds(running, GOOD) == set()
    for number in range(14):
        await ask_for(running, BAD, f"/wp-login.php?{number}")
    await banned_for(running, "scanner-path")


async def test_a_dry_run_notes_the_ban_and_serves(start: Start) -> None:
    running = await start(FULL + "\nenforce = false")
    for _ in range(20):
        assert b" 404 " in await ask_for(running, BAD, "/.env")
    [ban] = running.of(Banned)
    assert not ban.enforced  # type: ignore[attr-defined]


async def test_the_allow_list_may_do_what_it_likes(start: Start) -> None:
    running = await start(FULL + f'\nallow = ["{BAD}"]')
    for _ in range(40):
        assert b" 404 " in await ask_for(running, BAD, "/.env")
    assert running.of(Banned) == []


# -- SMTP ----------------------------------------------------------------------------------------------------------
async def offer(running: Running, source: str, recipients: list[str], message: bool = False) -> bytes:
    """Names each recipient, in one conversation; with `message` also delivers one to Ada for each."""
    pieces = [b"EHLO there.example.net\r\n"]
    for recipient in recipients:
        pieces.append(f"MAIL FROM:<news@example.net>\r\nRCPT TO:<{recipient}>\r\n".encode())
        pieces += [b"DATA\r\n", b"Subject: x\r\n\r\nx\r\n.\r\n"] if message else [b"RSET\r\n"]
    return await say(running, Door.SMTP, source, *pieces)


async def test_harvesters_are_banned_and_a_mail_server_with_dead_addresses_is_not(start: Start) -> None:
    running = await start(FULL)
    for _ in range(3):
        assert (await offer(running, GOOD, [ADA] * 15, message=True)).count(b" Taken as ") == 15
    for round_ in range(5):
        await offer(running, GOOD, [f"left{round_}-{number}@example.org" for number in range(20)])
    assert kinds(running, GOOD) == {"no-such-recipient"}
    assert running.of(Banned) == []
    for round_ in range(8):
        await offer(running, BAD, [f"guess{round_}-{number}@example.org" for number in range(20)])
    await banned_for(running, "no-such-recipient")


async def test_relay_seekers(start: Start) -> None:
    running = await start(FULL)
    for round_ in range(3):
        await offer(running, BAD, [f"user{round_}-{number}@elsewhere.example" for number in range(10)])
    await banned_for(running, "relay-attempt")


async def test_early_talkers(start: Start) -> None:
    running = await start(FULL, '---\n[smtp]\ngreeting_delay = "200ms"\n')
    await asyncio.gather(*(say(running, Door.SMTP, BAD, b"EHLO x\r\n", wait=False) for _ in range(14)))
    await banned_for(running, "early-talker")


# -- the sign-in doors -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("door", "command", "kind"),
    [
        (Door.IMAP, b"a SELECT INBOX\r\n", "out-of-turn"),
        (Door.POP3, b"RETR 1\r\n", "out-of-turn"),
        (Door.MANAGESIEVE, b"LISTSCRIPTS\r\n", "out-of-turn"),
        (Door.IMAP, b"GET / HTTP/1.1\r\n", "bad-command"),
        (Door.SUBMISSION, b"\x16\x03\x01 nonsense\r\n", "bad-command"),
    ],
)
async def test_nonsense_before_the_sign_in(start: Start, door: Door, command: bytes, kind: str) -> None:
    running = await start(FULL)
    for _ in range(20):
        await say(running, door, BAD, *[command] * 5)
    await banned_for(running, kind)


async def test_what_is_sent_along_with_a_sign_in_that_fails_is_no_abuse(start: Start) -> None:
    running = await start(FULL)
    await running.sign_in(GOOD, GRACE_PASSWORD, login="grace@example.org")
    for _ in range(20):
        await say(running, Door.IMAP, GOOD, f'a LOGIN "{ADA}" "old"\r\nb SELECT INBOX\r\nc IDLE\r\nd NOOP\r\n'.encode())
        await say(running, Door.POP3, GOOD, f"USER {ADA}\r\nPASS old\r\nSTAT\r\nLIST\r\nUIDL\r\n".encode())
    assert running.of(Abuse) == []
    assert running.of(Banned) == []


async def test_a_mail_program_without_authentication_is_no_abuser(start: Start) -> None:
    running = await start(FULL)
    for _ in range(60):
        await say(running, Door.SUBMISSION, GOOD, b"EHLO [192.168.1.2]\r\n", b"MAIL FROM:<ada@example.org>\r\n")
    assert running.of(Abuse) == []


async def test_loiterers_are_banned_and_health_checkers_are_not(start: Start) -> None:
    running = await start(FULL, '---\n[imap]\nlogin_timeout = "300ms"\n')
    for _ in range(100):
        _, writer = await running.open(Door.IMAP, GOOD)
        writer.transport.abort()
        await say(running, Door.POP3, GOOD, b"QUIT\r\n")
        await say(running, Door.IMAP, GOOD, b"a CAPABILITY\r\n")  # and gone, as a phone that found another network
    await until(lambda: len(running.of(ConnectionClosed)) >= 300)
    assert running.of(Abuse) == []

    async def loiter() -> None:
        with contextlib.suppress(OSError):
            reader, _ = await running.open(Door.IMAP, BAD)
            while await reader.read(4096):
                pass

    await asyncio.gather(*(loiter() for _ in range(50)))
    await banned_for(running, "loitering")


async def test_who_tried_to_sign_in_does_not_loiter(start: Start) -> None:
    running = await start(FULL, '---\n[imap]\nlogin_timeout = "300ms"\n')

    async def try_and_stay() -> None:
        reader, writer = await running.open(Door.IMAP, GOOD)
        writer.write(f'a LOGIN "{ADA}" "yesterdays-password"\r\n'.encode())
        while await reader.read(4096):
            pass

    await asyncio.gather(*(try_and_stay() for _ in range(4)))
    await until(lambda: len(running.of(ConnectionClosed)) >= 4)
    assert running.of(Abuse) == []


# -- TLS -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("door", [Door.IMAPS, Door.HTTPS])
async def test_what_is_no_tls_at_a_tls_door(start: Start, door: Door) -> None:
    running = await start(FULL)
    for _ in range(31):
        await say(running, door, BAD, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", wait=False)
    await banned_for(running, "tls-garbage")


async def test_what_is_no_tls_after_starttls(start: Start) -> None:
    running = await start(FULL)
    for _ in range(31):
        await say(running, Door.SUBMISSION, BAD, b"EHLO x\r\n", b"STARTTLS\r\n", b"EHLO this is no handshake\r\n")
    await banned_for(running, "tls-garbage")


async def test_a_client_that_distrusts_the_certificate_is_no_abuser(start: Start) -> None:
    running = await start(FULL)
    old = ssl.create_default_context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    for context in (ssl.create_default_context(), old):
        for door in (Door.IMAPS, Door.SUBMISSIONS, Door.HTTPS):
            for _ in range(10):
                with pytest.raises(ssl.SSLCertVerificationError):
                    await asyncio.open_connection(
                        "127.0.0.1", running.port(door), ssl=context, server_hostname="x", local_addr=(GOOD, 0)
                    )
    for _ in range(20):  # a port that is looked at and left again
        _, writer = await running.open(Door.IMAPS, GOOD)
        writer.transport.abort()
    assert running.of(Abuse) == []
    assert not await running.dropped(Door.IMAP, GOOD)


# -- crowds -----------------------------------------------------------------------------------------------------------
CROWDED = FULL + "\n[guard.abuse]\ntoo_many_connections = 10.0\ntoo_many_connections_free = 0"


async def _with_few_connections(start: Start) -> Running:
    running = await start(CROWDED)
    assert running.server is not None
    acceptor = running.server.acceptor
    acceptor._limits = msgspec.structs.replace(acceptor._limits, connections_per_source=3)
    return running


async def _crowd(running: Running, source: str) -> None:
    for _ in range(6):
        with contextlib.suppress(OSError):
            await running.open(Door.IMAP, source)
    await until(lambda: running.of(ConnectionsRefused))


async def test_crowds_are_banned(start: Start) -> None:
    running = await _with_few_connections(start)
    await _crowd(running, BAD)
    await banned_for(running, "too-many-connections")


async def test_an_office_that_comes_back_all_at_once_is_not(start: Start) -> None:
    running = await _with_few_connections(start)
    assert await running.sign_in(GOOD, GRACE_PASSWORD, login="grace@example.org") is Answer.GRANTED
    await _crowd(running, GOOD)
    await until(lambda: running.of(Abuse))
    assert kinds(running, GOOD) == {"too-many-connections"}
    assert running.of(Banned) == []
