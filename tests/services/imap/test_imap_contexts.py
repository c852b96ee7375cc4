"""Searches that are kept up to date: a client that applies what it is told always has what a search would find."""

from __future__ import annotations

import random
import re

import pytest

from gatepost.services.imap import contexts

MOVES = [
    "STORE {n} +FLAGS.SILENT (\\Seen)", "STORE {n} -FLAGS.SILENT (\\Seen)", "STORE {n} +FLAGS (\\Deleted)", "EXPUNGE", "NOOP",
    "APPEND INBOX (\\Seen) {{12+}}\r\nSubject: {d}\r\n", "APPEND INBOX {{12+}}\r\nSubject: {d}\r\n", "COPY {n} INBOX",
    "FETCH {n} UID", "MOVE {n} Archive", "UID FETCH 1:* (UID)",
]  # fmt: skip
SEARCHES = ["SEEN", "NOT DELETED", "ALL", "OR SEEN SUBJECT 3", "SUBJECT 5 UNSEEN"]
ORDERS = ["SUBJECT", "REVERSE SUBJECT", "ARRIVAL", "REVERSE SIZE SUBJECT"]


class Follower:
    """Keeps results by what ESEARCH says. Everything is in UIDs."""

    def __init__(self, peer) -> None:
        self.peer, self.results, self.searches = peer, {}, {}

    async def follow(self, tag: str, command: str) -> None:
        self.searches[tag] = command
        lines = await self.peer.ask(f"UID {command.format('UPDATE ALL')}", tag)
        assert lines[-1].startswith(tag.encode() + b" OK")
        self.results[tag] = []
        self.hear(lines)

    def hear(self, lines: list[bytes]) -> None:
        for line in lines:
            found = re.fullmatch(rb'\* ESEARCH \(TAG "(\w+)"\) UID(.*)', line)
            if not found or (tag := found[1].decode()) not in self.results:
                continue
            if every := re.fullmatch(rb" ALL (\S+)", found[2]):
                self.results[tag] = members(every[1])
            for word, payload in re.findall(rb" (ADDTO|REMOVEFROM) \(([^)]*)\)", found[2]):
                parts = payload.split()
                for place, uids in zip(parts[::2], parts[1::2], strict=True):
                    self.apply(tag, word, int(place), members(uids))

    def apply(self, tag: str, word: bytes, place: int, uids: list[int]) -> None:
        results = self.results[tag]
        if word == b"ADDTO":
            assert not set(uids) & set(results)
            results[max(0, place - 1) : max(0, place - 1)] = uids
            if not place:
                results.sort()
        elif place:
            assert results[place - 1 : place - 1 + len(uids)] == uids
            del results[place - 1 : place - 1 + len(uids)]
        else:
            assert set(uids) <= set(results)
            self.results[tag] = [uid for uid in results if uid not in uids]

    async def check(self) -> None:
        for tag, command in self.searches.items():
            lines = await self.peer.ask(f"UID {command.format('ALL')}", "x")
            found = [members(line.split()[-1]) for line in lines if b'(TAG "x")' in line and b" ALL " in line]
            assert self.results[tag] == (found[0] if found else []), command


def members(text: bytes) -> list[int]:
    """A set of numbers in the order in which it is written."""
    found: list[int] = []
    for part in text.split(b","):
        low, _, high = part.partition(b":")
        found += range(int(low), int(high or low) + 1)
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_told_adds_up(rooms, seed):
    dice = random.Random(seed)
    for digit in range(6):
        await rooms.deliver(b"Subject: %d\r\n\r\n" % (digit % 4))
    follower, other = Follower(await rooms.ada("SELECT INBOX")), await rooms.ada("SELECT INBOX")
    for index, key in enumerate(SEARCHES):
        await follower.follow(f"s{index}", f"SEARCH RETURN ({{}}) {key}")
    for index, order in enumerate(ORDERS):
        await follower.follow(f"o{index}", f"SORT RETURN ({{}}) ({order}) UTF-8 {dice.choice(SEARCHES)}")
    for _ in range(60):
        move = dice.choice(MOVES).format(n=dice.choice(["1", "2:3", "*", "1,3"]), d=dice.randrange(9))
        if dice.random() < 0.5:
            await other.ask(move)
        else:
            follower.hear(await follower.peer.ask(move))
        if dice.random() < 0.3:
            follower.hear(await follower.peer.ask("NOOP"))
            await follower.check()


async def test_how_many_there_may_be(rooms, monkeypatch):
    ada = await rooms.ada("SELECT INBOX")
    for number in range(contexts.MAX_CONTEXTS):
        assert len(await ada.ask("SEARCH RETURN (UPDATE) SEEN", f"c{number}")) == 2
    lines = await ada.ask("SORT RETURN (UPDATE COUNT) (SIZE) UTF-8 SEEN", "more")
    assert lines == [
        b'* ESEARCH (TAG "more") COUNT 0',
        b'* NO [NOUPDATE "more"] Too many searches are kept up to date',
        b"more OK SORT done",
    ]
    assert await ada.ask('CANCELUPDATE "c0"') == [b"t OK CANCELUPDATE done"]
    assert len(await ada.ask("SEARCH RETURN (UPDATE) SEEN", "more")) == 2
    await ada.ask("SELECT INBOX")  # they end with the mailbox
    monkeypatch.setattr(contexts, "MAX_MEMBERS", 2)
    await rooms.deliver(b"a: b\r\n\r\n", count=3)
    await ada.ask("NOOP")
    assert b"NOUPDATE" in (await ada.ask("SEARCH RETURN (UPDATE) ALL", "large"))[1]


async def test_how_long_a_sorted_one_may_be(rooms, monkeypatch):
    monkeypatch.setattr(contexts, "MAX_SORTED", 2)
    await rooms.deliver(b"a: b\r\n\r\n", count=3)
    ada = await rooms.ada("SELECT INBOX")
    lines = await ada.ask("SORT RETURN (UPDATE COUNT) (SIZE) UTF-8 ALL", "s")
    assert lines[1] == b'* NO [NOUPDATE "s"] The result is too long'
    assert len(await ada.ask("SEARCH RETURN (UPDATE COUNT) ALL", "u")) == 2


async def test_many_at_once(rooms):
    ada, other = await rooms.ada("SELECT INBOX"), await rooms.ada("SELECT INBOX")
    await ada.ask("UID SEARCH RETURN (UPDATE) SEEN", "c")
    await rooms.deliver(b"a: b\r\n\r\n", count=200)
    await other.ask("NOOP")
    await other.ask("STORE 1:200 +FLAGS.SILENT (\\Seen)")
    assert b'* ESEARCH (TAG "c") UID ADDTO (0 1:200)' in await ada.ask("NOOP")
    await other.ask("STORE 3:190 -FLAGS.SILENT (\\Seen)")
    assert b'* ESEARCH (TAG "c") UID REMOVEFROM (0 3:190)' in await ada.ask("NOOP")
    await other.ask("STORE 2,200 +FLAGS.SILENT (\\Deleted)")
    await other.ask("EXPUNGE")
    assert b'* ESEARCH (TAG "c") UID REMOVEFROM (0 2,200)' in await ada.ask("NOOP")


async def test_idle_tells_them_too(rooms):
    ada = await rooms.ada("SELECT INBOX")
    await ada.ask("UID SEARCH RETURN (UPDATE) ALL", "c")
    await ada.send(b"i IDLE\r\n")
    assert await ada.line() == b"+ idling"
    await rooms.deliver(b"a: b\r\n\r\n")
    assert [await ada.line() for _ in range(3)] == [
        b"* 1 EXISTS", b"* 1 RECENT", b'* ESEARCH (TAG "c") UID ADDTO (0 1)',
    ]  # fmt: skip
