"""A day at a real gate, written to a real log: owners, guessers, sprayers, parallel attempts, hands of administrators."""

from __future__ import annotations

import contextlib
import hashlib
import random
from pathlib import Path

from gatepost.adapters.log import Log
from gatepost.adapters.sqlite import SqliteGuardStore
from gatepost.config.load import parse
from gatepost.gate import Gate
from gatepost.guard.engine import CannotBan
from gatepost.guard.options import GuardOptions
from gatepost.guard.verdicts import Admission, Outcome, Refusal, Ticket
from gatepost.journal import Journal
from gatepost.model.account import AccountId, Login
from gatepost.model.address import Address, parse_address, parse_network
from gatepost.model.connection import Connection, Door
from gatepost.model.events import Abuse, Delivered
from gatepost.model.secret import Secret

START = 1_800_000_000.25
PEOPLE = [f"p{number}@example.org" for number in range(12)]
COMMON = {b"123456", b"password"}


def policy(text: str) -> GuardOptions:
    return parse(f"[guard]\nnever_ban = []\n{text}").guard


class HandClock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> float:
        return self.at


def right_password(login: str) -> bytes:
    return b"right-" + login.encode()


class Day:
    """A gate with its journal in `folder`; `play` draws what happens from a seed."""

    def __init__(self, folder: Path, options: GuardOptions, seed: int = 1) -> None:
        self.folder, self._options = folder, options
        self.clock = HandClock()
        self.random = random.Random(seed)
        self.log = folder / "journal.json"
        self._busy: list[tuple[Ticket, Outcome, Connection, str, Secret | None]] = []
        self._connections = 0

    def open(self) -> None:
        self._log = Log("json", "info", str(self.log))
        self._store = SqliteGuardStore(self.folder / "gatepost.db")
        self.journal = Journal(self._log)
        self.gate = Gate(
            self._options,
            journal=self.journal,
            clock=self.clock,
            store=self._store,
            key=hashlib.sha256(b"replay").digest(),
            is_common=lambda secret: secret.reveal() in COMMON,
        )

    async def close(self) -> None:
        await self.gate.save()
        await self._store.close()
        self._log.close()
        self._busy.clear()

    def connection(self, source: str | Address, door: Door = Door.IMAP) -> Connection:
        client = parse_address(source) if isinstance(source, str) else source
        self._connections += 1
        here = parse_address("192.0.2.1")
        return Connection(str(self._connections), door, client, 4000, client, here, 143)

    def begin(self, source: str, login: str, password: bytes, kind: str = "imap", scram: bool = False) -> bool:
        """Reserves; the outcome is known later. False if it was dropped or refused."""
        connection = self.connection(source)
        if self.gate.admit(connection.client) is Admission.DROP:
            return False
        known = login in PEOPLE
        who = Login(login, AccountId(login) if known else None)
        secret = None if scram else Secret(password)
        answer = self.gate.reserve(connection, who, "SCRAM-SHA-256" if scram else "LOGIN", kind, secret)
        if isinstance(answer, Refusal):
            return False
        outcome = Outcome.RIGHT if known and password == right_password(login) else Outcome.WRONG
        why = "" if outcome is Outcome.RIGHT else "wrong" if known else "unknown"
        if password == b"old-" + login.encode() and known:
            outcome, why = Outcome.PREVIOUS, "previous"
        self._busy.append((answer, outcome, connection, why, secret))
        return True

    def finish(self, most: int = 100) -> None:
        """Settles what is in flight, as the door does."""
        self.random.shuffle(self._busy)
        for _ in range(min(most, len(self._busy))):
            ticket, outcome, connection, why, secret = self._busy.pop()
            chance = self.random.random()
            if chance < 0.01 and not ticket.attempt.common:
                outcome, why = Outcome.ABANDONED, "abandoned"
            elif chance < 0.02:
                outcome, why = Outcome.UNTRIED, "overloaded"
            elif outcome is Outcome.RIGHT and self.gate.admit(connection.client) is Admission.DROP:
                outcome, why = Outcome.ABANDONED, "banned"
            self.gate.settle(ticket, outcome, connection, why, secret)

    def attempt(self, source: str, login: str, password: bytes, kind: str = "imap", scram: bool = False) -> bool:
        """Begins and finishes. False if it was dropped or refused."""
        begun = self.begin(source, login, password, kind, scram)
        self.finish()
        return begun

    def play(self, moments: int) -> None:
        """That many things happen, some seconds or minutes apart."""
        draw = self.random
        for number in range(moments):
            self.clock.at += draw.choice((0.0, 0.01, 0.3, 2.0, 20.0, 45.0))
            if draw.random() < 0.01:
                self.clock.at += 3 * 3600
            what = draw.random()
            if what < 0.35:
                who = draw.randrange(len(PEOPLE))
                kind = draw.choice(("ios", "thunderbird"))
                password = right_password(PEOPLE[who]) if draw.random() < 0.8 else b"typo-%d" % draw.randrange(4)
                self.begin(
                    f"198.51.{who}.{7 if kind == 'ios' else 8}", PEOPLE[who], password, kind, draw.random() < 0.2
                )
            elif what < 0.40:
                who = draw.randrange(len(PEOPLE))
                self.begin(f"198.51.{who}.9", PEOPLE[who], b"old-" + PEOPLE[who].encode(), "tablet")
            elif what < 0.65:
                source = f"203.0.113.{draw.randrange(20)}"
                self.begin(source, draw.choice(PEOPLE), draw.choice((b"123456", b"guess-%d" % number)), "bot")
            elif what < 0.85:
                source = f"2001:db8:{draw.randrange(3):x}:{draw.randrange(9):x}::1"
                login = draw.choice((*PEOPLE, *(f"nobody{n}@example.org" for n in range(40))))
                self.begin(source, login, draw.choice((b"spring2026", b"summer2026", b"password")), "bot")
            elif what < 0.87:
                self.by_hand(draw.randrange(5))
            elif what < 0.90:
                self.abuse(f"203.0.113.{draw.randrange(40)}")
            elif what < 0.91:
                self.delivered(f"203.0.113.{draw.randrange(40)}")
            if draw.random() < 0.5:
                self.finish(draw.randrange(1, 5))
        self.finish()

    def abuse(self, source: str) -> None:
        at = self.clock.now()
        kind = self.random.choice(("bad-command", "early-talker", "no-such-recipient"))
        self.journal.note(Abuse(at, "c", Door.SMTP, source, kind))

    def delivered(self, source: str) -> None:
        at = self.clock.now()
        self.journal.note(Delivered(at, "c", "a@example.net", PEOPLE[0], 9, "", ("INBOX",), "E1", source))

    def by_hand(self, what: int) -> None:
        network = parse_network(f"203.0.113.{self.random.randrange(20)}")
        guard = self.gate.guard
        if what == 0:
            with contextlib.suppress(CannotBan):
                guard.ban(network, self.gate._moment(), 600.0, "by hand", "command line")
        elif what == 1:
            guard.lift(network, self.gate._moment(), "command line")
        elif what == 2:
            guard.allow(network, "a note")
        elif what == 3:
            guard.disallow(network)
        else:
            guard.forget(self.random.choice(PEOPLE))
