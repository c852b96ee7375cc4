"""Laws 1 and 2: one count, taken when asked."""

from __future__ import annotations

import pytest
from guard_timeline import HOUR, Timeline, bans
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.guard.verdicts import Outcome, Refusal, Rule, Settlement, Ticket
from gatepost.model.units import Rate

POLICIES = ("simple", "full")


@pytest.mark.parametrize("policy", POLICIES)
def test_every_door_feeds_the_same_count(policy: str) -> None:
    line = Timeline(policy=policy, address_limit=Rate(5, HOUR), account_limit=Rate(50, HOUR))
    for number, door in enumerate(("imap", "pop3", "submission", "http")):
        assert line.wrong("203.0.113.9", password=f"guess {number}", door=door).counted
    last = line.wrong("203.0.113.9", password="the fifth", door="managesieve")
    (ban,) = bans(last.events)
    assert ban.network == "203.0.113.9"
    assert ban.evidence.doors == ("imap", "pop3", "submission", "http", "managesieve")
    assert ban.evidence.failures == 5
    assert line.admit("203.0.113.9") == "drop"
    assert line.wrong("203.0.113.9", "bob").rule is Rule.SOURCE


@pytest.mark.parametrize("policy", POLICIES)
def test_a_thousand_parallel_attempts_get_the_limit_and_no_more(policy: str) -> None:
    line = Timeline(policy=policy, in_flight_source=1000, in_flight_stranger=1000)
    answers = [line.ask("203.0.113.9", password=f"guess {n}") for n in range(1000)]
    tickets = [answer for answer in answers if isinstance(answer, Ticket)]
    assert len(tickets) == 10
    assert {answer.rule for answer in answers if isinstance(answer, Refusal)} == {Rule.IN_FLIGHT}
    assert line.admit("203.0.113.9") == "serve"  # they may all be right
    events = [event for ticket in tickets for event in line.tell(ticket, Outcome.WRONG).events]
    assert len(bans(events)) == 1
    assert line.admit("203.0.113.9") == "drop"


def test_a_thousand_addresses_at_once_get_no_more_from_one_account() -> None:
    line = Timeline(policy="simple", in_flight_stranger=1000)
    answers = [line.ask(f"198.51.{n // 250}.{n % 250}", password=f"guess {n}") for n in range(1000)]
    assert sum(isinstance(answer, Ticket) for answer in answers) == 10


def test_few_are_checked_at_once() -> None:
    line = Timeline(policy="full")
    held = [line.ask("203.0.113.9", f"user{n}") for n in range(6)]
    assert [isinstance(answer, Ticket) for answer in held] == [True] * 4 + [False] * 2
    strangers = [line.ask(f"198.51.100.{n}", "carl") for n in range(3)]
    assert [isinstance(answer, Ticket) for answer in strangers] == [True, True, False]
    line.tell(held[0], Outcome.UNTRIED)
    assert isinstance(line.ask("203.0.113.9", "zoe"), Ticket)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_right_password_gives_back_its_own_slot_only(policy: str) -> None:
    line = Timeline(policy=policy, address_limit=Rate(4, 1e9), account_limit=Rate(50, HOUR), proven_for=0)
    for n in range(3):
        line.wrong("203.0.113.9", "eve", f"guess {n}")
    for _ in range(20):
        assert isinstance(line.right("203.0.113.9", "ann"), Settlement)
    settled = line.guard.explain_source(line.ask("203.0.113.9").attempt.source, line.now).points  # type: ignore[union-attr]
    assert settled.level == pytest.approx(4, abs=0.01)  # three wrong ones and the one that was just asked


@pytest.mark.parametrize("outcome", [Outcome.ABANDONED, Outcome.WRONG])
@pytest.mark.parametrize("policy", POLICIES)
def test_whoever_hangs_up_keeps_his_charge(policy: str, outcome: Outcome) -> None:
    line = Timeline(policy=policy)
    for n in range(10):
        assert line.tell(line.ask("203.0.113.9", password=f"guess {n}"), outcome).counted
    refused = line.ask("203.0.113.9", "bob")
    assert isinstance(refused, Refusal)
    assert refused.rule is Rule.SOURCE
    assert line.admit("203.0.113.9") == "drop"


def test_overload_on_our_side_charges_nobody() -> None:
    line = Timeline(policy="full")
    for n in range(30):
        assert not line.tell(line.ask("203.0.113.9", password=f"guess {n}"), Outcome.UNTRIED).counted
    assert line.guard.explain_source(line.ask("203.0.113.9").attempt.source, line.now).points.level == 1.0  # type: ignore[union-attr]


def test_a_ticket_counts_once() -> None:
    line = Timeline(policy="simple")
    ticket = line.ask("203.0.113.9")
    assert line.tell(ticket, Outcome.WRONG).counted
    assert line.tell(ticket, Outcome.RIGHT) == Settlement()


def test_weights_of_the_full_policy() -> None:
    def points(name: str, **more: object) -> float:
        line = Timeline(policy="full")
        line.wrong("203.0.113.9", name, "x", **more)
        return line.guard.explain_source(line.ask("198.51.100.1").attempt.source, line.now) and level(line)

    def level(line: Timeline) -> float:
        address = line.ask("203.0.113.9", "zoe").attempt.source  # type: ignore[union-attr]
        return line.guard.explain_source(address, line.now).points.level - 1.0

    assert points("ann") == 1.0
    assert points("nobody") == 2.0
    assert points("ann", common=True) == 2.0
    assert points("nobody", common=True) == 4.0
    line = Timeline(policy="full", address_limit=Rate(100, HOUR))
    for name in ("ann", "bob", "carl"):
        line.wrong("203.0.113.9", name)
    assert level(line) == 1 + 2 + 3  # breadth


@settings(max_examples=40, deadline=None)
@given(
    limit=st.integers(1, 12),
    steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(["ask", "wrong", "abandon"])), max_size=120),
    policy=st.sampled_from(POLICIES),
)  # fmt: skip
def test_never_more_wrong_passwords_than_the_limit(limit: int, steps: list[tuple[int, int, str]], policy: str) -> None:
    """Whatever the interleaving of asking and settling, for every address and every account."""
    line = Timeline(
        policy=policy, address_limit=Rate(limit, 1e12), account_limit=Rate(limit, 1e12), ban_time=1, ban_max=1,
        in_flight_source=100, in_flight_stranger=100,
    )  # fmt: skip
    held: list[Ticket] = []
    by_source, by_account = [0] * 4, [0] * 3
    for number, (source, account, step) in enumerate(steps):
        if step == "ask" or not held:
            answer = line.ask(f"203.{source}.113.9", f"user{account}", f"guess {number}")
            if isinstance(answer, Ticket):
                held.append(answer)
                by_source[source] += 1
                by_account[account] += 1
        else:
            line.tell(held.pop(source % len(held)), Outcome.WRONG if step == "wrong" else Outcome.ABANDONED)
        line.wait(0.5)
    assert max(by_source) <= limit
    assert max(by_account) <= limit
