"""Law 6: repetition is not guessing; one password over many accounts is."""

from __future__ import annotations

import pytest
from guard_timeline import DAY, HOUR, MINUTE, Timeline

from gatepost.guard.fingerprints import Fingerprints
from gatepost.guard.verdicts import Outcome, Refusal, Rule, Tags, Ticket
from gatepost.model.address import parse_address
from gatepost.model.units import Rate

OFFICE = "203.0.113.9"


def test_a_phone_with_yesterdays_password_counts_once() -> None:
    for policy in ("simple", "full"):
        line = Timeline(policy=policy)
        first = line.wrong(OFFICE, password="of yesterday")
        assert (first.counted, first.why) == (True, "wrong")
        for _ in range(500):
            line.wait(5 * MINUTE)
            again = line.wrong(OFFICE, password="of yesterday")
            assert (again.counted, again.why) == (False, "repeated")
        assert line.banned() == []


def test_it_is_known_across_the_keys_rotation_for_as_long_as_it_goes_on() -> None:
    line = Timeline(policy="full")
    assert line.wrong(OFFICE, password="of yesterday").counted
    for day in range(5):
        line.prints.rotate(b"s%31d" % day, b"p%31d" % day)
        for _ in range(24):
            line.wait(HOUR)
            assert not line.wrong(OFFICE, password="of yesterday").counted


def test_it_counts_again_in_another_lane_and_after_a_day_of_silence() -> None:
    line = Timeline(policy="full")
    line.wrong(OFFICE, password="of yesterday")
    line.right(OFFICE)
    assert line.wrong(OFFICE, password="of yesterday").counted  # the familiar lane has not seen it
    for _ in range(60):
        line.wait(HOUR)
    assert line.wrong(OFFICE, password="of yesterday").counted


def test_scram_shows_nothing_so_each_counts_with_more_room() -> None:
    line = Timeline(policy="full", address_limit=Rate(100, HOUR))
    line.right(OFFICE)
    answers = [line.wrong(OFFICE, password=None, mechanism="SCRAM-SHA-256") for _ in range(20)]
    assert sum(not isinstance(answer, Refusal) for answer in answers) == 16


def test_a_previous_password_costs_nothing() -> None:
    line = Timeline(policy="full")
    for n in range(100):
        settled = line.tell(line.ask(OFFICE, password=f"old {n}"), Outcome.PREVIOUS)
        assert (settled.counted, settled.why) == (False, "previous")


def test_tags_may_come_with_the_outcome_only() -> None:
    line = Timeline(policy="full")
    for n in range(3):
        ticket = line.ask(OFFICE, password=None)
        assert isinstance(ticket, Ticket)
        tags = line.prints.tags("ann@here.example", b"of yesterday")
        assert line.guard.settle(ticket, Outcome.WRONG, line.now, tags).counted is (n == 0)


def test_a_sprayed_password_is_refused_unverified() -> None:
    line = Timeline(policy="full")
    line.right("192.0.2.33", "zoe")
    for n in range(5):
        assert line.wrong(f"60.{n}.7.9", f"user{n}", "Winter2026!").counted
    refused = line.wrong("61.1.7.9", "carl", "Winter2026!")
    assert (refused.rule, refused.close) == (Rule.PASSWORD, False)
    assert line.guard.explain_login(line.ask("62.1.1.1", "carl").attempt.login, line.now).lanes[0].level == 1.0  # type: ignore[union-attr]
    assert isinstance(line.ask("192.0.2.33", "zoe", "Winter2026!"), Ticket)  # known there
    line.wait(2 * DAY)
    assert isinstance(line.ask("61.2.7.9", "dora", "Winter2026!"), Ticket)


def test_who_sprays_is_banned() -> None:
    line = Timeline(policy="full")
    for n in range(5):
        line.wrong(f"60.{n}.7.9", f"user{n}", "Winter2026!")
    refusals = [line.wrong("61.1.7.9", f"victim{n}", "Winter2026!") for n in range(10)]
    assert all(isinstance(answer, Refusal) for answer in refusals)
    (ban,) = [event for answer in refusals for event in answer.events]
    assert ban.evidence.reason == "one password tried on many accounts"
    assert line.admit("61.1.7.9") == "drop"


def test_typos_vanish_with_the_right_password() -> None:
    line = Timeline(policy="full")
    for n in range(4):
        line.wrong(OFFICE, password=f"typo {n}")
    line.right(OFFICE)
    assert line.guard.explain_source(parse_address(OFFICE), line.now).points.level == 0.0
    for day_of_polls in range(20):
        line.wrong(OFFICE, f"bob{day_of_polls}", f"guess {day_of_polls}")
        line.right(OFFICE)  # gives nothing back of theirs
    assert line.banned() == [OFFICE]


@pytest.mark.parametrize(("pause", "left"), [(3000.0, 0.0), (7200.0, 4 / 12)])
def test_typos_before_a_long_pause_stay(pause: float, left: float) -> None:
    line = Timeline(policy="full")
    for n in range(3):
        line.wrong(OFFICE, password=f"typo {n}")
        line.wait(pause)
    line.now -= pause - 60.0
    line.right(OFFICE)
    assert line.guard.explain_source(parse_address(OFFICE), line.now).points.level == pytest.approx(left, abs=0.01)


def test_fingerprints_are_short_keyed_and_apart() -> None:
    prints = Fingerprints(b"1" * 32, b"2" * 32)
    first = prints.tags("ann", b"secret")
    assert first == prints.tags("ann", b"secret")
    assert (first.same[1], first.spray[1]) == (0, 0)
    assert 0 < first.same[0] < 1 << 16
    assert 0 < first.spray[0] < 1 << 32
    other = prints.tags("bob", b"secret")
    assert other.same != first.same
    assert other.spray == first.spray
    prints.rotate(b"3" * 32, b"4" * 32)
    later = prints.tags("ann", b"secret")
    assert (later.same[1], later.spray[1]) == (first.same[0], first.spray[0])
    assert later.same[0] != first.same[0]
    prints.rotate(b"5" * 32, b"6" * 32)
    assert prints.tags("ann", b"secret").same[1] == later.same[0]
    assert isinstance(later, Tags)
