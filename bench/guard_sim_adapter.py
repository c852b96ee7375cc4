"""The real guard under the guard simulator: the same traffic and attacks as every other policy gets.

    PYTHONPATH=SIMULATOR:. python bench/guard_sim_adapter.py [--safe N] [--guard-policy simple]
        [--account-lock strict] [run.py's options]

runs "none" and this guard only; `run.py --policy guard_sim_adapter:Gatepost` puts it beside all the others.
Time is the simulator's; passwords are its numbers, written in decimal.
"""

from __future__ import annotations

import sys
from typing import Any

from policies import Policy  # the simulator's

from gatepost.guard.engine import Guard
from gatepost.guard.fingerprints import Fingerprints
from gatepost.guard.options import GuardOptions
from gatepost.guard.verdicts import Attempt, Outcome, Refusal, Rule, Ticket
from gatepost.model.account import AccountId, Login
from gatepost.model.address import Address

_ANSWERS = {Rule.ACCOUNT: 2, Rule.PASSWORD: 3}  # everything else is about the source
_APP_PASSWORDS = 9_000_000
_COMMONEST = 10_000
_DAY = 86400.0
_START = 1.7e9  # the simulator begins at 0, the guard lives in this century


class Gatepost(Policy):
    """`safe`: a source that tries at most this many passwords a day, each of two accounts, is the cleverest we know."""

    name = "Gatepost"
    count_delay = 0.0
    safe = (10, 86400)
    options = GuardOptions(policy="full")

    def __init__(self) -> None:
        self.guard = Guard(self.options, bytes(range(32)))
        self.prints = Fingerprints(b"1" * 32, b"2" * 32)
        self.logins: dict[int, Login] = {}
        self.right: dict[int, int] = {}
        self.previous: set[tuple[int, int]] = set()
        self.ticket: Ticket | None = None
        self.ticked = self.rotated = 0.0

    def check(self, t: float, src: Any, user: int, pw: int, dev: str) -> int:
        now = t + _START
        if t - self.ticked >= 60:
            self.guard.tick(now)
            self.guard.changed()
            self.ticked = t
        if t - self.rotated >= _DAY:
            self.prints.rotate(b"s%31d" % int(t), b"p%31d" % int(t))
            self.rotated = t
        login = self.logins.get(user)
        if login is None:
            name = f"u{user}@sim.example"
            login = self.logins[user] = Login(name, AccountId(f"a{user}") if user >= 0 else None)
        source = Address(6, src[0] & (1 << 128) - 1) if src[5] else Address(4, src[0])
        token = pw >= _APP_PASSWORDS
        answer = self.guard.reserve(
            Attempt(
                source=source,
                login=login,
                door="imap",
                mechanism="PLAIN",
                kind=dev,
                tags=None if token else self.prints.tags(login.key, b"%d" % pw),
                common=pw <= _COMMONEST,
                token=token,
            ),
            now,
        )
        if isinstance(answer, Refusal):
            return _ANSWERS.get(answer.rule, 1)
        self.ticket = answer
        return 0

    def on_fail(self, t: float, src: Any, user: int, pw: int, dev: str) -> None:
        assert self.ticket is not None
        outcome = Outcome.PREVIOUS if (user, pw) in self.previous else Outcome.WRONG
        self.guard.settle(self.ticket, outcome, t + _START)

    def on_success(self, t: float, src: Any, user: int, pw: int, dev: str) -> None:
        assert self.ticket is not None
        self.guard.settle(self.ticket, Outcome.RIGHT, t + _START)
        if pw < _APP_PASSWORDS and self.right.get(user, pw) != pw:
            self.previous.add((user, self.right[user]))
        self.right[user] = pw

    def mem(self) -> int:
        """Octets of everything that the guard holds."""
        return held(self.guard)


def held(root: object) -> int:
    """Recursive size of an object and all it refers to, types and functions apart."""
    seen: set[int] = set()
    total, todo = 0, [root]
    while todo:
        one = todo.pop()
        if id(one) in seen or one is None or isinstance(one, (type, bool)) or callable(one):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        if isinstance(one, dict):
            todo += one.keys()
            todo += one.values()
        elif isinstance(one, (list, tuple, set, frozenset)):
            todo += one
        else:
            todo += vars(one).values() if hasattr(one, "__dict__") else ()
            for kind in type(one).__mro__:
                todo += [getattr(one, name, None) for name in getattr(kind, "__slots__", ())]
            todo += [getattr(one, name) for name in getattr(one, "__struct_fields__", ())]
    return total


def main() -> None:
    """Takes its own options out, then hands the rest to the simulator."""
    import run

    own = {"--safe": "", "--guard-policy": "full", "--account-lock": "strangers"}
    for option in own:
        if option in sys.argv:
            at = sys.argv.index(option)
            own[option] = sys.argv[at + 1]
            del sys.argv[at : at + 2]
    if own["--safe"]:
        Gatepost.safe = (int(own["--safe"]), 86400)
    Gatepost.options = GuardOptions(
        policy=own["--guard-policy"],  # type: ignore[arg-type]
        account_lock=own["--account-lock"],  # type: ignore[arg-type]
    )
    run.policies = lambda: [Policy, Gatepost]
    run.main()


if __name__ == "__main__":
    main()
