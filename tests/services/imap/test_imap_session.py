"""The session: TLS, strangers' budgets, the guard's answers, and what changes under a client's feet."""

from __future__ import annotations

import asyncio
import ssl
import zlib

import pytest
import trustme
from conftest import ADA, PASSWORD

from gatepost.model.events import Abuse
from gatepost.model.mail import MailboxUpdate
from gatepost.model.uidset import UidSet


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.example.org").configure_cert(context)
    return context


async def test_start_tls(rooms, authority, certificate):
    peer = await rooms.connect(greeted=False, tls=lambda: certificate, client="192.0.2.7")
    greeting = await peer.line()
    assert b" STARTTLS LOGINDISABLED " in greeting
    assert b"AUTH=" not in greeting
    assert (await peer.ask(f"LOGIN {ADA} {PASSWORD}"))[-1].startswith(b"t NO [PRIVACYREQUIRED] ")
    assert (await peer.ask("AUTHENTICATE PLAIN AAA="))[-1].startswith(b"t NO [PRIVACYREQUIRED] ")
    assert await peer.ask("STARTTLS") == [b"t OK Begin TLS now"]
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    await peer.writer.start_tls(trusting, server_hostname="mail.example.org")
    [capability, _] = await peer.ask("CAPABILITY")
    assert b"STARTTLS" not in capability
    assert b"LOGINDISABLED" not in capability
    assert (await peer.ask("STARTTLS"))[-1] == b"t BAD TLS is not available"
    assert b" OK " in (await peer.ask(f"LOGIN {ADA} {PASSWORD}"))[-1]


async def test_plaintext_injected_behind_start_tls_ends_the_connection(rooms, certificate):
    peer = await rooms.connect(tls=lambda: certificate)
    await peer.send(b"a STARTTLS\r\nb LOGIN ada@example.org x\r\n")
    assert await peer.reader.read() in (b"", b"a OK Begin TLS now\r\n")
    assert [event.kind for event in rooms.events if isinstance(event, Abuse)] == ["tls-injection"]


async def test_strangers_have_little_patience_shown(rooms):
    peer = await rooms.connect()
    await peer.send(b"GET / HTTP/1.1\r\n" * 9)
    answer = await peer.reader.read()
    assert answer.count(b" BAD ") == 5
    assert answer.endswith(b"* BYE Enough of this\r\n")
    assert [event.kind for event in rooms.events if isinstance(event, Abuse)] == ["bad-command"] * 3  # two are free


async def test_a_huge_literal_before_login_costs_nothing(rooms):
    peer = await rooms.connect()
    await peer.send(b"a LOGIN {200000000+}\r\n")
    assert await peer.reader.read() == b"* BYE [TOOBIG] Literal too large\r\n"


async def test_a_closed_account_is_told_to_try_later(rooms):
    """A client that is told "wrong" throws its saved password away."""
    for number in range(30):
        peer = await rooms.connect()
        answer = (await peer.ask(f"LOGIN {ADA} guess-{number}"))[-1]
        if not answer.startswith(b"t NO [AUTHENTICATIONFAILED]"):
            break
    assert answer.startswith(b"t NO [UNAVAILABLE] ") or answer == b""


async def test_idle_hears_of_deliveries_and_flags(rooms):
    ada = await rooms.ada("SELECT INBOX")
    await ada.send(b"i IDLE\r\n")
    assert await ada.line() == b"+ idling"
    await rooms.deliver(b"Subject: x\r\n\r\n")
    assert [await ada.line(), await ada.line()] == [b"* 1 EXISTS", b"* 1 RECENT"]
    inbox = (await rooms.mail.mailbox("INBOX")).id
    await rooms.mail.expunge(inbox, UidSet([(1, 1)]), only_deleted=False)
    assert await ada.line() == b"* 1 EXPUNGE"
    await ada.send(b"DONE\r\n")
    assert await ada.line() == b"i OK IDLE done"


async def test_what_is_not_done_ends_idle(rooms):
    ada = await rooms.ada()
    await ada.send(b"i IDLE\r\n")
    await ada.line()
    await ada.send(b"NOOP\r\n")
    assert await ada.line() == b"i BAD [CLIENTBUG] Expected DONE"


async def test_compression(rooms):
    ada = await rooms.ada()
    assert (await ada.ask("COMPRESS LZ4"))[-1] == b"t NO [CANNOT] That mechanism is not offered"
    assert await ada.ask("COMPRESS DEFLATE") == [b"t OK Compressed from here on"]
    deflate, inflate = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
    command = b"a COMPRESS DEFLATE\r\nb CAPABILITY\r\nc LOGOUT\r\n"
    await ada.send(deflate.compress(command) + deflate.flush(zlib.Z_SYNC_FLUSH))
    answer = inflate.decompress(await ada.reader.read())
    assert answer.startswith(b"a NO [COMPRESSIONACTIVE] Compressed already\r\n* CAPABILITY ")
    assert b"COMPRESS=" not in answer
    assert answer.endswith(b"c OK LOGOUT done\r\n")


class Packed:
    """A client whose octets are compressed."""

    def __init__(self, peer):
        self._peer = peer
        self._deflate, self._inflate = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
        self._heard = b""

    async def say(self, octets, cut):
        await self._peer.send(self._deflate.compress(octets) + self._deflate.flush(zlib.Z_SYNC_FLUSH), cut)

    async def hear(self, end):
        while not self._heard.endswith(end):
            async with asyncio.timeout(20):
                self._heard += self._inflate.decompress(await self._peer.reader.read(1 << 16))
        heard, self._heard = self._heard, b""
        return heard.splitlines()


@pytest.mark.parametrize("cut", [0, 1, 7])
async def test_a_compressed_dialogue(rooms, cut):
    """Literals that wait, IDLE and what others do, all of it compressed (RFC 4978)."""
    ada = await rooms.ada("COMPRESS DEFLATE")
    packed = Packed(ada)
    await packed.say(b"a SELECT INBOX\r\nb APPEND INBOX {8}\r\n", cut)
    await packed.hear(b"+ OK\r\n")
    await packed.say(b"a: b\r\n\r\n {10+}\r\nc: d\r\n\r\nxy\r\nc FETCH 1:2 BODY.PEEK[TEXT]\r\n", cut)
    heard = await packed.hear(b"c OK FETCH done\r\n")
    assert heard[:2] == [b"* 2 EXISTS", b"* 2 RECENT"]
    assert heard[3:] == [b"* 1 FETCH (BODY[TEXT] {0}", b")", b"* 2 FETCH (BODY[TEXT] {2}", b"xy)", b"c OK FETCH done"]
    await packed.say(b"d IDLE\r\n", cut)
    await packed.hear(b"+ idling\r\n")
    await rooms.deliver(b"e: f\r\n\r\n")
    assert await packed.hear(b"3 RECENT\r\n") == [b"* 3 EXISTS", b"* 3 RECENT"]
    await packed.say(b"DONE\r\ne NONSENSE\r\nf NOOP\r\n", cut)
    assert await packed.hear(b"f OK NOOP done\r\n") == [b"d OK IDLE done", b"e BAD Unknown command", b"f OK NOOP done"]


async def test_a_stopping_server_takes_its_leave(rooms):
    ada = await rooms.ada("SELECT INBOX")
    await ada.send(b"i IDLE\r\n")
    await ada.line()
    ada.wire.stopping = True
    ada.wire.wake()
    assert await ada.reader.read() == b""
    assert rooms.service.farewell("stopping") == b"* BYE [UNAVAILABLE] The server is stopping\r\n"


async def test_a_renamed_mailbox_stays_selected(rooms):
    ada = await rooms.ada("CREATE Old", "SELECT Old")
    old = await rooms.mail.mailbox("Old")
    await rooms.mail.update_mailbox(old.id, MailboxUpdate(name="New"))
    await rooms.deliver(b"Subject: x\r\n\r\n", "New")
    assert await ada.ask("NOOP") == [b"* 1 EXISTS", b"* 1 RECENT", b"t OK NOOP done"]


async def test_renaming_inbox_moves_its_messages(rooms):
    await rooms.deliver(b"Subject: x\r\n\r\n")
    ada = await rooms.ada("SELECT INBOX", "RENAME INBOX Before")
    assert (await ada.ask("STATUS Before (MESSAGES)"))[0] == b"* STATUS Before (MESSAGES 1)"
    assert (await ada.ask("STATUS INBOX (MESSAGES)"))[0] == b"* STATUS INBOX (MESSAGES 0)"


async def test_select_with_qresync(rooms):
    await rooms.deliver(b"Subject: x\r\n\r\n", count=5)
    ada = await rooms.ada("SELECT INBOX")
    inbox = await rooms.mail.mailbox("INBOX")
    await rooms.mail.expunge(inbox.id, UidSet([(2, 2), (4, 4)]), only_deleted=False)
    assert (await ada.ask(f"SELECT INBOX (QRESYNC ({inbox.uidvalidity} {inbox.modseq}))"))[-1].startswith(b"t BAD ")
    await ada.ask("ENABLE QRESYNC")
    lines = await ada.ask(f"SELECT INBOX (QRESYNC ({inbox.uidvalidity} {inbox.modseq} 1:5))")
    assert b"* VANISHED (EARLIER) 2,4" in lines
    lines = await ada.ask(f"SELECT INBOX (QRESYNC ({inbox.uidvalidity} {inbox.modseq} 1:3))")
    assert b"* VANISHED (EARLIER) 2" in lines
    lines = await ada.ask(f"SELECT INBOX (QRESYNC ({inbox.uidvalidity} {inbox.modseq} 1:5 (1:2 1,3)))")
    assert b"* VANISHED (EARLIER) 4" in lines
    lines = await ada.ask(f"SELECT INBOX (QRESYNC ({inbox.uidvalidity + 1} {inbox.modseq}))")
    assert not any(line.startswith(b"* VANISHED") for line in lines)
    lines = await ada.ask(f"SELECT INBOX (QRESYNC ({inbox.uidvalidity} 1))")
    assert sum(b"FETCH (UID " in line for line in lines) == 3


async def test_a_client_that_does_not_read_is_not_read_from(rooms):
    """Answers wait for the peer; memory does not grow with what it asks."""
    await rooms.deliver(b"Subject: big\r\n\r\n" + b"x" * 1_000_000)
    ada = await rooms.ada("SELECT INBOX")
    ada.reader._transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(40):
        ada.writer.write(b"t FETCH 1 BODY.PEEK[]\r\n")
    for _ in range(200):
        await asyncio.sleep(0)
    assert ada.wire._transport.get_write_buffer_size() < 2_000_000  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("SEARCH CHARSET KOI8-R TEXT x", b"t NO [BADCHARSET (US-ASCII UTF-8 "),
        ("STORE 1 +FLAGS (\\Recent)", b"t NO [CANNOT] "),
        ("APPEND INBOX {0+}\r\n", b"t NO An empty message"),
        ("APPEND INBOX UTF8 (~{1+}\r\nx)", b"t BAD [CLIENTBUG] UTF8=ACCEPT was not enabled"),
        ("UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)", b"t BAD [CLIENTBUG] QRESYNC was not enabled"),
        ("FETCH 2 FLAGS", b"t BAD [CLIENTBUG] There is no message of that number"),
        ("UID FETCH 900:* UID", b"t OK FETCH done"),
        ("UID EXPUNGE 1:*", b"t OK EXPUNGE done"),
        ("UID COPY 99 Trash", b"t OK There was nothing to do"),
        ("CREATE \"a\x01b\"", b"t NO [CANNOT] "),
        ("CREATE &&&", b"t NO [CANNOT] "),
        ("GETQUOTA nope", b"t NO [NONEXISTENT] "),
    ],
)  # fmt: skip
async def test_refusals(rooms, command, answer):
    await rooms.deliver(b"Subject: x\r\n\r\n")
    ada = await rooms.ada("SELECT INBOX")
    assert (await ada.ask(command))[-1].startswith(answer)
