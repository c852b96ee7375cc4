"""Networks are counted from their second failing part on (law 10): what is known of the first until then, and what becomes
of it."""

from __future__ import annotations

import pytest
from guard_timeline import DAY, HOUR, MINUTE, Timeline, bans, restarted
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.guard.explain import Level
from gatepost.guard.loneparts import LoneParts
from gatepost.guard.options import FullOptions
from gatepost.guard.verdicts import Outcome
from gatepost.model.address import parse_address, parse_network
from gatepost.model.units import Rate


def networks(line: Timeline, source: str) -> dict[str, Level]:
    """What is counted around an address, by network."""
    return {level.name: level for level in line.guard.explain_source(parse_address(source), line.now).networks}


def test_a_network_has_nothing_of_its_own_before_a_second_part_fails() -> None:
    line = Timeline(policy="full")
    for n in range(5):
        line.wrong("203.0.113.1", "ann", f"guess {n}")
    assert networks(line, "203.0.113.1") == {}
    assert {record.table for record in line.guard.changed()} == {"source", "account", "alarm"}
    line.wrong("203.0.113.2", "ann", "guess 6")
    found = networks(line, "203.0.113.1")
    assert (found["203.0.113.0/24"].level, found["203.0.113.0/24"].parts) == (6.0, 2)
    assert "203.0.0.0/16" not in found  # all of it in one /24
    line.wrong("203.0.112.2", "ann", "guess 7")
    wide = networks(line, "203.0.113.1")["203.0.0.0/16"]
    assert (wide.level, wide.parts) == (1.0, 2)


def test_what_the_first_part_did_is_carried_over_as_far_as_it_would_be_left() -> None:
    line = Timeline(policy="full")
    for n in range(6):
        line.wrong("203.0.113.1", "ann", f"guess {n}")
    line.wait(HOUR)
    line.wrong("203.0.113.2", "bob", "guess")
    level = networks(line, "203.0.113.1")["203.0.113.0/24"].level
    assert level == pytest.approx(6 - 40 / 24 + 1)


def test_a_first_part_that_was_banned_counts_as_well() -> None:
    line = Timeline(policy="full")
    found = []
    for n in range(8):
        for guess in range(10):
            answer = line.wrong(f"203.0.113.{n}", f"user{n}", f"guess {n} {guess}")
            found += bans(answer.events)
    assert "203.0.113.0/24" in [ban.network for ban in found]


@pytest.mark.parametrize("harm", ["abuse", "cut off"])
def test_only_wrong_passwords_are_carried_over(harm: str) -> None:
    line = Timeline(policy="full")
    source = parse_address("203.0.113.1")
    line.wrong("203.0.113.1", "ann", "guess")
    for n in range(20):
        if harm == "abuse":
            line.guard.abuse(source, "out-of-turn", line.now, "smtp")
        elif harm == "cut off" and n < 3:
            line.tell(line.ask("203.0.113.1", "ann", f"other {n}"), Outcome.ABANDONED)
    line.wrong("203.0.113.2", "bob", "guess")
    assert networks(line, "203.0.113.1")["203.0.113.0/24"].level == 2.0


def test_refunded_points_are_not_carried_over() -> None:
    line = Timeline(policy="full")
    for n in range(3):
        line.wrong("203.0.113.1", "ann", f"typo {n}")
    line.right("203.0.113.1", "ann")
    line.wrong("203.0.113.2", "bob", "guess")
    assert networks(line, "203.0.113.1")["203.0.113.0/24"].level == 1.0


def test_the_first_part_counts_when_its_own_entry_is_gone() -> None:
    line = Timeline(policy="full", max_sources=64, max_networks=512)
    line.wrong("203.0.113.1", "ann", "guess")
    for n in range(400):
        line.wrong(f"60.{n % 250}.{n // 250}.1", f"user{n}", f"guess {n}")
    assert line.guard.explain_source(parse_address("203.0.113.1"), line.now).failures == 0
    line.wrong("203.0.113.2", "bob", "guess")
    found = networks(line, "203.0.113.1")["203.0.113.0/24"]
    assert (found.level, found.parts) == (1.0, 2)


@pytest.mark.parametrize("second", ["203.0.113.2", "2001:db8:1:2::1"])
def test_the_first_part_counts_after_a_restart(second: str) -> None:
    line = Timeline(policy="full")
    line.wrong("203.0.113.1", "ann", "guess")
    line.wrong("2001:db8:1:1::1", "zoe", "guess")
    line = restarted(line, {})
    line.wrong(second, "bob", "guess")
    assert [level.parts for level in networks(line, second).values()] == [2]


def test_what_is_protected_is_no_first_part_after_a_restart() -> None:
    line = Timeline(policy="full")
    line.wrong("127.0.0.1", "ann", "guess")
    line = restarted(line, {})
    assert line.guard._state.lone.networks() == []


def test_lifting_forgets_the_first_part() -> None:
    line = Timeline(policy="full")
    line.wrong("203.0.113.1", "ann", "guess")
    line.guard.lift(parse_network("203.0.113.1"), line.now, "root")
    line.wrong("203.0.113.2", "bob", "guess")
    assert networks(line, "203.0.113.2") == {}


def test_a_first_part_is_forgotten_in_a_week() -> None:
    line = Timeline(policy="full")
    line.wrong("203.0.113.1", "ann", "guess")
    line.wait(3 * DAY)
    assert line.guard._state.lone.networks()
    line.wait(4 * DAY)
    line.wait(MINUTE)
    line.wait(4 * DAY)
    assert not line.guard._state.lone.networks()


def test_one_part_may_be_enough_where_the_options_say_so() -> None:
    full = FullOptions(network_children=1, network_small=Rate(5, DAY))
    line = Timeline(policy="full", full=full)
    found = [bans(line.wrong("203.0.113.1", "ann", f"guess {n}").events) for n in range(5)]
    assert [ban.network for ban in found[-1]] == ["203.0.113.0/24"]


def test_the_oldest_first_parts_make_room() -> None:
    lone = LoneParts(4)
    assert [lone.other(n, 10 * n) for n in range(8)] == [None] * 8
    assert lone.other(1, 11) == 10  # looked at: it stays
    for n in range(8, 12):
        lone.other(n, 10 * n)
    assert lone.other(1, 11) == 10
    assert lone.other(0, 1) is None  # forgotten
    lone.drop(1)
    assert lone.other(1, 11) is None
    assert len(lone.networks()) <= 8


STEP = st.tuples(st.integers(0, 5), st.integers(0, 40), st.sampled_from([0.0, 1.0, 600.0, 4000.0, 30000.0]))


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEP, max_size=40), last=st.integers(6, 9))
def test_never_more_than_a_count_from_the_beginning_and_at_most_one_parts_points_less(
    steps: list[tuple[int, int, float]], last: int
) -> None:
    """Beside a bucket that counts everything: the network's own, once a second part fails."""
    rate = 40 / DAY
    line = Timeline(policy="full", account_limit=Rate(10_000, DAY), full=FullOptions(total=Rate(10_000, DAY)))
    every, at, first = 0.0, line.now, 0.0
    seen: list[int] = []
    for part, secret, wait in [*steps, (last, 99, 0.0)]:
        line.now += wait
        source = f"203.0.113.{part}"
        answer = line.wrong(source, "ann", f"guess {secret}")
        if not getattr(answer, "counted", False):
            continue
        points = 1.0  # one login: no breadth
        every, at = min(40.0, max(0.0, every - rate * (line.now - at)) + points), line.now
        seen += [part] if part not in seen else []
        first += points if part == seen[0] else 0.0
        found = networks(line, source).get("203.0.113.0/24")
        if found is None:
            assert len(seen) == 1
        else:
            assert found.parts == min(len(seen), 4)
            assert every - first - 1e-6 <= found.level <= every + 1e-6
