"""What one decision of the guard costs: admit, and reserve with settle. Aim: 10 us for a decision."""

from __future__ import annotations

import os
import statistics
import sys
import time

from measuring import table

from gatepost.config.load import parse
from gatepost.guard.engine import Guard
from gatepost.guard.fingerprints import Fingerprints
from gatepost.guard.verdicts import Attempt, Outcome, Ticket
from gatepost.model.account import AccountId, Login
from gatepost.model.address import Address

COUNT = 20_000
ROUNDS = 5


def measure(policy: str) -> list[tuple[str, str]]:
    options = parse(f'[guard]\npolicy = "{policy}"\n').guard
    guard = Guard(options, b"k" * 32)
    prints = Fingerprints(os.urandom(32), os.urandom(32))
    logins = [Login(f"user{n}@example.org", AccountId(f"u{n}")) for n in range(1000)]
    admit, wrong, right, again, clock = [], [], [], [], 1e9
    for turn in range(ROUNDS):
        sources = [Address(4, (20 + turn) * 2**24 + n) for n in range(COUNT)]
        began = time.process_time()
        for source in sources:
            guard.admit(source, clock)
        admit.append((time.process_time() - began) / COUNT * 1e6)
        attempts = [
            Attempt(source, logins[n % 1000], "imap", "PLAIN", "", prints.tags(logins[n % 1000].key, b"p%d" % n))
            for n, source in enumerate(sources)
        ]
        owners = attempts[:1000] * (COUNT // 1000)
        for values, outcome, those, pause in (
            (wrong, Outcome.WRONG, attempts, 60.0),
            (right, Outcome.RIGHT, attempts, 60.0),
            (again, Outcome.RIGHT, owners, 0.5),
        ):
            began = time.process_time()
            for attempt in those:
                clock += pause
                ticket = guard.reserve(attempt, clock)
                if isinstance(ticket, Ticket):
                    guard.settle(ticket, outcome, clock, attempt.tags if outcome is Outcome.WRONG else None)
            values.append((time.process_time() - began) / COUNT * 1e6)
        guard.tick(clock)
        guard.changed()
    return [
        (f"{policy}: {name}", f"{statistics.median(values):.2f}")
        for name, values in (
            ("admit", admit),
            ("reserve + settle, wrong, strangers", wrong),
            ("reserve + settle, right, for the first time from there", right),
            ("reserve + settle, right, from where it always comes", again),
        )
    ]


def main() -> None:
    rows = [row for policy in ("simple", "full") for row in measure(policy)]
    table(f"Guard decisions ({COUNT:,} sources a round, median of {ROUNDS})", ("", "CPU us each"), rows)


if __name__ == "__main__":
    sys.exit(main())
