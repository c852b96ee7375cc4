"""Laws 4, 5 and 7: an account under attack closes to strangers; guilt is one's own; invented logins close alike."""

from __future__ import annotations

import pytest
from guard_timeline import DAY, HOUR, Timeline, bans

from gatepost.guard.verdicts import Lane, Refusal, Rule, Ticket
from gatepost.model.events import AccountClosed

POLICIES = ("simple", "full")
HOME = "192.0.2.33"


def attack(line: Timeline, name: str = "ann", addresses: int = 200) -> list[object]:
    """One guess from each of many addresses far from each other; returns the answers."""
    return [line.wrong(f"{30 + n // 100}.{n % 100}.7.9", name, f"guess {n}") for n in range(addresses)]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_an_account_under_attack_closes_to_strangers(policy: str, name: str) -> None:
    line = Timeline(policy=policy)
    answers = attack(line, name)
    evaluated = [answer for answer in answers if not isinstance(answer, Refusal)]
    assert len(evaluated) == 10
    assert {answer.rule for answer in answers if isinstance(answer, Refusal)} == {Rule.ACCOUNT}
    assert all(answer.retry_after > 0 and not answer.close for answer in answers if isinstance(answer, Refusal))
    assert line.banned() == []  # law 5
    closed = [event for answer in evaluated for event in answer.events]
    assert [type(event) for event in closed] == [AccountClosed]
    assert closed[0].failures == 10
    assert closed[0].login.startswith("~") is (name == "nobody")


@pytest.mark.parametrize("policy", POLICIES)
def test_even_the_right_password_is_refused_to_a_stranger(policy: str) -> None:
    line = Timeline(policy=policy)
    attack(line)
    refused = line.right("203.0.113.9")
    assert refused.rule is Rule.ACCOUNT
    line.wait(refused.retry_after + 1)
    assert line.right("203.0.113.9").first_from_here


@pytest.mark.parametrize("policy", POLICIES)
def test_the_owner_reads_on(policy: str) -> None:
    line = Timeline(policy=policy)
    assert line.right(HOME).first_from_here
    attack(line)
    settled = line.right(HOME)
    assert not isinstance(settled, Refusal)
    assert not settled.first_from_here
    near = line.ask("192.0.7.7")
    assert isinstance(near, Ticket)  # the same /16
    assert near.lane is Lane.NEAR


def test_lanes_of_the_full_policy() -> None:
    line = Timeline(policy="full")
    line.right(HOME, kind="phone")
    lanes = {
        (source, kind): line.ask(source, kind=kind).lane  # type: ignore[union-attr]
        for source, kind in ((HOME, "phone"), (HOME, "laptop"), ("192.0.7.7", "phone"), ("203.0.113.9", "phone"))
    }
    assert list(lanes.values()) == [Lane.FAMILIAR, Lane.SEEN, Lane.NEAR, Lane.STRANGER]


def test_history_lasts_thirty_days() -> None:
    line = Timeline(policy="full")
    line.right(HOME)
    line.wait(29 * DAY)
    assert line.ask(HOME).lane is Lane.FAMILIAR  # type: ignore[union-attr]
    line.wait(3 * DAY)
    assert line.ask(HOME).lane is Lane.STRANGER  # type: ignore[union-attr]


@pytest.mark.parametrize("policy", POLICIES)
def test_strict_closes_to_everybody(policy: str) -> None:
    line = Timeline(policy=policy, account_lock="strict")
    line.right(HOME)
    attack(line)
    assert line.right(HOME).rule is Rule.ACCOUNT


def test_the_owners_own_lane_has_an_end_too() -> None:
    line = Timeline(policy="full")
    line.right(HOME)
    answers = [line.wrong(HOME, password=f"guess {n}") for n in range(12)]
    assert sum(not isinstance(answer, Refusal) for answer in answers) == 8
    assert answers[-1].rule is Rule.ACCOUNT
    assert line.banned() == []  # 13 points: one account is proven there
    assert not isinstance(line.right("192.0.7.7"), Refusal)  # his phone on the way


def test_app_passwords_work_on_a_closed_account() -> None:
    line = Timeline(policy="full")
    attack(line)
    assert line.right("203.0.113.9").rule is Rule.ACCOUNT
    assert line.right("203.0.113.9", token=True).first_from_here


def test_wrong_tokens_are_charged_to_the_source_and_never_to_the_account() -> None:
    line = Timeline(policy="full")
    for n in range(40):
        line.wrong(f"{30 + n}.1.7.9", token=True)
    assert not isinstance(line.right("203.0.113.9"), Refusal)
    for _ in range(10):
        line.wrong("198.51.100.1", token=True)
    assert line.banned() == ["198.51.100.1"]


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_an_account_is_reopened_by_hand(name: str) -> None:
    line = Timeline(policy="full")
    attack(line, name)
    assert isinstance(line.ask("203.0.113.9", name), Refusal)
    assert line.guard.lift_login(f"{name}@here.example", line.now)
    assert isinstance(line.ask("203.0.113.9", name), Ticket)
    assert not line.guard.lift_login("zoe@here.example", line.now)


def test_an_erased_account_leaves_nothing() -> None:
    line = Timeline(policy="full")
    line.right(HOME)
    line.guard.changed()
    line.guard.forget("ann@here.example")
    assert line.ask(HOME).lane is Lane.STRANGER  # type: ignore[union-attr]
    gone = {record.table for record in line.guard.changed() if record.value is None}
    assert {"familiar", "crowd"} <= gone


def test_a_closed_account_bans_nobody_who_keeps_knocking() -> None:
    line = Timeline(policy="full")
    attack(line)
    for n in range(500):
        assert line.wrong("203.0.113.9", password=f"more {n}").rule is Rule.ACCOUNT
    assert line.banned() == []


def test_a_closed_account_opens_little_by_little() -> None:
    line = Timeline(policy="full")
    attack(line)
    evaluated = 0
    for hour in range(48):
        line.wait(HOUR)
        evaluated += not isinstance(line.wrong(f"60.{hour}.7.9", password=f"later {hour}"), Refusal)
    assert evaluated in (19, 20)  # ten a day


def test_bans_of_other_accounts_attackers_do_not_touch_strangers() -> None:
    line = Timeline(policy="full")
    assert bans([event for answer in attack(line) for event in answer.events]) == []
