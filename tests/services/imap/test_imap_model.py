"""Several sessions of every kind at random in two mailboxes, against a model (see `sight`): no word of the server may
contradict it, and in the end all agree with each other, with a fresh session, and with JMAP's changes."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sight import APPENDUID, COPYUID, SYSTEM, Flags, Sight, World, members

from gatepost.model.uidset import ALL_UIDS
from gatepost.services.imap.commands import append

BOXES = ("INBOX", "Archive")
KEYWORDS = ("$A", "$B", "$C")


class Play:
    """A course of commands; everything random comes from `dice`."""

    def __init__(self, rooms, seed: int) -> None:
        self.rooms, self.dice, self.world = rooms, random.Random(seed), World()
        self.sights: list[Sight] = []
        self.emails: set[int] = set()
        self.state = 0

    async def start(self) -> None:
        for path in BOXES:
            box = await self.rooms.mail.mailbox(path)
            self.world.boxes[path], self.world.validity[path] = {}, box.uidvalidity
        self.state = (await self.rooms.mail.states()).email
        for name, rev2, qresync in (
            ("old", False, False),
            ("new", True, False),
            ("quick", False, True),
            ("both", True, True),
        ):
            enabling = [f"ENABLE {word}" for word, on in (("IMAP4rev2", rev2), ("QRESYNC", qresync)) if on]
            self.sights.append(Sight(name, await self.rooms.ada(*enabling), self.world, rev2, qresync))
        for sight in self.sights:
            await self.append(sight)
            await self.select(sight)

    async def step(self) -> None:
        sight = self.dice.choice(self.sights)
        anywhere = (self.append, self.select, self.select)
        inside = (
            self.append, self.store, self.store, self.store, self.fetch, self.fetch, self.search, self.expunge, self.copy,
            self.copy, self.noop, self.idle, self.leave, self.follow_changes,
        )  # fmt: skip
        await self.dice.choice(anywhere if sight.box is None else inside)(sight)

    # -- what a command names ----------------------------------------------------------------------------------------------
    def some(self, sight: Sight, arrivals: bool = False) -> tuple[str, str, set[int], bool]:
        """`UID ` or nothing, a set of messages, the UIDs that it means, whether by number. With `arrivals` a UID may be one
        that the session is told of by this command only."""
        uid = self.dice.random() < 0.5 or not sight.uids
        count = max(sight.uids, default=1) if uid else len(sight.uids)
        low, high = sorted(self.dice.randint(1, count) for _ in range(2))
        if self.dice.random() < 0.3:
            low, high = 1, count
        meant = set(range(low, high + 1)) if uid else set(sight.uids[low - 1 : high])
        text = f"{high}:{low}" if self.dice.random() < 0.2 else f"{low}:{high}" if high > low else str(low)
        seen = set(sight.uids) | (set(sight.there) if arrivals else set())
        return ("UID " if uid else ""), text, meant & seen, not uid

    def few_flags(self) -> list[str]:
        return self.dice.sample((*SYSTEM, *KEYWORDS), self.dice.randint(0, 2))

    # -- commands ----------------------------------------------------------------------------------------------------------
    async def append(self, sight: Sight) -> None:
        """One message, or so many that they are parsed later."""
        path, flags, first = self.dice.choice(BOXES), self.few_flags(), self.world.serial
        count = self.dice.choice((1, 1, 1, append.UPLOAD))
        self.world.serial += count
        contents = [f"Subject: m{serial}\r\n\r\n" for serial in range(first, first + count)]
        messages = [f"({' '.join(flags)}) {{{len(content)}+}}\r\n{content}" for content in contents]
        lines = await sight.peer.ask(f"APPEND {path} {' '.join(messages)}")
        code = APPENDUID.match(lines[-1])
        assert code, lines
        assert int(code[1]) == self.world.validity[path]
        uids = list(members(code[2]))
        assert len(uids) == count
        for uid, serial in zip(uids, range(first, first + count), strict=True):
            self.world.add(path, uid, serial, frozenset(flags))
        sight.hear(lines)

    async def select(self, sight: Sight) -> None:
        path, read_only = self.dice.choice(BOXES), self.dice.random() < 0.2
        resume = sight.resume(path)
        sight.close()
        sight.box, sight.read_only = path, read_only
        lines = await sight.peer.ask(("EXAMINE " if read_only else "SELECT ").encode() + path.encode() + resume)
        assert b" OK [READ-" in lines[-1], lines
        assert any(b"[UIDVALIDITY %d]" % self.world.validity[path] in line for line in lines)
        sight.hear(lines)
        if resume:
            sight.resumed()

    async def leave(self, sight: Sight) -> None:
        """In agreement, so that QRESYNC has something to go by. CLOSE expunges too."""
        await self.settle(sight)
        sight.keep()
        command = self.dice.choice(("CLOSE", "UNSELECT"))
        assert b" OK " in (await sight.peer.ask(command))[-1]
        if command == "CLOSE" and not sight.read_only:
            assert sight.box is not None
            self.world.expunge(sight.box, list(sight.uids))
        sight.close()

    async def settle(self, sight: Sight) -> None:
        await self.noop(sight)
        sight.hear(await sight.peer.ask("UID FETCH 1:* (FLAGS ENVELOPE)"))
        sight.agree()

    async def noop(self, sight: Sight) -> None:
        sight.hear(await sight.peer.ask(self.dice.choice(("NOOP", "CHECK"))))

    async def fetch(self, sight: Sight) -> None:
        prefix, text, _, by_number = self.some(sight)
        items = self.dice.choice(
            ("(UID FLAGS)", "(FLAGS)", "(UID ENVELOPE)", "(FLAGS MODSEQ)" if sight.qresync else "UID")
        )
        sight.hear(await sight.peer.ask(f"{prefix}FETCH {text} {items}"), by_number)

    async def store(self, sight: Sight) -> None:
        if sight.read_only:
            await self.noop(sight)
            return
        prefix, text, meant, by_number = self.some(sight, arrivals=True)
        mode, silent, flags = self.dice.choice(("+", "-", "")), self.dice.random() < 0.4, frozenset(self.few_flags())
        change: Callable[[Flags], Flags] = {"+": flags.union, "-": lambda old: old - flags, "": lambda old: flags}[mode]
        suffix = ".SILENT" if silent else ""
        lines = await sight.peer.ask(f"{prefix}STORE {text} {mode}FLAGS{suffix} ({' '.join(flags)})")
        assert b" OK " in lines[-1], lines
        assert sight.box is not None
        self.world.store(sight.box, meant, change)
        # before our own change the server tells what others did; a silent one we put in ourselves
        sight.hear(lines, by_number, flags_are_now=not silent)
        if silent:
            for each in meant & sight.flags.keys():
                sight.flags[each] = change(sight.flags[each])

    async def search(self, sight: Sight) -> None:
        flag = self.dice.choice((*SYSTEM, *KEYWORDS))
        key = flag[1:].upper() if flag[0] == "\\" else f"KEYWORD {flag}"
        uid = self.dice.random() < 0.5

        def expected() -> set[int]:
            known = [(number, each) for number, each in enumerate(sight.uids, 1) if each in sight.there]
            return {each if uid else number for number, each in known if flag in sight.there[each][1]}

        sight.hear(await sight.peer.ask(("UID " if uid else "") + f"SEARCH {key}"), not uid, expected)

    async def expunge(self, sight: Sight) -> None:
        if sight.read_only:
            return
        assert sight.box is not None
        meant, command = set(sight.uids), "EXPUNGE"
        if self.dice.random() < 0.4 and sight.uids:
            low, high = sorted(self.dice.choices(sight.uids, k=2))
            meant, command = set(range(low, high + 1)) & meant, f"UID EXPUNGE {low}:{high}"
        lines = await sight.peer.ask(command)
        assert b" OK " in lines[-1], lines
        self.world.expunge(sight.box, meant)
        sight.hear(lines)

    async def copy(self, sight: Sight) -> None:
        moving = self.dice.random() < 0.5 and not sight.read_only
        prefix, text, meant, _ = self.some(sight)
        target = self.dice.choice(BOXES)
        lines = await sight.peer.ask(f"{prefix}{'MOVE' if moving else 'COPY'} {text} {target}")
        codes = [found for line in lines if (found := COPYUID.match(line))]
        assert sight.box is not None
        if codes:
            self.world.copy(sight.box, codes[0], target, moving, meant)
        else:
            assert not meant & sight.there.keys(), lines
        sight.hear(lines)

    async def idle(self, sight: Sight) -> None:
        """Another goes on while it idles; what that did is told at the latest with its end."""
        await self.noop(sight)
        await sight.peer.send(b"t IDLE\r\n")
        assert (await sight.peer.line()).startswith(b"+")
        others = [one for one in self.sights if one is not sight and one.box is not None]
        if others:
            await self.dice.choice((self.append, self.expunge, self.store))(self.dice.choice(others))
        await sight.peer.send(b"DONE\r\n")
        sight.hear(await sight.peer.until("t"))

    async def follow_changes(self, sight: Sight) -> None:
        """As a JMAP client follows Email/changes (RFC 8621 §4.3)."""
        changes = await self.rooms.mail.email_changes(self.state)
        self.emails = (self.emails | set(changes.created)) - set(changes.destroyed)
        assert set(changes.updated) <= self.emails
        self.state = changes.modseq

    async def end(self) -> None:
        for sight in self.sights:
            if sight.box is not None:
                await self.settle(sight)
        await self.follow_changes(self.sights[0])
        placed: set[int] = set()
        for path in BOXES:
            box = await self.rooms.mail.mailbox(path)
            entries = await self.rooms.mail.entries(box.id, ALL_UIDS)
            assert [entry.uid for entry in entries] == sorted(self.world.boxes[path])
            placed.update(entry.email for entry in entries)
        assert self.emails == placed


@pytest.fixture(autouse=True)
def small_uploads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append, "UPLOAD", 3)


@pytest.mark.parametrize("seed", range(8))
async def test_sessions_against_the_model(rooms, seed):
    play = Play(rooms, seed)
    await play.start()
    for _ in range(120):
        await play.step()
    await play.end()


async def test_a_renamed_mailbox_keeps_its_uids_and_their_validity(rooms):
    ada = await rooms.ada("CREATE One", "APPEND One {4+}\r\na: b", "APPEND One {4+}\r\nc: d", "SELECT One")
    before = (await ada.ask("STATUS One (UIDVALIDITY UIDNEXT)"))[0]
    await ada.ask("STORE 1 +FLAGS.SILENT (\\Deleted)")
    await ada.ask("EXPUNGE")
    assert (await ada.ask("RENAME One Two/Three"))[-1] == b"t OK RENAME done"
    assert (await ada.ask("FETCH 1 UID"))[0] == b"* 1 FETCH (UID 2)"
    after = (await ada.ask("STATUS Two/Three (UIDVALIDITY UIDNEXT)"))[0]
    assert after.partition(b"(")[2] == before.partition(b"(")[2]
    # a new mailbox under the old name is another one
    await ada.ask("CREATE One")
    other = (await ada.ask("STATUS One (UIDVALIDITY)"))[0]
    assert int(other.split()[-1].rstrip(b")")) > int(before.split()[4])
