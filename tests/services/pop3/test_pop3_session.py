"""POP3 conversations on real sockets, over the real stores."""

from __future__ import annotations

import asyncio
import poplib
import ssl
from pathlib import Path

import pytest
from lineroom import HOST, PASSWORD, Peer, Room, plain

from gatepost.model.connection import Door
from gatepost.model.mail import Draft
from gatepost.model.uidset import ALL_UIDS, UidSet
from gatepost.model.units import Duration
from gatepost.services.pop3.content import PIECE
from gatepost.services.pop3.options import Pop3Options
from gatepost.services.pop3.service import Pop3Service

FIRST = b"Subject: first\r\n\r\n.dot\r\nlast\r\n"
SECOND = b"Subject: second\r\n\r\n" + b"".join(b"line %d\r\n" % n for n in range(30_000))


async def signed_in(room: Room, port: int, name: str = "ada") -> Peer:
    peer = await room.peer(port)
    assert (await peer.line()).startswith(b"+OK")
    peer.write(b"USER %b@example.org\r\nPASS %b\r\n" % (name.encode(), PASSWORD.encode()))
    assert (await peer.line()).startswith(b"+OK")
    assert (await peer.line()).startswith(b"+OK")
    return peer


async def said(peer: Peer, command: bytes) -> bytes:
    peer.write(command + b"\r\n")
    return await peer.line()


async def test_pipelined_in_one_packet(room: Room, port: int) -> None:
    await room.put(FIRST)
    peer = await room.peer(
        port, b"CAPA\r\nUSER ada@example.org\r\nPASS " + PASSWORD.encode() + b"\r\nSTAT\r\nRETR 1\r\nQUIT\r\n"
    )
    answers = await peer.rest()
    assert b"STLS\r\n" in answers
    assert b"SASL SCRAM-SHA-256 PLAIN" in answers
    assert b"+OK 1 %d\r\n" % len(FIRST) in answers
    assert b"octets\r\nSubject: first\r\n\r\n..dot\r\nlast\r\n.\r\n" in answers
    assert answers.endswith(b"bye\r\n")


async def test_transactions(room: Room, port: int) -> None:
    await room.put(FIRST)
    await room.put(SECOND)
    peer = await signed_in(room, port)
    assert await said(peer, b"STAT") == b"+OK 2 %d\r\n" % (len(FIRST) + len(SECOND))
    assert await said(peer, b"LIST 2") == b"+OK 2 %d\r\n" % len(SECOND)
    unique = (await said(peer, b"UIDL 2")).split()[2]
    peer.write(b"LIST\r\nUIDL\r\n")
    assert (await peer.until(b"\r\n.\r\n")).endswith(b"1 %d\r\n2 %d\r\n.\r\n" % (len(FIRST), len(SECOND)))
    assert b"2 " + unique + b"\r\n.\r\n" in await peer.until(b"\r\n.\r\n")
    peer.write(b"RETR 2\r\n")
    assert await peer.until(b"\r\n.\r\n") == b"+OK %d octets\r\n" % len(SECOND) + SECOND + b".\r\n"
    peer.write(b"TOP 2 2\r\n")
    assert (await peer.until(b"\r\n.\r\n")).endswith(b"Subject: second\r\n\r\nline 0\r\nline 1\r\n.\r\n")
    peer.write(b"TOP 1 0\r\n")
    assert (await peer.until(b"\r\n.\r\n")).endswith(b"\r\nSubject: first\r\n\r\n.\r\n")
    assert (await said(peer, b"DELE 1")).startswith(b"+OK")
    for gone in (b"DELE 1", b"RETR 1", b"LIST 1", b"TOP 1 1", b"UIDL 1", b"RETR 0", b"RETR 3"):
        assert (await said(peer, gone)).startswith(b"-ERR")
    assert await said(peer, b"STAT") == b"+OK 1 %d\r\n" % len(SECOND)
    assert (await said(peer, b"RSET")).startswith(b"+OK")
    assert (await said(peer, b"STAT")).startswith(b"+OK 2 ")
    assert (await said(peer, b"DELE 1")).startswith(b"+OK")
    assert len(await room.inbox()) == 2
    assert (await said(peer, b"QUIT")).startswith(b"+OK 1 removed")
    assert await peer.rest() == b""
    assert await room.inbox() == [SECOND]
    again = await signed_in(room, port)
    assert (await said(again, b"UIDL 1")).split()[2] == unique


async def test_without_quit_nothing_is_removed(room: Room, port: int) -> None:
    await room.put(FIRST)
    peer = await signed_in(room, port)
    assert (await said(peer, b"DELE 1")).startswith(b"+OK")
    peer.end()
    assert await peer.rest() == b""
    assert await room.inbox() == [FIRST]
    assert (await said(await signed_in(room, port), b"STAT")).startswith(b"+OK 1 ")


async def test_one_session_a_maildrop(room: Room, port: int) -> None:
    first = await signed_in(room, port)
    second = await room.peer(port)
    await second.line()
    second.write(b"AUTH PLAIN " + plain("ada@example.org") + b"\r\n")
    assert (await second.line()).startswith(b"-ERR [IN-USE]")
    await signed_in(room, port, "bob")
    assert (await said(first, b"QUIT")).startswith(b"+OK")
    assert await first.rest() == b""
    second.write(b"AUTH PLAIN " + plain("ada@example.org") + b"\r\n")
    assert (await second.line()).startswith(b"+OK")


async def test_numbers_stay_while_others_remove(room: Room, port: int) -> None:
    await room.put(FIRST)
    await room.put(SECOND)
    peer = await signed_in(room, port)
    mail = room.mail()
    await mail.expunge((await mail.mailbox("INBOX")).id, ALL_UIDS, only_deleted=False)
    assert (await said(peer, b"LIST 2")).startswith(b"+OK 2 ")
    answer = await said(peer, b"RETR 2")
    if answer.startswith(b"+OK"):  # a store may keep removed octets for a while
        assert await peer.until(b"\r\n.\r\n") == SECOND + b".\r\n"
    assert (await said(peer, b"DELE 2")).startswith(b"+OK")
    assert (await said(peer, b"QUIT")).startswith(b"+OK")


async def test_wrong_passwords(room: Room, port: int) -> None:
    peer = await room.peer(port)
    await peer.line()
    assert (await said(peer, b"PASS x")).startswith(b"-ERR")
    assert (await said(peer, b"USER nobody@example.org")).startswith(b"+OK")
    assert await said(peer, b"PASS wrong") == b"-ERR [AUTH] Authentication failed\r\n"
    assert (await said(peer, b"PASS again")).startswith(b"-ERR USER first")
    assert await said(peer, b"AUTH PLAIN ?") == b"-ERR [AUTH] Authentication failed\r\n"
    assert await said(peer, b"AUTH PLAIN") == b"+ \r\n"
    assert (await said(peer, b"*")).startswith(b"-ERR Auth")
    assert await said(peer, b"AUTH PLAIN") == b"+ \r\n"
    assert await said(peer, plain("ada@example.org", "wrong")) == b"-ERR [AUTH] Authentication failed\r\n"
    assert (await said(peer, b"AUTH NTLM")).startswith(b"-ERR Unknown")
    assert (await said(peer, b"STAT")).startswith(b"-ERR Sign in")
    assert (await said(peer, b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"+OK")
    assert (await said(peer, b"USER ada@example.org")).startswith(b"-ERR Signed in")


async def test_stls(room: Room, port: int) -> None:
    peer = await room.peer(port)
    await peer.line()
    peer.write(b"USER ada@example.org\r\n")
    await peer.line()
    assert (await said(peer, b"STLS")).startswith(b"+OK")
    await peer.start_tls()
    assert (await said(peer, b"PASS " + PASSWORD.encode())).startswith(b"-ERR USER first")
    peer.write(b"CAPA\r\n")
    assert b"STLS" not in await peer.until(b"\r\n.\r\n")
    assert (await said(peer, b"STLS")).startswith(b"-ERR")
    assert (await said(peer, b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"+OK")


async def test_injected_plaintext_ends_it(room: Room, port: int) -> None:
    peer = await room.peer(port, b"STLS\r\nUSER ada@example.org\r\n")
    assert b"STLS" not in await peer.rest()
    assert "tls-injection" in room.abuses()


async def test_nonsense_ends_it(room: Room, port: int) -> None:
    peer = await room.peer(port, b"GET / HTTP/1.1\r\n" * 20)
    assert (await peer.rest()).endswith(b"-ERR Too many errors\r\n")
    assert room.abuses().count("bad-command") >= 8


async def test_poplib(room: Room, port: int) -> None:
    await room.put(FIRST)

    def talk() -> tuple[bytes, list[bytes]]:
        client = poplib.POP3("127.0.0.1", port, timeout=10)
        assert "UIDL" in client.capa()
        client.utf8()
        client.user("ada@example.org")
        client.pass_(PASSWORD)
        lines = client.retr(1)[1]
        client.dele(1)
        client.quit()
        return lines[0], lines

    first, lines = await asyncio.to_thread(talk)
    assert first == b"Subject: first"
    assert b"\r\n".join(lines) + b"\r\n" == FIRST
    assert await room.inbox() == []


@pytest.mark.parametrize("command", [b"STAT", b"LIST", b"RETR 1", b"DELE 1", b"NOOP", b"RSET", b"UIDL", b"TOP 1 1"])
async def test_nothing_before_sign_in(room: Room, port: int, command: bytes) -> None:
    peer = await room.peer(port)
    await peer.line()
    assert await said(peer, command) == b"-ERR Sign in first\r\n"


async def test_poplib_over_tls(room: Room, port: int) -> None:
    await room.put(FIRST)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def talk() -> tuple[int, int]:
        client = poplib.POP3("127.0.0.1", port, timeout=10)
        client.stls(context)
        client.user("ada@example.org")
        client.pass_(PASSWORD)
        counted = client.stat()
        client.quit()
        return counted

    assert await asyncio.to_thread(talk) == (1, len(FIRST))


async def test_pipelined_across_an_exchange(room: Room, port: int) -> None:
    """The responses of AUTH are lines like others; what follows them is a command again."""
    await room.put(FIRST)
    peer = await room.peer(
        port,
        b"AUTH PLAIN\r\n*\r\nAUTH PLAIN\r\n"
        + plain("ada@example.org")
        + b"\r\nLIST 1\r\nDELE 1\r\nRSET\r\nUIDL 1\r\nQUIT\r\n",
    )
    assert [line[:16] for line in (await peer.rest()).split(b"\r\n")[1:]] == [
        b"+ ",
        b"-ERR Authenticat",
        b"+ ",
        b"+OK 1 messages",
        b"+OK 1 %d" % len(FIRST),
        b"+OK Marked",
        b"+OK Done",
        b"+OK 1 %d" % (await room.mail().mailbox("INBOX")).uidvalidity,
        b"+OK 0 removed, b",
        b"",
    ]


async def test_dots_are_doubled_wherever_a_piece_ends(room: Room, port: int) -> None:
    """A line that begins with a dot, at each side of the border between two pieces that are read; lines of more than 512."""
    for before in range(PIECE - 4, PIECE + 3):
        head = b"Subject: dots\r\n\r\n"
        content = head + b"x" * (before - len(head) - 2) + b"\r\n.\r\n..\r\n.x\r\n" + b"y" * 3000 + b"\r\n.\r\n"
        await room.put(content)
    peer = await signed_in(room, port)
    for number, content in enumerate(await room.inbox(), 1):
        peer.write(b"RETR %d\r\n" % number)
        assert await peer.line() == b"+OK %d octets\r\n" % len(content)
        stuffed = await peer.until(b"\r\n.\r\n")
        lines = stuffed.split(b"\r\n")
        assert lines[-2:] == [b".", b""]
        assert b"\r\n".join(line.removeprefix(b".") for line in lines[:-2]) + b"\r\n" == content


async def test_another_client_may_change_everything_meanwhile(room: Room, port: int) -> None:
    """Never another message: what went is refused, what moved is the same octets, what came is not seen."""
    for number in range(5):
        await room.put(b"Subject: %d\r\n\r\n" % number)
    peer = await signed_in(room, port)
    mail = room.mail()
    inbox = await mail.mailbox("INBOX")
    await mail.expunge(inbox.id, UidSet.of([1]), only_deleted=False)
    await mail.rename_inbox("Kept")
    await room.put(b"Subject: new\r\n\r\n")
    assert await said(peer, b"STAT") == b"+OK 5 70\r\n"
    assert await said(peer, b"RETR 1") == b"-ERR The message is gone\r\n"
    assert await said(peer, b"TOP 1 0") == b"-ERR The message is gone\r\n"
    peer.write(b"RETR 2\r\n")
    assert (await peer.until(b"\r\n.\r\n")).endswith(b"Subject: 1\r\n\r\n.\r\n")
    for number in range(1, 6):
        assert (await said(peer, b"DELE %d" % number)).startswith(b"+OK")
    assert (await said(peer, b"QUIT")).startswith(b"+OK 0 removed")
    assert await room.inbox() == [b"Subject: new\r\n\r\n"]
    assert (await mail.mailbox("Kept")).messages == 4
    again = await signed_in(room, port)
    assert (await said(again, b"UIDL 1")).endswith(b".%d\r\n" % inbox.uidnext)


async def test_unique_ids_outlive_restore_and_are_never_given_again(room: Room, port: int, tmp_path: Path) -> None:
    await room.put(FIRST)
    mail = room.mail()
    account = room.directory.find("ada@example.org").id
    await room.store.upkeep.backup(account, tmp_path / "copy")
    await room.put(SECOND)
    peer = await signed_in(room, port)
    peer.write(b"UIDL\r\n")
    seen = (await peer.until(b"\r\n.\r\n")).split(b"\r\n")[1:3]
    peer.end()
    await peer.rest()
    await room.store.upkeep.restore(account, tmp_path / "copy")
    mail = room.store.open(account)
    await mail.append(Draft(b"Subject: third\r\n\r\n", ((await mail.mailbox("INBOX")).id,)))
    peer = await signed_in(room, port)
    peer.write(b"UIDL\r\n")
    first, third = (await peer.until(b"\r\n.\r\n")).split(b"\r\n")[1:3]
    assert first == seen[0]
    assert third[2:] not in {line[2:] for line in seen}


async def test_what_could_not_be_removed_is_owned_up_to(room: Room, port: int) -> None:
    await room.put(FIRST)
    peer = await signed_in(room, port)
    assert (await said(peer, b"DELE 1")).startswith(b"+OK")
    account = room.directory.find("ada@example.org").id
    await room.store.shelf(account).database.finish()
    assert await said(peer, b"QUIT") == b"-ERR [SYS/TEMP] None of the 1 messages could be removed\r\n"
    assert await peer.rest() == b""


async def test_a_timeout_removes_nothing(room: Room) -> None:
    service = Pop3Service(
        auth=room.auth,
        mailboxes=room.mailboxes,
        journal=room.journal,
        clock=room.clock,
        budget=room.budget,
        hostname=HOST,
        options=Pop3Options(idle_timeout=Duration(1.0)),
    )
    await room.put(FIRST)
    peer = await signed_in(room, await room.door(service, Door.POP3))
    assert (await said(peer, b"DELE 1")).startswith(b"+OK")
    assert await peer.rest() == b"-ERR Timeout\r\n"
    assert await room.inbox() == [FIRST]


NESTED = """\
Subject: Grüße\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Disposition: attachment; filename="ü"\r
\r
Körper\r
--b\r
Content-Type: multipart/signed; boundary=c\r
\r
--c\r
X-Signed: ü\r
\r
.\r
--c--\r
--b--\r
""".encode()
IN_ASCII = NESTED.replace("Grüße".encode(), b"=?utf-8?B?R3LDvMOfZQ==?=").replace(
    b' filename="\xc3\xbc"', b"\r\n filename*=utf-8''%C3%BC"
)


async def test_headers_are_ascii_for_those_who_did_not_ask_for_utf8(room: Room, port: int) -> None:
    await room.put(NESTED)
    await room.put(b"Subject: \xff" + b"x" * 300_000 + b"\r\n\r\nbody\r\n")
    peer = await signed_in(room, port)
    peer.write(b"RETR 1\r\n")
    answer = await peer.until(b"\r\n.\r\n")
    assert answer.partition(b"\r\n")[2] == IN_ASCII.replace(b"\n.\r\n", b"\n..\r\n") + b".\r\n"
    peer.write(b"TOP 1 3\r\n")
    answer = await peer.until(b"\r\n.\r\n")
    assert answer.partition(b"\r\n")[2] == b"".join(line + b"\r\n" for line in IN_ASCII.split(b"\r\n")[:6]) + b".\r\n"
    peer.write(b"TOP 2 0\r\n")
    assert (await peer.until(b"\r\n.\r\n")).endswith(b"Subject: ?" + b"x" * 300_000 + b"\r\n\r\n.\r\n")
    assert await said(peer, b"LIST 1") == b"+OK 1 %d\r\n" % len(NESTED)
    peer.write(b"QUIT\r\n")
    await peer.rest()
    peer = await room.peer(
        port, b"UTF8\r\nUSER ada@example.org\r\nPASS " + PASSWORD.encode() + b"\r\nRETR 1\r\nQUIT\r\n"
    )
    assert NESTED.replace(b"\n.\r\n", b"\n..\r\n") + b".\r\n" in await peer.rest()


@pytest.mark.parametrize("utf8", [b"UTF8", b"CAPA"])
async def test_a_message_of_nothing(room: Room, port: int, utf8: bytes) -> None:
    await room.put(b"")
    await room.put(b"\r\n.")
    peer = await room.peer(port)
    peer.write(utf8 + b"\r\nUSER ada@example.org\r\nPASS " + PASSWORD.encode() + b"\r\n")
    await peer.until(b"2 messages\r\n")
    peer.write(b"RETR 1\r\nTOP 1 1\r\nRETR 2\r\nQUIT\r\n")
    assert await peer.rest() == (
        b"+OK 0 octets\r\n.\r\n+OK The top follows\r\n.\r\n+OK 3 octets\r\n\r\n..\r\n.\r\n+OK 0 removed, bye\r\n"
    )
