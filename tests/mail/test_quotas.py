"""A quota met by everything that stores: what does not fit is refused in each protocol's words, whole, and the account's size is right
afterwards (`mail check` counts it)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lineroom import HOST, PASSWORD, Peer, Room

from gatepost.model.address import parse_address
from gatepost.model.connection import Connection, Door
from gatepost.model.envelope import Envelope
from gatepost.model.errors import OverQuota
from gatepost.model.mail import Draft
from gatepost.model.uidset import ALL_UIDS, UidSet
from gatepost.services.imap.options import ImapOptions
from gatepost.services.imap.service import ImapService

PEER = parse_address("192.0.2.9")
CONNECTION = Connection("c1", Door.SMTP, PEER, 40000, PEER, parse_address("192.0.2.1"), 25)
LETTER = b"Subject: hello\r\n\r\n" + b"x" * 982  # 1,000 octets
LARGE = b"Subject: large\r\n\r\n" + b"x" * 100_000
QUOTA = 3_500


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """Ada has three messages of 1,000 octets and room for 500."""
    made = Room(tmp_path)
    await made.prepare()
    made.mailboxes._default_quota = QUOTA
    for _ in range(3):
        await made.put(LETTER)
    yield made
    await settled(made)
    await made.close()


async def settled(room: Room) -> None:
    """Nothing is half-stored: rows, sizes and files agree."""
    for name in ("ada", "bob"):
        account = room.account(name).id
        assert await room.store.upkeep.check(account) == []


async def counts(room: Room) -> dict[str, int]:
    return {box.path: box.messages for box in await room.mail().mailboxes() if box.messages}


@pytest.mark.parametrize("content", [LETTER, LARGE], ids=["row", "file"])
async def test_delivery(room: Room, content: bytes) -> None:
    await room.scripts.put(
        room.account(), "s", b'require ["fileinto", "copy"]; fileinto :copy "Archive"; fileinto :copy "Junk"; keep;'
    )
    await room.mail().activate_script("s")
    to = ("ada@example.org", "bob@example.org")
    with pytest.raises(OverQuota):
        await room.intake.take(CONNECTION, Envelope("a@elsewhere.example", to), content)
    assert await counts(room) == {"INBOX": 3}
    room.mailboxes._default_quota = 0
    await room.intake.take(CONNECTION, Envelope("a@elsewhere.example", to), content)
    assert await counts(room) == {"INBOX": 4, "Archive": 1, "Junk": 1}
    assert len(await room.inbox("bob")) == 1


async def test_restore_and_import_may_exceed_it_and_what_is_over_can_shrink(room: Room, tmp_path: Path) -> None:
    account = room.account().id
    await room.store.upkeep.backup(account, tmp_path / "copy")
    room.mailboxes._default_quota = 1_500
    await room.store.upkeep.restore(account, tmp_path / "copy")
    mail, imported = room.mail(), room.store.open(account)  # as administrators import: without a quota
    inbox = (await mail.mailbox("INBOX")).id
    await imported.append(Draft(LETTER, (inbox,)))
    assert await counts(room) == {"INBOX": 4}
    with pytest.raises(OverQuota):
        await mail.append(Draft(b"Subject: one more\r\n\r\n", (inbox,)))
    await mail.move(inbox, UidSet.of([1]), (await mail.mailbox("Trash")).id)
    await mail.expunge(inbox, UidSet.of([2]), only_deleted=False)
    await mail.expunge((await mail.mailbox("Trash")).id, ALL_UIDS, only_deleted=False)
    assert await counts(room) == {"INBOX": 2}
    with pytest.raises(OverQuota):
        await mail.append(Draft(LETTER, (inbox,)))


async def ask(peer: Peer, command: bytes, *literals: bytes) -> bytes:
    """The tagged line; literals are sent when they are asked for."""
    peer.write(b"t " + command + b"\r\n")
    for literal in literals:
        assert (await peer.line()).startswith(b"+ ")
        peer.write(literal)
    return (await peer.lines(lambda line: line.startswith(b"t "))).split(b"\r\n")[-2]


async def test_imap(room: Room) -> None:
    service = ImapService(
        auth=room.auth,
        mailboxes=room.mailboxes,
        journal=room.journal,
        clock=room.clock,
        budget=room.budget,
        hostname=HOST,
        options=ImapOptions(),
        max_message=200_000,
    )
    peer = await room.peer(await room.door(service, Door.IMAP))
    await peer.line()
    assert (await ask(peer, b"LOGIN ada@example.org " + PASSWORD.encode())).startswith(b"t OK")
    assert (await ask(peer, b"SELECT INBOX")).startswith(b"t OK")
    for command, *literals in (
        (b"APPEND INBOX {1000}", LETTER + b"\r\n"),
        (b"APPEND INBOX {%d}" % len(LARGE), LARGE + b"\r\n"),
        (
            b"APPEND INBOX {20}",
            b"Subject: small\r\n\r\n.." + b" {1000}\r\n",
            LETTER + b"\r\n",
        ),  # MULTIAPPEND: all or none
        (b"COPY 1:2 Archive",),
        (b"UID COPY 1 INBOX",),
        (b"REPLACE 1 INBOX {1600}", LETTER + b"x" * 600 + b"\r\n"),
    ):
        assert (await ask(peer, command, *literals)).startswith(b"t NO [OVERQUOTA] "), command
        assert await counts(room) == {"INBOX": 3}, command
        await settled(room)
    assert (await ask(peer, b"MOVE 1 Archive")).startswith(b"t OK")
    assert (await ask(peer, b"REPLACE 1 INBOX {1400}", LETTER + b"x" * 400 + b"\r\n")).startswith(b"t OK")
    assert (await ask(peer, b"STORE 1 +FLAGS (\\Flagged)")).startswith(b"t OK")
    assert await counts(room) == {"INBOX": 2, "Archive": 1}
    peer.write(b"t GETQUOTAROOT INBOX\r\n")
    told = await peer.lines(lambda line: line.startswith(b"t "))
    assert b"STORAGE 4 3)" in told  # units of 1,024 octets: used rounded up, the limit down
