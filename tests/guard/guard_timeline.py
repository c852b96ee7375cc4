"""A guard with a clock in its hand: what the timelines of these tests are written in."""

from __future__ import annotations

from typing import Any

from gatepost.guard.engine import Guard
from gatepost.guard.fingerprints import Fingerprints
from gatepost.guard.options import GuardOptions
from gatepost.guard.verdicts import Attempt, Outcome, Refusal, Settlement, Ticket
from gatepost.model.account import AccountId, Login
from gatepost.model.address import Address, parse_address
from gatepost.model.events import Banned
from gatepost.ports.guardstore import Record

START = 1_700_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def login(name: str) -> Login:
    """A name that begins with `no` is nobody's."""
    return Login(f"{name}@here.example", None if name.startswith("no") else AccountId(name))


class Timeline:
    """`now` moves only when told to."""

    def __init__(self, **options: Any) -> None:
        self.options = GuardOptions(**options)
        self.guard = Guard(self.options, bytes(32))
        self.prints = Fingerprints(b"1" * 32, b"2" * 32)
        self.now = START

    def wait(self, seconds: float) -> list[Any]:
        self.now += seconds
        return list(self.guard.tick(self.now))

    def ask(
        self, source: str | Address, name: str = "ann", password: str | None = "x", *, door: str = "imap",
        kind: str = "mua", mechanism: str = "PLAIN", token: bool = False, common: bool = False,
    ) -> Ticket | Refusal:  # fmt: skip
        who = login(name)
        address = parse_address(source) if isinstance(source, str) else source
        tags = None if password is None or token else self.prints.tags(who.key, password.encode())
        return self.guard.reserve(Attempt(address, who, door, mechanism, kind, tags, common, token), self.now)

    def tell(self, ticket: Ticket | Refusal, outcome: Outcome) -> Settlement:
        assert isinstance(ticket, Ticket), ticket
        return self.guard.settle(ticket, outcome, self.now)

    def wrong(self, source: str | Address, name: str = "ann", password: str | None = "x", **more: Any) -> Any:
        """A refusal, or the settlement of a wrong password."""
        answer = self.ask(source, name, password, **more)
        return answer if isinstance(answer, Refusal) else self.tell(answer, Outcome.WRONG)

    def right(self, source: str | Address, name: str = "ann", **more: Any) -> Any:
        """A refusal, or the settlement of a right password."""
        answer = self.ask(source, name, f"right of {name}", **more)
        return answer if isinstance(answer, Refusal) else self.tell(answer, Outcome.RIGHT)

    def admit(self, source: str) -> str:
        return self.guard.admit(parse_address(source), self.now)

    def banned(self) -> list[str]:
        return [str(ban.network) for ban in self.guard.bans(self.now)]


def restarted(line: Timeline, disk: dict[tuple[str, bytes], bytes]) -> Timeline:
    """The same from what is on disk."""
    for record in line.guard.changed():
        assert record.table
        if record.value is None:
            disk.pop((record.table, record.key), None)
        else:
            disk[record.table, record.key] = record.value
    other = Timeline()
    other.options, other.now = line.options, line.now
    other.guard = Guard(line.options, bytes(32))
    other.guard.load([Record(table, key, value) for (table, key), value in disk.items()], line.now)
    return other


def bans(events: Any) -> list[Banned]:
    """The bans among what came of an attempt."""
    return [event for event in events if isinstance(event, Banned)]
