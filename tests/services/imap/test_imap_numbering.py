"""Two clients in one mailbox, at random: each keeps the list of messages that the server's words make (RFC 9051 §7.5.1),
and no FETCH may ever contradict it. Also the view by itself."""

from __future__ import annotations

import asyncio
import random
import re

import pytest

from gatepost.model.flags import make_flags
from gatepost.model.mail import AccountChange, EntryFlags, FlagsChanged, Mailbox, Opening, States
from gatepost.model.rights import ALL_RIGHTS
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.sequence import parse_sequence
from gatepost.services.imap.selected import NoSuchNumber, Selected, overlap, uid_list

COMMANDS = [
    "NOOP", "CHECK", "EXPUNGE", "FETCH 1:* (UID FLAGS)", "UID FETCH 1:* (FLAGS)", "FETCH * UID", "UID FETCH *:1 (UID)",
    "STORE 1 +FLAGS (\\Deleted)", "STORE * +FLAGS.SILENT (\\Deleted)", "UID STORE 1:* -FLAGS (\\Deleted)", "STORE 2:3 FLAGS (x)",
    "APPEND INBOX {4+}\r\na: b", "APPEND INBOX (\\Deleted) {4+}\r\nc: d {4+}\r\ne: f", "APPEND Archive {4+}\r\na: b",
    "COPY 1 INBOX", "COPY 1:* Archive", "UID COPY 1:* INBOX", "MOVE 1 Archive", "MOVE * INBOX", "UID MOVE 1:3 Trash",
    "UID EXPUNGE 1:*", "SEARCH ALL", "UID SEARCH RETURN (SAVE) DELETED", "UID FETCH $ (UID)", "SEARCH NOT DELETED",
    "FETCH 1 BODY[]", "UID SEARCH RETURN (MIN MAX COUNT) 1:*", "SORT (ARRIVAL) UTF-8 ALL", "EXAMINE INBOX", "SELECT INBOX",
    "SELECT Archive", "CLOSE", "UNSELECT", "STATUS INBOX (MESSAGES)", "FETCH 1:* (MODSEQ UID)", "FETCH 7 UID",
]  # fmt: skip


class Believer:
    """A client that believes what it is told. `uids` holds None for messages whose UID it has not heard."""

    def __init__(self, peer) -> None:
        self.peer, self.uids = peer, []

    async def do(self, command: str) -> None:
        by_number = command.split()[0] in ("FETCH", "STORE", "SEARCH", "SORT")
        lines = await self.peer.ask(command)
        assert re.match(rb"t (OK|NO|BAD) ", lines[-1]), (command, lines)
        if command.split()[0] in ("SELECT", "EXAMINE") or (command in ("CLOSE", "UNSELECT") and b" OK " in lines[-1]):
            self.uids = []
        for line in lines[:-1]:
            self._hear(line, by_number)

    def _hear(self, line: bytes, by_number: bool) -> None:
        if found := re.fullmatch(rb"\* ([0-9]+) EXISTS", line):
            count = int(found[1])
            assert count >= len(self.uids)
            self.uids += [None] * (count - len(self.uids))
        elif found := re.fullmatch(rb"\* ([0-9]+) EXPUNGE", line):
            assert not by_number
            del self.uids[int(found[1]) - 1]
        elif found := re.match(rb"\* ([0-9]+) FETCH \((?:.* )?UID ([0-9]+)", line):
            index, uid = int(found[1]) - 1, int(found[2])
            assert self.uids[index] in (None, uid)
            self.uids[index] = uid
            heard = [known for known in self.uids if known is not None]
            assert heard == sorted(set(heard))


@pytest.mark.parametrize("seed", range(6))
async def test_no_two_words_of_the_server_contradict_each_other(rooms, seed):
    dice = random.Random(seed)
    await rooms.deliver(b"Subject: x\r\n\r\n", count=5)
    clients = [Believer(await rooms.ada()), Believer(await rooms.ada("ENABLE IMAP4rev2"))]
    for client in clients:
        await client.do("SELECT INBOX")
    for _ in range(80):
        await dice.choice(clients).do(dice.choice(COMMANDS))
    for client in clients:  # in the end both know what there is
        await client.do("SELECT INBOX")
        await client.do("UID FETCH 1:* (UID)")
        inbox = (await rooms.mail.mailbox("INBOX")).id
        assert client.uids == list(await rooms.mail.uids(inbox))


@pytest.mark.parametrize("seed", range(4))
async def test_sessions_that_command_at_the_same_time_agree_at_checkpoints(rooms, seed):
    dice = random.Random(seed)
    await rooms.deliver(b"Subject: x\r\n\r\n", count=10)
    clients = [Believer(await rooms.ada()) for _ in range(4)]
    for client in clients:
        await client.do("SELECT INBOX")
    leaving = ("SELECT", "EXAMINE", "CLOSE", "UNSELECT")
    doubling = "UID COPY 1:* INBOX"  # too often it fills the mailbox
    staying = [command for command in COMMANDS if command.split()[0] not in leaving and command != doubling]
    for _ in range(6):
        for _ in range(8):
            await asyncio.gather(*(client.do(dice.choice(staying)) for client in clients))
        for client in clients:  # whatever was still under way is told with this
            await client.do("NOOP")
        seen = [await client.peer.ask("FETCH 1:* (UID FLAGS)") for client in clients]
        plain = [[line.replace(b" \\Recent", b"").replace(b"\\Recent", b"") for line in lines] for lines in seen]
        assert all(lines == plain[0] for lines in plain)
        recent = [line for lines in seen for line in lines if b"\\Recent" in line]
        assert len({line.split()[1] for line in recent}) == len(recent), "\\Recent in two sessions"


def open_view(*uids: int) -> Selected:
    view = Selected(None, False)
    inbox = Mailbox(1, "INBOX", "INBOX", None, None, True, 0, 1, 1 + max(uids, default=0), len(uids), 0, 0, 0, 9, 9)
    view.open(Opening(inbox, uids, UidSet(), (), 0), ALL_RIGHTS)
    return view


@pytest.fixture
def view():
    return open_view(2, 3, 5, 8, 13)


@pytest.mark.parametrize(
    ("text", "uid", "meant"),
    [
        (b"1:3", False, [(2, 5)]),
        (b"5,1", False, [(2, 2), (13, 13)]),
        (b"*", False, [(13, 13)]),
        (b"4:*", False, [(8, 13)]),
        (b"4:9", True, [(4, 9)]),
        (b"*", True, [(13, 13)]),
        (b"900:*", True, [(13, 13)]),
        (b"14:20", True, []),
    ],
)
def test_resolving(view, text, uid, meant):
    assert view.resolve(parse_sequence(text), uid) == UidSet(meant)


def test_flags_of_messages_that_the_client_does_not_know_are_left_out(view):
    assert view.knows([2, 3, 5])
    assert view.knows([5])
    assert view.knows(range(2, 4))
    assert not view.knows([2, 4, 5])
    assert not view.knows([4])
    assert not view.knows([13, 14])
    flags = EntryFlags([2, 4, 5], [make_flags([]), make_flags(["a"]), make_flags(["b"])], [7, 8, 9])
    assert flags.among(set(view.known(flags.uids))) == EntryFlags((2, 5), ("", "b"), (7, 9))
    assert flags.among(set()) == EntryFlags()


def test_numbers_beyond_the_last_message(view):
    for text in (b"6", b"1:6"):
        with pytest.raises(NoSuchNumber):
            view.resolve(parse_sequence(text), False)
    view = open_view()
    with pytest.raises(NoSuchNumber):
        view.resolve(parse_sequence(b"1:*"), False)
    assert view.resolve(parse_sequence(b"1:*"), True) == UidSet()


@pytest.mark.parametrize("gap", [0, 1, 40])
@pytest.mark.parametrize("count", [1, 3, 200])
def test_numbers_of_many(gap, count):
    """Whether UIDs are missing among them or not, few of many or nearly all."""
    chance = random.Random(gap * 1000 + count)
    uids = [3]
    while len(uids) < 400:
        uids.append(uids[-1] + 1 + chance.randint(0, gap))
    view = open_view(*uids)
    number = {uid: at for at, uid in enumerate(uids, 1)}
    for _ in range(20):
        start = chance.randrange(400 - count + 1)
        for asked in (uids[start : start + count], sorted(chance.sample(uids, count))):
            assert view.numbers(asked) == [number[uid] for uid in asked]
            assert view.numbers(asked[::-1]) == [number[uid] for uid in asked[::-1]]
    assert view.numbers([]) == []


def heard(modseq, granted=frozenset()):
    return AccountChange(frozenset({1}), States(modseq, 0, 0), granted=granted)


@pytest.mark.parametrize(
    ("others", "looks"),
    [
        ([], False),
        ([heard(8)], True),
        ([heard(9)], True),
        ([heard(12)], True),
    ],
)
def test_our_own_change_alone_needs_no_look(view, others, looks):
    view.modseq = 8
    before = view.heard
    for change in (heard(10), *others):
        view.hear(change)
    view.tell(FlagsChanged(EntryFlags(), UidSet(), 10, 1, 9, 8), before)
    assert (view.dirty, view.modseq, view.told) == ((True, 8, [(9, 10)]) if looks else (False, 10, []))


def test_a_change_beside_ours_is_looked_for(view):
    ours = FlagsChanged(EntryFlags(), UidSet(), 10, 1, 9, 8)
    view.modseq = 7  # another's came before it
    before = view.heard
    view.hear(heard(10))
    view.tell(ours, before)
    assert view.dirty
    assert view.heard == -1
    view.dirty, view.modseq = False, 8
    before = view.heard
    view.hear(heard(10, frozenset({1})))  # somebody's rights
    view.tell(ours, before)
    assert view.dirty


def test_forgetting(view):
    view.saved = UidSet([(2, 3), (8, 8)])
    assert view.forget([3, 8]) == [4, 2]
    assert list(view.uids) == [2, 5, 13]
    assert view.saved == UidSet([(2, 2)])
    assert view.numbered(UidSet([(1, 5), (6, 9), (13, 20)])) == UidSet([(1, 3)])


def test_parts_are_of_so_many_messages_and_miss_none():
    chance = random.Random(5)
    for _ in range(200):
        known = sorted(chance.sample(range(1, 60), chance.randrange(30)))
        asked = UidSet.of(chance.sample(range(1, 70), chance.randrange(40)))
        most = chance.randint(1, 9)
        view = open_view(*known)
        parts = [view.within(part) for part in view.parts(asked, most)]
        assert [uid for part in parts for uid in part] == view.within(asked)
        assert all(len(part) == most for part in parts[:-1])
        assert all(len(part) <= most for part in parts)


def test_many_are_forgotten_at_once():
    view = open_view(*range(1, 1001))
    assert view.forget(range(1, 1000)) == list(range(999, 0, -1))
    assert list(view.uids) == [1000]


def test_sets():
    assert overlap(UidSet([(1, 5), (9, 12)]), UidSet([(4, 10)])) == UidSet([(4, 5), (9, 10)])
    assert uid_list([1, 2, 3, 7, 5, 6]) == "1:3,7,5:6"
    assert uid_list([]) == ""
