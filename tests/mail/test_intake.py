"""The one way in for messages: trace fields, redirects, refusals among several recipients, loops, and a half-way failure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lineroom import Room

from gatepost.mail.intake import MAX_HOPS, MailLoop
from gatepost.mail.submission import without_bcc
from gatepost.model.address import parse_address
from gatepost.model.connection import Connection, Door
from gatepost.model.envelope import Envelope
from gatepost.model.errors import MessageRefused, MessageTooLarge, NotYourAddress, OverQuota
from gatepost.model.events import Delivered, DeliveryFailed, ScriptTrouble
from gatepost.model.mail import Draft
from gatepost.model.uidset import ALL_UIDS

PEER = parse_address("192.0.2.9")
CONNECTION = Connection("c1", Door.SMTP, PEER, 40000, PEER, parse_address("192.0.2.1"), 25)
LETTER = b"From: a@elsewhere.example\r\nSubject: hello\r\n\r\nbody\r\n"
ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(tmp_path)
    await made.prepare()
    yield made
    await made.close()


async def script(room: Room, name: str, text: str) -> None:
    mail = room.mail(name)
    await room.scripts.put(room.account(name), "active", text.encode())
    await mail.activate_script("active")


async def inbox(room: Room, name: str) -> list[bytes]:
    mail = room.mail(name)
    box = await mail.mailbox("INBOX")
    ids = [entry.email for entry in await mail.entries(box.id, ALL_UIDS)]
    return [await mail.read_blob(email.blob) for email in await mail.emails(ids)]


async def take(room: Room, *recipients: str, content: bytes = LETTER, sender: str = "a@elsewhere.example") -> None:
    await room.intake.take(CONNECTION, Envelope(sender, recipients, helo="there.example"), content)


async def test_trace_fields_are_added_and_the_octets_kept(room: Room) -> None:
    await take(room, ADA)
    [stored] = await inbox(room, "ada")
    head, _, rest = stored.partition(b"From: a@")
    assert stored.endswith(LETTER)
    assert head.startswith(b"Return-Path: <a@elsewhere.example>\r\nReceived: from there.example ([192.0.2.9])\r\n\tby ")
    assert b"for <ada@example.org>" in head
    assert rest


async def test_an_envelope_cannot_add_header_lines(room: Room) -> None:
    await room.intake.take(CONNECTION, Envelope("a@b.example", (ADA,), helo="x\r\nX-Evil: yes\n\tz"), LETTER)
    [stored] = await inbox(room, "ada")
    assert b"\nX-Evil" not in stored


async def test_several_recipients_are_not_told_of_each_other(room: Room) -> None:
    await take(room, ADA, BOB)
    for name in ("ada", "bob"):
        [stored] = await inbox(room, name)
        assert b"for <" not in stored


async def test_a_redirect_to_a_neighbour_is_followed_and_one_elsewhere_keeps(room: Room) -> None:
    await script(room, "ada", f'redirect "{BOB}";')
    await take(room, ADA)
    assert await inbox(room, "ada") == []
    assert len(await inbox(room, "bob")) == 1
    await script(room, "ada", 'redirect "x@elsewhere.example";')
    await take(room, ADA)
    assert len(await inbox(room, "ada")) == 1
    assert "cannot redirect" in [event for event in room.events if isinstance(event, ScriptTrouble)][-1].text


async def test_redirects_in_a_circle_end(room: Room) -> None:
    await script(room, "ada", f'redirect "{BOB}";')
    await script(room, "bob", f'redirect "{ADA}";')
    await take(room, ADA)
    assert len(await inbox(room, "ada")) + len(await inbox(room, "bob")) >= 1


async def test_a_refusal_by_all_is_told_and_one_among_others_keeps(room: Room) -> None:
    await script(room, "ada", 'require "reject"; reject "not today";')
    with pytest.raises(MessageRefused, match="not today"):
        await take(room, ADA)
    assert await inbox(room, "ada") == []
    await take(room, ADA, BOB)
    assert len(await inbox(room, "ada")) == len(await inbox(room, "bob")) == 1


async def test_a_loop_is_refused(room: Room) -> None:
    with pytest.raises(MailLoop):
        await take(room, ADA, content=b"Received: x\r\n" * (MAX_HOPS + 1) + LETTER)
    assert [event for event in room.events if isinstance(event, DeliveryFailed)]


async def test_too_large(room: Room) -> None:
    with pytest.raises(MessageTooLarge):
        await take(room, ADA, content=b"Subject: x\r\n\r\n" + b"x" * 200_001)


async def test_a_second_try_gives_nobody_a_second_copy(room: Room) -> None:
    bob = room.account("bob")
    mail = room.store.open(bob.id, 0)
    await mail.append(Draft(b"Subject: full\r\n\r\n" + b"x" * 500, ((await mail.mailbox("INBOX")).id,)))
    room.mailboxes._default_quota = 600  # ada has room for one, bob for none
    with pytest.raises(OverQuota):
        await take(room, ADA, BOB)
    assert len(await inbox(room, "ada")) == 1
    room.mailboxes._default_quota = 0
    await take(room, ADA, BOB)
    assert len(await inbox(room, "ada")) == 1
    assert len(await inbox(room, "bob")) == 2
    assert sum(isinstance(event, Delivered) for event in room.events) == 2


async def test_submission_completes_and_checks(room: Room) -> None:
    ada = room.account("ada")
    envelope = Envelope(ADA, (BOB,))
    with pytest.raises(NotYourAddress):
        await room.submission.send(CONNECTION, ada, envelope, b"From: bob@example.org\r\n\r\nx\r\n")
    with pytest.raises(NotYourAddress):
        await room.submission.send(CONNECTION, ada, Envelope(BOB, (ADA,)), b"From: ada@example.org\r\n\r\nx\r\n")
    with pytest.raises(NotYourAddress):
        await room.submission.send(CONNECTION, ada, envelope, b"Subject: nobody\r\n\r\nx\r\n")
    await room.submission.send(
        CONNECTION,
        ada,
        envelope,
        b"From: Ada <ada+news@example.org>\r\nBcc: x@y.example,\r\n z@y.example\r\nTo: b\r\n\r\nx\r\n",
    )
    [stored] = await inbox(room, "bob")
    assert b"\r\nMessage-ID: <" in stored
    assert b"\r\nDate: " in stored
    assert b"Bcc" not in stored
    assert b"z@y.example" not in stored
    assert stored.endswith(b"\r\nTo: b\r\n\r\nx\r\n")


def test_without_bcc_leaves_the_rest_alone() -> None:
    text = b"A: 1\r\nbcc: x\r\n\ty\r\nB: 2\r\n\r\nBcc: in the body\r\n"
    assert without_bcc(text, [("bcc", b"")]) == b"A: 1\r\nB: 2\r\n\r\nBcc: in the body\r\n"
    assert without_bcc(text, []) is text
