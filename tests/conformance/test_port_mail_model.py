"""An AccountMail against a model of a few lines: whatever is done in whatever order, both tell the same."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conformance_adapters import MAILSTORES, SetClock
from conformance_messages import message
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gatepost.model.account import AccountId
from gatepost.model.flags import Flags, add_flags, has_flag, make_flags, remove_flags
from gatepost.model.mail import Draft, EmailUpdate, MailboxId
from gatepost.model.search import And, HasFlag, Header, Not
from gatepost.model.uidset import ALL_UIDS, UidSet

UIDS = st.builds(UidSet.of, st.lists(st.integers(1, 8), max_size=4)) | st.just(ALL_UIDS)
FLAGS = st.builds(make_flags, st.lists(st.sampled_from(["\\Seen", "\\Deleted", "$Work"]), max_size=2))
PLACE = st.integers(0, 2)


@dataclass
class Box:
    """A mailbox: UID -> (email, flags)."""

    id: MailboxId
    uidnext: int = 1
    entries: dict[int, tuple[int, Flags]] = field(default_factory=dict)

    def add(self, email: int, flags: Flags) -> int:
        self.entries[self.uidnext] = (email, flags)
        self.uidnext += 1
        return self.uidnext - 1

    def chosen(self, uids: UidSet) -> list[int]:
        return [uid for uid in sorted(self.entries) if uid in uids]


class MailMachine(RuleBasedStateMachine):
    make: Any

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.store = self.make(Path(self.folder.name), SetClock())
        self.mail = self.store.open(AccountId("a1"))
        self.boxes: list[Box] = []
        self.subjects: dict[int, str] = {}
        self.number = 0
        self.synced: dict[int, tuple[int, dict[int, Flags]]] = {}
        self.known: set[int] = set()
        self.state = 0

    def do(self, call: Any) -> Any:
        return self.loop.run_until_complete(call)

    def teardown(self) -> None:
        self.do(self.store.close())
        self.loop.close()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        self.boxes = [Box(self.do(self.mail.mailbox(name)).id) for name in ("INBOX", "Sent", "Trash")]
        self.state = self.do(self.mail.states()).email

    @rule(places=st.sets(PLACE, min_size=1), flags=FLAGS)
    def append(self, places: set[int], flags: Flags) -> None:
        self.number += 1
        boxes = [self.boxes[place] for place in sorted(places)]
        subject = f"s{self.number % 3}"
        stored = self.do(self.mail.append(Draft(message(self.number, subject), tuple(box.id for box in boxes), flags)))
        assert stored.uids == tuple(box.add(stored.email, flags) for box in boxes)
        assert stored.email not in self.subjects
        self.subjects[stored.email] = subject

    @rule(place=PLACE, uids=UIDS, mode=st.sampled_from(["add", "remove", "replace"]), flags=FLAGS)
    def set_flags(self, place: int, uids: UidSet, mode: str, flags: Flags) -> None:
        box = self.boxes[place]
        done = self.do(self.mail.set_flags(box.id, uids, mode, flags))
        for uid in box.chosen(uids):
            email, old = box.entries[uid]
            new = {"add": add_flags(old, flags), "remove": remove_flags(old, flags), "replace": flags}[mode]
            box.entries[uid] = (email, new)
        told = list(zip(done.now.uids, done.now.flags, strict=True))
        assert told == [(uid, box.entries[uid][1]) for uid in box.chosen(uids)]

    @rule(source=PLACE, destination=PLACE, uids=UIDS, move=st.booleans())
    def copy_or_move(self, source: int, destination: int, uids: UidSet, move: bool) -> None:
        one, other = self.boxes[source], self.boxes[destination]
        call = self.mail.move if move else self.mail.copy
        done = self.do(call(one.id, uids, other.id))
        pairs = []
        for uid in one.chosen(uids):
            email, flags = one.entries.pop(uid) if move else one.entries[uid]
            pairs.append((uid, other.add(email, flags)))
        assert list(done.pairs) == pairs

    @rule(place=PLACE, uids=UIDS, only_deleted=st.booleans())
    def expunge(self, place: int, uids: UidSet, only_deleted: bool) -> None:
        box = self.boxes[place]
        gone = [u for u in box.chosen(uids) if not only_deleted or has_flag(box.entries[u][1], "\\Deleted")]
        assert list(self.do(self.mail.expunge(box.id, uids, only_deleted)).vanished) == gone
        for uid in gone:
            del box.entries[uid]

    @rule(pick=st.integers(0, 50), places=st.sets(PLACE, min_size=1))
    def update(self, pick: int, places: set[int]) -> None:
        living = sorted(self.living())
        if not living:
            return
        email = living[pick % len(living)]
        targets = frozenset(self.boxes[place].id for place in places)
        assert self.do(
            self.mail.update_emails([EmailUpdate(email, mailboxes=targets, flags=make_flags(["$New"]))])
        ) == {email: None}
        for place, box in enumerate(self.boxes):
            uids = [uid for uid in sorted(box.entries) if box.entries[uid][0] == email]
            for uid in uids:
                if place in places:
                    box.entries[uid] = (email, make_flags(["$New"]))
                else:
                    del box.entries[uid]
            if place in places and not uids:
                box.add(email, make_flags(["$New"]))

    @rule(pick=st.integers(0, 50))
    def destroy(self, pick: int) -> None:
        living = sorted(self.living())
        if living:
            email = living[pick % len(living)]
            assert self.do(self.mail.destroy_emails([email])) == [email]
            for box in self.boxes:
                box.entries = {uid: entry for uid, entry in box.entries.items() if entry[0] != email}

    @rule()
    def reopen(self) -> None:
        self.do(self.store.close())
        self.store = self.make(Path(self.folder.name), SetClock())
        self.mail = self.store.open(AccountId("a1"))

    @rule(place=PLACE)
    def search(self, place: int) -> None:
        box = self.boxes[place]
        found = self.do(self.mail.search(box.id, And((Not(HasFlag("\\Seen")), Header("subject", "S1")))))
        expected = [
            uid
            for uid, (email, flags) in sorted(box.entries.items())
            if not has_flag(flags, "\\Seen") and self.subjects[email] == "s1"
        ]
        assert found == expected

    def living(self) -> set[int]:
        return {email for box in self.boxes for email, _ in box.entries.values()}

    @invariant()
    def listings_agree(self) -> None:
        total = 0
        for box in self.boxes:
            entries = self.do(self.mail.entries(box.id, ALL_UIDS))
            assert {e.uid: (e.email, e.flags) for e in entries} == box.entries
            told = self.do(self.mail.mailbox_by_id(box.id))
            assert told.uidnext == box.uidnext
            assert told.messages == len(entries)
            assert told.unseen == sum(not has_flag(e.flags, "\\Seen") for e in entries)
            assert told.deleted == sum(has_flag(e.flags, "\\Deleted") for e in entries)
            assert all(e.modseq <= told.modseq for e in entries)
            total += told.size
        assert self.do(self.mail.usage()) == total

    @invariant()
    def deltas_lead_to_the_same(self) -> None:
        """Who only ever applied what changed knows what there is (QRESYNC)."""
        for box in self.boxes:
            since, view = self.synced.get(box.id, (0, {}))
            delta = self.do(self.mail.delta(box.id, since))
            view = {uid: flags for uid, flags in view.items() if uid not in delta.vanished}
            view |= {entry.uid: entry.flags for entry in delta.entries}
            assert view == {uid: flags for uid, (_, flags) in box.entries.items()}
            self.synced[box.id] = (delta.modseq, view)

    @invariant()
    def changes_lead_to_the_same(self) -> None:
        """Likewise by JMAP changes."""
        changes = self.do(self.mail.email_changes(self.state))
        assert set(changes.updated) <= self.known
        self.known = (self.known | set(changes.created)) - set(changes.destroyed)
        self.state = changes.modseq
        if self.boxes:
            assert self.known == self.living()


@pytest.mark.parametrize("adapter", sorted(MAILSTORES))
def test_the_store_is_its_model(adapter: str) -> None:
    machine = type("Machine", (MailMachine,), {"make": staticmethod(MAILSTORES[adapter])})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine, settings=settings(max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=checks)
    )
