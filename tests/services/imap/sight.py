"""A model of an account's mailboxes, and of what each IMAP session may believe of the one it has selected.

`World` is changed by what the server says was done (APPENDUID, COPYUID, and a tagged OK); a `Sight` hears every line of its
session and complains where one contradicts the world, what it was told before, or the protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dialogue import Peer

from gatepost.model.uidset import UidSet
from gatepost.proto.imap.sequence import parse_uids

Flags = frozenset[str]
SYSTEM = ("\\Seen", "\\Deleted", "\\Flagged")


@dataclass
class World:
    """`boxes` by path: UID to (serial of the content, flags). `given` are all (UIDVALIDITY, UID) ever and their serial;
    `recent` who was told of one as \\Recent."""

    boxes: dict[str, dict[int, tuple[int, Flags]]] = field(default_factory=dict)
    validity: dict[str, int] = field(default_factory=dict)
    given: dict[tuple[int, int], int] = field(default_factory=dict)
    recent: dict[tuple[int, int], str] = field(default_factory=dict)
    serial: int = 0

    def add(self, path: str, uid: int, serial: int, flags: Flags) -> None:
        key = (self.validity[path], uid)
        assert key not in self.given, "a UID came twice"
        self.given[key] = serial
        self.boxes[path][uid] = (serial, flags)

    def copy(self, source: str, code: re.Match[bytes], target: str, moving: bool, meant: set[int]) -> None:
        """What COPYUID says; it must be all of `meant` that exist."""
        assert int(code[1]) == self.validity[target]
        old, new = list(members(code[2])), list(members(code[3]))
        assert len(old) == len(new)
        assert set(old) == meant & self.boxes[source].keys()
        for uid, born in zip(old, new, strict=True):
            self.add(target, born, *self.boxes[source][uid])
            if moving:
                del self.boxes[source][uid]

    def store(self, path: str, uids: Iterable[int], change: Callable[[Flags], Flags]) -> None:
        box = self.boxes[path]
        for uid in box.keys() & set(uids):
            box[uid] = (box[uid][0], change(box[uid][1]))

    def expunge(self, path: str, uids: Iterable[int]) -> None:
        box = self.boxes[path]
        for uid in box.keys() & set(uids):
            if "\\Deleted" in box[uid][1]:
                del box[uid]


def members(octets: bytes) -> Iterable[int]:
    """The UIDs of a set."""
    for part in octets.decode().split(","):
        low, _, high = part.partition(":")
        yield from range(int(low), int(high or low) + 1)


COPYUID = re.compile(rb"\S+ OK \[COPYUID ([0-9]+) (\S+) (\S+)\]")
APPENDUID = re.compile(rb"t OK \[APPENDUID ([0-9]+) (\S+)\]")
_FETCH = re.compile(rb"\* ([0-9]+) FETCH \((.*)\)")


class Sight:
    """One session. `uids` are its messages in order; `flags` what it was told of them; `modseq` the highest it heard of.
    `kept` is what it knew of a mailbox when it left it in good order: (path, validity, modseq, flags by UID)."""

    def __init__(self, name: str, peer: Peer, world: World, rev2: bool = False, qresync: bool = False) -> None:
        self.name, self.peer, self.world, self.rev2, self.qresync = name, peer, world, rev2, qresync
        self.kept: tuple[str, int, int, dict[int, Flags]] | None = None
        self.close()

    def close(self) -> None:
        self.box: str | None = None
        self.read_only = False
        self.uids: list[int] = []
        self.flags: dict[int, Flags] = {}
        self.known: set[str] = set()
        self.modseq = 0
        self.earlier: set[int] = set()

    @property
    def there(self) -> dict[int, tuple[int, Flags]]:
        """The selected mailbox as it really is."""
        assert self.box is not None
        return self.world.boxes[self.box]

    def hear(
        self,
        lines: list[bytes],
        by_number: bool = False,
        expected: Callable[[], set[int]] | None = None,
        flags_are_now: bool = True,
    ) -> None:
        """Every line of an answer, the world being as it is after the command. `expected` is what a search must find."""
        told: dict[int, Flags] = {}
        for line in lines:
            if found := re.fullmatch(rb"\* ([0-9]+) EXISTS", line):
                self._exists(int(found[1]))
            elif found := re.fullmatch(rb"\* ([0-9]+) EXPUNGE", line):
                assert not by_number, "EXPUNGE where numbers may not change (RFC 9051 §7.5.1)"
                assert not self.qresync
                self._gone(self.uids[int(found[1]) - 1])
            elif found := re.fullmatch(rb"\* VANISHED (\(EARLIER\) )?(\S+)", line):
                assert self.qresync
                gone = parse_uids(found[2])
                assert gone is not None
                if found[1]:
                    self.earlier.update(gone)
                    continue
                assert not by_number
                for uid in gone:
                    self._gone(uid)
            elif found := _FETCH.fullmatch(line):
                self._fetched(int(found[1]), found[2], told)
            elif found := re.fullmatch(rb"\* FLAGS \((.*)\)", line):
                self.known = {flag.lower() for flag in found[1].decode().split()}
            elif found := re.fullmatch(rb"\* (?:SEARCH|ESEARCH \(TAG \"t\"\)( UID)?(?: ALL)?)((?: [0-9:,]+)*)", line):
                self._found(found[2].replace(b",", b" ").split(), expected)
            elif found := re.search(rb"\[HIGHESTMODSEQ ([0-9]+)\]", line):
                self.modseq = max(self.modseq, int(found[1]))
        for uid, flags in told.items():
            if flags_are_now and uid in self.there:
                assert self.there[uid][1] == flags, "the last word about its flags was wrong"

    def _exists(self, count: int) -> None:
        assert count >= len(self.uids), "EXISTS took messages away"
        last = self.uids[-1] if self.uids else 0
        new = sorted(uid for uid in self.there if uid > last)
        assert count - len(self.uids) == len(new), "EXISTS told of more or less than came"
        self.uids += new

    def _gone(self, uid: int) -> None:
        assert uid not in self.there, "told of an expunge that was none"
        self.uids.remove(uid)
        self.flags.pop(uid, None)

    def _fetched(self, number: int, items: bytes, told: dict[int, Flags]) -> None:
        assert 0 < number <= len(self.uids), "a number beyond the last"
        uid = self.uids[number - 1]
        if found := re.search(rb"\bUID ([0-9]+)", items):
            assert int(found[1]) == uid, "another UID than before"
        if found := re.search(rb"ENVELOPE \(NIL \"m([0-9]+)\"", items):
            assert self.box is not None
            assert self.world.given[self.world.validity[self.box], uid] == int(found[1]), (
                "another message under this UID"
            )
        if found := re.search(rb"MODSEQ \(([0-9]+)\)", items):
            self.modseq = max(self.modseq, int(found[1]))
        if found := re.search(rb"FLAGS \((.*?)\)", items):
            flags = set(found[1].decode().split())
            assert {flag.lower() for flag in flags} - {"\\recent"} <= self.known, "a flag that FLAGS did not tell of"
            if "\\Recent" in flags:
                flags.remove("\\Recent")
                self._recent(uid)
            told[uid] = self.flags[uid] = frozenset(flags)

    def _recent(self, uid: int) -> None:
        assert not self.rev2
        if not self.read_only:
            assert self.box is not None
            key = (self.world.validity[self.box], uid)
            assert self.world.recent.setdefault(key, self.name) == self.name, "\\Recent in two sessions"

    def _found(self, words: list[bytes], expected: Callable[[], set[int]] | None) -> None:
        assert expected is not None
        assert {n for word in words for n in members(word)} == expected()

    def agree(self) -> None:
        """After NOOP and a FETCH of everything: what it believes is what is so."""
        assert self.uids == sorted(self.there)
        assert self.flags == {uid: flags for uid, (_, flags) in self.there.items()}

    def keep(self) -> None:
        """Before it leaves, in agreement: for a quick start next time."""
        assert self.box is not None
        self.kept = (self.box, self.world.validity[self.box], self.modseq, dict(self.flags))

    def resume(self, path: str) -> bytes:
        """The QRESYNC parameter, where there is something kept of this mailbox."""
        if self.kept is None or not self.qresync or self.kept[0] != path or not self.kept[2]:
            return b""
        _, validity, modseq, flags = self.kept
        known = f" {UidSet.of(flags)}" if flags else ""
        return f" (QRESYNC ({validity} {modseq}{known}))".encode()

    def resumed(self) -> None:
        """What was kept, with what SELECT told of, is what is so (RFC 7162 §3.2.5)."""
        assert self.kept is not None
        now = {uid: flags for uid, flags in self.kept[3].items() if uid not in self.earlier}
        now.update(self.flags)
        assert now.keys() <= self.there.keys(), "an expunge was not told of"
        assert all(self.there[uid][1] == flags for uid, flags in now.items()), "a change was not told of"
        self.flags = now
