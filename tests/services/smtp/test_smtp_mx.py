"""The MX on real sockets, over the real stores: receiving, refusing, and never being smuggled through."""

from __future__ import annotations

import asyncio
import itertools
import smtplib

from lineroom import Room
from smtproom import Client, Smtp

from gatepost.model.events import Abuse

MESSAGE = b"Subject: hello\r\n\r\n.dot\r\n"
STUFFED = b"Subject: hello\r\n\r\n..dot\r\n.\r\n"


async def test_what_ehlo_offers(smtp: Smtp) -> None:
    client = await smtp.mx()
    offer = await client.says(b"EHLO again.example")
    assert offer == (
        b"250-mail.example.org\r\n250-PIPELINING\r\n250-SIZE 200000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
        b"250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250 STARTTLS\r\n"
    )
    assert await client.says(b"HELO again.example") == b"250 mail.example.org\r\n"


async def test_a_message_is_kept_as_it_came(smtp: Smtp, room: Room) -> None:
    client = await smtp.mx()
    await client.envelope()
    assert (await client.sends(STUFFED)).startswith(b"250 2.0.0 Taken as ")
    (kept,) = await room.inbox()
    assert kept.endswith(b"\r\n" + MESSAGE)
    assert b"Return-Path: <x@elsewhere.example>" in kept
    assert b"with ESMTP id" in kept
    await client.envelope()
    assert (await client.chunk(b"Subject: b")).startswith(b"250 2.0.0 10 octets")
    assert (await client.chunk(b"\r\n\r\nx\r\n", last=True)).startswith(b"250 2.0.0 Taken")
    assert (await room.inbox())[1].endswith(b"Subject: b\r\n\r\nx\r\n")
    assert await client.says(b"QUIT") == b"221 2.0.0 Bye\r\n"
    assert await client.peer.rest() == b""


async def test_pipelined_in_one_packet(smtp: Smtp, room: Room) -> None:
    port = await smtp.port("mx")
    peer = await room.peer(port)
    await peer.line()
    peer.write(
        b"EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<ada@example.org>\r\nRCPT TO:<nobody@example.org>\r\n"
        b"RCPT TO:<Postmaster>\r\nRCPT TO:<x@elsewhere.example>\r\nDATA\r\n" + STUFFED + b"QUIT\r\n"
    )
    codes = [line[:9] for line in (await peer.rest()).split(b"\r\n") if line[3:4] == b" "]
    assert codes == [
        b"250 START",
        b"250 2.1.0",
        b"250 2.1.5",
        b"550 5.1.1",
        b"550 5.1.1",
        b"550 5.7.1",
        b"354 Go ah",
        b"250 2.0.0",
        b"221 2.0.0",
    ]
    assert sorted(room.abuses()) == ["no-such-recipient", "no-such-recipient", "relay-attempt"]
    assert len(await room.inbox()) == 1


ENDS = [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\n", b"\r\0\n"]
FALSE_ENDS = [a + b"." + b for a, b in itertools.product(ENDS, ENDS) if (a, b) != (b"\r\n", b"\r\n")]


async def test_the_smuggling_matrix(smtp: Smtp, room: Room) -> None:
    """After each false end comes a second message, as an attacker would put it. None of it is taken for commands, the whole is
    refused once, at the true end, and the conversation goes on."""
    client = await smtp.mx(max_errors=1000)
    for fake in FALSE_ENDS:
        if b"\r\n.\r\n" in fake:
            continue
        await client.envelope()
        answer = await client.sends(
            b"Subject: a\r\n\r\nbody" + fake + b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<bob@example.org>\r\n"
            b"DATA\r\nSubject: evil\r\n\r\nevil\r\n.\r\n"
        )
        assert answer == b"554 5.6.0 The message has a CR or LF outside CRLF (RFC 5321 section 2.3.8)\r\n", fake
        assert await client.says(b"NOOP") == b"250 2.0.0 Ok\r\n", fake
    assert await room.inbox() == []
    assert await room.inbox("bob") == []


async def test_a_bare_line_end_in_chunks_is_refused_too(smtp: Smtp, room: Room) -> None:
    client = await smtp.mx()
    await client.envelope()
    assert (await client.chunk(b"a\nb\r", last=True)).startswith(b"554 5.6.0")
    assert await room.inbox() == []


async def test_too_large_is_said_at_the_true_end(smtp: Smtp, room: Room) -> None:
    client = await smtp.mx()
    assert (await client.says(b"MAIL FROM:<> SIZE=200001")).startswith(b"552 5.3.4")
    await client.envelope()
    assert (await client.sends(b"x" * 300_000 + b"\r\n.\r\n")).startswith(b"552 5.3.4")
    assert room.budget.held == 0
    await client.envelope()
    assert (await client.chunk(b"NOOP\r\n" * 50_000)).startswith(b"552 5.3.4")
    assert (await client.chunk(b"NOOP\r\n", last=True)).startswith(b"503 5.5.1")
    await client.envelope()
    assert (await client.sends(b"x" * 199_000 + b"\r\n.\r\n")).startswith(b"250")
    assert room.budget.held == 0
    assert await room.inbox() != []


async def test_the_common_budget_is_kept(smtp: Smtp, room: Room) -> None:
    room.budget.limit = 200_000
    first, second = await smtp.mx(), await smtp.mx()
    await first.envelope()
    await second.envelope()
    assert (await first.chunk(b"x" * 100_000)).startswith(b"250")
    assert (await second.sends(b"x" * 100_000 + b"\r\n.\r\n")).startswith(b"452 4.3.1")
    assert (await first.says(b"RSET")).startswith(b"250")
    await second.envelope()
    assert (await second.sends(b"x" * 100_000 + b"\r\n.\r\n")).startswith(b"250")


ORDER = [
    (b"MAIL FROM:<a@b.example>", b"503 5.5.1", b""),
    (b"RCPT TO:<ada@example.org>", b"503 5.5.1", b"EHLO x"),
    (b"DATA", b"503 5.5.1", b"EHLO x"),
    (b"BDAT 6\r\nNOOP", b"503 5.5.1", b"EHLO x"),
    (b"DATA", b"554 5.5.1", b"EHLO x\r\nMAIL FROM:<>"),
    (b"BDAT 6 LAST\r\nNOOP", b"554 5.5.1", b"EHLO x\r\nMAIL FROM:<>"),
    (b"MAIL FROM:<>", b"503 5.5.1", b"EHLO x\r\nMAIL FROM:<>"),
    (b"DATA", b"503 5.5.1", b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ada@example.org>\r\nBDAT 1\r\na"),
    (b"RCPT TO:<\xc3\xa4@example.org>", b"553 5.6.7", b"EHLO x\r\nMAIL FROM:<>"),
    (b"MAIL FROM:<\xc3\xa4@example.org>", b"550 5.6.7", b"EHLO x"),
    (b"AUTH PLAIN", b"502 5.5.1", b"EHLO x"),
    (b"VRFY ada", b"252 2.0.0", b""),
    (b"EXPN all", b"502 5.5.1", b""),
    (b"HELP", b"214 2.0.0", b""),
    (b"FOO", b"500 5.5.1", b""),
    (b"NO\nOP", b"501 5.5.2", b""),
    (b"NOOP " + b"x" * 5000, b"500 5.5.2", b""),
    (b"MAIL FROM:<> RET=HDRS", b"555 5.5.4", b"EHLO x"),
    (b"RCPT TO:<a b@example.org>", b"501 5.1.3", b"EHLO x\r\nMAIL FROM:<>"),
]


async def test_order_and_faults(smtp: Smtp, room: Room) -> None:
    port = await smtp.port("mx")
    for command, answer, before in ORDER:
        client = Client(await room.peer(port))
        await client.reply()
        for line in before.split(b"\r\n") if before else ():
            client.peer.write(line + (b"" if line == b"a" else b"\r\n"))
            if not line.startswith(b"BDAT"):
                assert (await client.reply()).startswith(b"250"), line
        got = await client.says(command)
        assert got.startswith(answer), (command, got)
        assert (await client.says(b"NOOP")).startswith(b"250"), command


async def test_limits_end_the_conversation(smtp: Smtp, room: Room) -> None:
    client = await smtp.mx(max_errors=5)
    for _ in range(4):
        assert (await client.says(b"FOO")).startswith(b"500")
    client.peer.write(b"FOO\r\n")
    assert (await client.peer.rest()).endswith(b"421 4.7.0 Too many errors\r\n")
    assert room.abuses() == ["bad-command"] * 3
    client = await smtp.mx(max_errors=5)
    await client.envelope()
    for _ in range(24):
        assert (await client.says(b"RCPT TO:<nobody@example.org>")).startswith(b"550 5.1.1")
    client.peer.write(b"RCPT TO:<nobody@example.org>\r\n")
    assert (await client.peer.rest()).endswith(b"421 4.7.0 Too many errors\r\n")
    client = await smtp.mx(max_fruitless=5)
    client.peer.write(b"NOOP\r\n" * 9)
    assert (await client.peer.rest()).endswith(b"421 4.7.0 Too many commands without mail\r\n")
    client = await smtp.mx()
    assert (await client.says(b"MAIL FROM:<>")).startswith(b"250")
    for _ in range(99):
        client.peer.write(b"RCPT TO:<ada@example.org>\r\n")
    for _ in range(99):
        assert (await client.reply()).startswith(b"250")


async def test_guessing_at_the_mx_is_refused_and_no_abuse(smtp: Smtp, room: Room) -> None:
    client = await smtp.mx()
    for _ in range(5):
        assert (await client.says(b"AUTH PLAIN AGFkYQB4")).startswith(b"502 5.5.1")
    assert room.abuses() == []  # no sign-in is abuse, whatever becomes of it


async def test_too_many_recipients(smtp: Smtp, room: Room) -> None:
    await room.directory.add_alias("all@example.org", "ada@example.org")
    client = await smtp.mx()
    assert (await client.says(b"MAIL FROM:<>")).startswith(b"250")
    for number in range(100):
        assert (await client.says(b"RCPT TO:<ada+%d@example.org>" % number)).startswith(b"250")
    assert (await client.says(b"RCPT TO:<ada+101@example.org>")).startswith(b"452 4.5.3")
    assert (await client.sends(STUFFED)).startswith(b"250")
    assert len(await room.inbox()) == 1


async def test_a_broken_bdat_ends_the_conversation(smtp: Smtp) -> None:
    client = await smtp.mx()
    client.peer.write(b"BDAT ten\r\nMAIL FROM:<evil@example.org>\r\n")
    assert await client.peer.rest() == b"501 5.5.4 Syntax error in the arguments\r\n"


async def test_early_talkers(smtp: Smtp, room: Room) -> None:
    peer = await room.peer(await smtp.port("mx", greeting_delay=5.0), b"EHLO early.example\r\nQUIT\r\n")
    assert (await peer.rest()).endswith(b"221 2.0.0 Bye\r\n")
    assert room.abuses() == ["early-talker"]
    peer = await room.peer(await smtp.port("mx", greeting_delay=5.0, early_talkers="refuse"), b"EHLO early.example\r\n")
    assert await peer.rest() == b"554 5.5.1 You talked before the greeting\r\n"


async def test_starttls_forgets(smtp: Smtp, room: Room) -> None:
    client = await smtp.mx()
    await client.envelope()
    assert (await client.says(b"STARTTLS")).startswith(b"220 2.0.0")
    await client.peer.start_tls()
    assert (await client.says(b"MAIL FROM:<>")).startswith(b"503 5.5.1")
    assert b"STARTTLS" not in await client.says(b"EHLO client.example")
    assert (await client.says(b"STARTTLS")).startswith(b"503 5.5.1")
    assert (await client.says(b"RCPT TO:<ada@example.org>")).startswith(b"503")
    await client.envelope()
    assert (await client.sends(STUFFED)).startswith(b"250")
    assert b"with ESMTPS id" in (await room.inbox())[0]


async def test_injected_plaintext_ends_it(smtp: Smtp, room: Room) -> None:
    client = await smtp.mx()
    client.peer.write(b"STARTTLS\r\nMAIL FROM:<evil@example.org>\r\n")
    assert await client.peer.rest() == b""
    assert room.abuses() == ["tls-injection"]


async def test_a_stopping_server_finishes_the_message(smtp: Smtp, room: Room) -> None:
    client, idle = await smtp.mx(), await smtp.mx()
    await client.envelope()
    assert (await client.says(b"DATA")).startswith(b"354")
    client.peer.write(b"Subject: x\r\n")
    for live in room.live:
        live.stop()
    assert await idle.peer.rest() == b"421 4.3.2 mail.example.org Shutting down\r\n"
    client.peer.write(b"\r\nbody\r\n.\r\n")
    assert (await client.reply()).startswith(b"250 2.0.0")
    assert await client.peer.rest() == b"421 4.3.2 mail.example.org Shutting down\r\n"
    assert len(await room.inbox()) == 1


async def test_a_message_cut_short_is_not_kept(smtp: Smtp, room: Room) -> None:
    client = await smtp.mx()
    await client.envelope()
    assert (await client.says(b"DATA")).startswith(b"354")
    client.peer.write(b"Subject: x\r\n\r\nbody\r\n.")
    client.peer.end()
    assert await client.peer.rest() == b""
    assert await room.inbox() == []
    assert room.budget.held == 0


async def test_clocks(smtp: Smtp) -> None:
    client = await smtp.mx(idle_timeout=0.2)
    assert await client.peer.rest() == b"421 4.4.2 mail.example.org Timeout\r\n"
    client = await smtp.mx(message_timeout=0.2)
    await client.envelope()
    assert (await client.says(b"DATA")).startswith(b"354")
    assert await client.peer.rest() == b"421 4.4.2 mail.example.org Timeout\r\n"


async def test_a_script_that_rejects(smtp: Smtp, room: Room) -> None:
    await room.scripts.put(room.account(), "no", b'require "reject"; reject "Not today.\r\nSorry.";')
    await room.mail().activate_script("no")
    client = await smtp.mx()
    await client.envelope()
    assert await client.sends(STUFFED) == b"550-5.7.1 Not today.\r\n550 5.7.1 Sorry.\r\n"
    assert await room.inbox() == []


async def test_quirk_a_space_after_the_colon(smtp: Smtp) -> None:
    client = await smtp.mx()
    assert (await client.says(b"MAIL FROM: <x@elsewhere.example>")).startswith(b"250")
    assert (await client.says(b"RCPT TO: <ada@example.org>")).startswith(b"250")
    client = await smtp.mx(strict_paths=True)
    assert (await client.says(b"MAIL FROM: <x@elsewhere.example>")).startswith(b"501 5.1.7")


async def test_smtputf8(smtp: Smtp, room: Room) -> None:
    client = await smtp.mx()
    assert (await client.says("MAIL FROM:<ä@bücher.example> SMTPUTF8".encode())).startswith(b"250")
    assert (await client.says("RCPT TO:<ö@example.org>".encode())).startswith(b"550 5.1.1")
    assert (await client.says(b"RCPT TO:<ada@example.org>")).startswith(b"250")
    assert (await client.sends(STUFFED)).startswith(b"250")
    assert b"with UTF8SMTP id" in (await room.inbox())[0]


async def test_smtplib(smtp: Smtp, room: Room) -> None:
    port = await smtp.port("mx")

    def talk() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=10) as client:
            return client.sendmail(
                "x@elsewhere.example", ["ada@example.org", "no@example.org"], "Subject: x\n\n.\n..\nx\n"
            )

    refused = await asyncio.to_thread(talk)
    assert refused == {"no@example.org": (550, b"5.1.1 No such recipient here")}
    assert (await room.inbox())[0].endswith(b"Subject: x\r\n\r\n.\r\n..\r\nx\r\n")


async def test_what_a_banned_peer_sent_before_is_not_taken(smtp: Smtp, room: Room) -> None:
    """Law 3: the ban comes while a whole transaction lies in the buffer; nothing of it is answered or kept."""

    def ban(event: object) -> None:
        if isinstance(event, Abuse):
            for live in room.live:
                live.abort("banned")

    room.journal.add(ban)
    client = await smtp.mx()
    client.peer.write(
        b"MAIL FROM:<>\r\nRCPT TO:<nobody@example.org>\r\nRCPT TO:<ada@example.org>\r\nBDAT 4 LAST\r\nx\r\n\r\nQUIT\r\n"
    )
    assert await client.peer.rest() == b""
    await room.lines.finish(5.0)
    assert await room.inbox() == []
