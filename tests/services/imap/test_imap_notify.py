"""NOTIFY beyond the transcript: when it speaks and when it must not, how much it holds, and that it ends."""

from __future__ import annotations

import random
import re

import pytest

from gatepost.model.uidset import UidSet
from gatepost.services.imap import notices

ALL = "(selected (MessageNew MessageExpunge FlagChange))"
PERSONAL = "(personal (MessageNew MessageExpunge FlagChange MailboxName))"


async def heard(peer, *expected: bytes) -> None:
    assert [await peer.line() for _ in expected] == list(expected)


async def test_no_expunge_is_told_while_numbers_are_spoken_of(rooms):
    await rooms.deliver(b"a: b\r\n\r\n", count=3)
    ada = await rooms.ada("ENABLE IMAP4rev2", "SELECT INBOX", f"NOTIFY SET {ALL}")
    inbox = (await rooms.mail.mailbox("INBOX")).id
    await ada.send(b"x FETCH 3 UI")  # a command is coming: it was written with these numbers in mind
    await rooms.mail.expunge(inbox, UidSet([(1, 1)]), only_deleted=False)
    await rooms.deliver(b"a: b\r\n\r\n")
    await ada.send(b"D\r\ny FETCH 2 UID\r\n")
    await heard(ada, b"* 3 FETCH (UID 3)", b"* 4 EXISTS", b"x OK FETCH done", b"* 2 FETCH (UID 2)", b"y OK FETCH done")
    await heard(ada, b"* 1 EXPUNGE")  # once nothing is under way
    assert await ada.ask("UID FETCH 4 (UID)") == [b"* 3 FETCH (UID 4)", b"t OK FETCH done"]


async def test_what_is_too_much_is_given_up(rooms, monkeypatch):
    monkeypatch.setattr(notices, "MAX_WAITING", 3)
    ada = await rooms.ada(f"NOTIFY SET {PERSONAL}")
    await rooms.mail.create_mailbox("a/b/c/d/e")
    await heard(ada, b"* OK [NOTIFICATIONOVERFLOW] Not everything could be told: nothing is any more")
    await rooms.mail.create_mailbox("f")
    assert await ada.ask("NOOP") == [b"t OK NOOP done"]
    assert await ada.ask(f"NOTIFY SET {PERSONAL}") == [b"t OK NOTIFY done"]
    await rooms.mail.create_mailbox("g")
    await heard(ada, b'* LIST (\\HasNoChildren) "/" g')


async def test_what_is_too_much_to_watch(rooms):
    ada = await rooms.ada()
    for command in (f"NOTIFY SET (mailboxes ({'x ' * 1000}x) NONE)", f"NOTIFY SET{' (personal NONE)' * 101}"):
        assert (await ada.ask(command))[-1].startswith(b"t NO [NOTIFICATIONOVERFLOW] ")


async def test_first_status(rooms):
    await rooms.deliver(b"a: b\r\n\r\n", "Archive")
    ada = await rooms.ada("SELECT Archive", "UNSELECT")
    answer = await ada.ask("NOTIFY SET STATUS (mailboxes (Archive Nowhere) (MessageNew MessageExpunge))")
    assert [re.sub(rb"[0-9]{5,}", b"#", line) for line in answer] == [
        b"* STATUS Archive (MESSAGES 1 UIDNEXT 2 UIDVALIDITY #)", b"t OK NOTIFY done",
    ]  # fmt: skip
    answer = await ada.ask("NOTIFY SET STATUS (mailboxes Archive (MessageNew MessageExpunge FlagChange))")
    assert re.fullmatch(
        rb"\* STATUS Archive \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY [0-9]+ HIGHESTMODSEQ [0-9]+\)", answer[0]
    )
    answer = await ada.ask("NOTIFY SET (mailboxes Archive (MessageNew MessageExpunge FlagChange))")
    assert answer == [b"t OK NOTIFY done"]


async def test_annotations_are_told_where_that_was_enabled(rooms):
    plain, ada = await rooms.ada(), await rooms.ada("ENABLE METADATA", 'SETMETADATA INBOX (/shared/comment "mine")')
    inbox = (await rooms.mail.mailbox("INBOX")).id
    await rooms.mail.annotate(inbox, rooms.account.id, {"/shared/comment": b"x", "/private/comment": b"y"})
    await rooms.mail.annotate(inbox, rooms.account.id, {"/shared/comment": None})
    assert await plain.ask("NOOP") == [b"t OK NOOP done"]
    assert await ada.ask("NOOP") == [b"* METADATA INBOX /shared/comment /private/comment", b"t OK NOOP done"]


async def test_it_ends_with_the_sign_in(rooms):
    ada = await rooms.ada(f"NOTIFY SET {ALL} {PERSONAL}", "UNAUTHENTICATE")
    await rooms.mail.create_mailbox("x")
    assert await ada.ask("NOOP") == [b"t OK NOOP done"]


MOVES = [
    "UID STORE {u} +FLAGS.SILENT (\\Deleted)", "UID STORE {u} FLAGS (\\Seen)", "EXPUNGE", "NOOP", "UID FETCH 1:* (UID FLAGS)",
    "APPEND INBOX {{4+}}\r\na: b", "UID COPY {u} INBOX", "UID MOVE {u} Archive", "UID EXPUNGE {u}", "SEARCH ALL", "CHECK",
    "FETCH 1:* (UID)",
]  # fmt: skip


class Listener:
    """Believes what it is told, whenever that is."""

    def __init__(self, peer) -> None:
        self.peer, self.uids, self.flags = peer, [], {}

    async def do(self, command: str) -> None:
        for line in await self.peer.ask(command):
            self.hear(line, command.startswith(("FETCH", "SEARCH")))

    def hear(self, line: bytes, by_number: bool = False) -> None:
        if found := re.fullmatch(rb"\* ([0-9]+) EXISTS", line):
            assert int(found[1]) >= len(self.uids)
            self.uids += [None] * (int(found[1]) - len(self.uids))
        elif found := re.fullmatch(rb"\* ([0-9]+) EXPUNGE", line):
            del self.uids[int(found[1]) - 1]
        elif found := re.match(rb"\* ([0-9]+) FETCH \((?:.* )?UID ([0-9]+)(?: FLAGS \(([^)]*)\))?", line):
            index, uid = int(found[1]) - 1, int(found[2])
            assert self.uids[index] in (None, uid)
            self.uids[index] = uid
            if found[3] is not None:
                self.flags[uid] = found[3]


@pytest.mark.parametrize("seed", range(4))
async def test_a_listener_that_never_asks_knows_what_there_is(rooms, seed):
    dice = random.Random(seed)
    await rooms.deliver(b"Subject: x\r\n\r\n", count=4)
    setup = (
        "ENABLE IMAP4rev2",
        "SELECT INBOX",
        "NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange))",
    )
    listener = Listener(await rooms.ada(*setup))
    listener.uids = [1, 2, 3, 4]
    listener.flags = dict.fromkeys(listener.uids, b"")
    mover = Listener(await rooms.ada("ENABLE IMAP4rev2", "SELECT INBOX"))
    for _ in range(60):
        command = dice.choice(MOVES).format(u=f"{dice.randrange(1, 12)}:{dice.randrange(1, 12)}")
        if dice.random() < 0.25 and not command.startswith("FETCH"):
            await listener.do(command)
        else:
            await mover.peer.ask(command)
    await mover.peer.ask("APPEND INBOX (last) {4+}\r\na: b")
    while b"last" not in listener.flags.get(listener.uids[-1] if listener.uids else None, b""):
        listener.hear(await listener.peer.line())
    inbox = (await rooms.mail.mailbox("INBOX")).id
    await listener.do("NOOP")
    await listener.do("UID FETCH 1:* (UID)")  # its own messages are not told it
    assert listener.uids == list(await rooms.mail.uids(inbox))
    for entry in await rooms.mail.entries(inbox, UidSet([(1, 1000)])):
        if entry.uid in listener.flags:  # not those of its own copies, which it may ask for
            assert listener.flags[entry.uid].decode() == entry.flags


TEAM = b'"Other Users/ada@example.org/Team"'


async def test_of_mailboxes_of_others_is_told_what_may_be_seen(rooms):
    ada = await rooms.ada("CREATE Team", "CREATE Mine", "SETACL Team bob lrsi", "SETACL Mine bob l")
    events = "(MessageNew MessageExpunge FlagChange MailboxName MailboxMetadataChange)"
    bob = await rooms.bob()
    answer = await bob.ask(f'NOTIFY SET STATUS (subtree "Other Users" {events})')
    assert re.fullmatch(rb"\* STATUS %b \(MESSAGES 0 UIDNEXT 1 UIDVALIDITY \d+ HIGHESTMODSEQ \d+\)" % TEAM, answer[0])
    assert answer[1:] == [b'* LIST (\\NoAccess) "/" "Other Users/ada@example.org/Mine"', b"t OK NOTIFY done"]
    await ada.ask("APPEND Mine {1+}\r\nx")
    await ada.ask("APPEND Team {1+}\r\nx")
    await heard(bob, b"* STATUS %b (MESSAGES 1 UIDNEXT 2)" % TEAM)
    await bob.ask(f"APPEND {TEAM.decode()} {{1+}}\r\nx")  # its own
    await ada.ask('SETMETADATA Team (/private/comment "a" /shared/comment "b")')
    await heard(bob, b"* METADATA %b /shared/comment" % TEAM)
    await ada.ask("CREATE Hidden")
    await ada.ask("CREATE Team/In")
    await heard(bob, b'* LIST (\\HasNoChildren) "/" "Other Users/ada@example.org/Team/In"')
    await ada.ask("RENAME Team Crew")
    for new, old in ((b"Crew", b"Team"), (b"Crew/In", b"Team/In")):
        assert (await bob.line()).endswith(
            b'"/" "Other Users/ada@example.org/%b" ("OLDNAME" ("Other Users/ada@example.org/%b"))' % (new, old)
        )
    await ada.ask("DELETEACL Crew bob")
    await heard(bob, b'* LIST (\\NonExistent) "/" "Other Users/ada@example.org/Crew"')
    await ada.ask("SETACL Crew bob lr")
    assert (await bob.line()).endswith(b'"/" "Other Users/ada@example.org/Crew"')


async def test_private_annotations_of_a_shared_mailbox(rooms):
    ada = await rooms.ada("CREATE Team", "CREATE Seen", "SETACL Team bob lr", "SETACL Seen bob l")
    bob = await rooms.bob()
    assert await bob.ask(b'SETMETADATA %b (/private/comment "bob" /shared/comment "all")' % TEAM) == [
        b"t OK SETMETADATA done"
    ]
    answer = await ada.ask("GETMETADATA Team (/private/comment /shared/comment)")
    assert answer[0] == b'* METADATA Team (/private/comment NIL /shared/comment "all")'
    answer = await bob.ask('GETMETADATA "Other Users/ada@example.org/Seen" /shared/comment')
    assert answer[-1].startswith(b"t NO [NOPERM]")
    answer = await bob.ask(b'SETMETADATA %b (/private/specialuse "\\\\Sent")' % TEAM)
    assert answer[-1].startswith(b"t NO [NOPERM]")
