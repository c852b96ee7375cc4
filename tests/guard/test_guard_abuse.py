"""Abuse other than wrong passwords: what is free, what is counted, who is spared, and that a ban says why."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from guard_timeline import DAY, Timeline, bans
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.guard.abuse_options import AbuseOptions
from gatepost.guard.engine import Guard
from gatepost.guard.rules.abuse import ABUSES
from gatepost.model.address import parse_address, parse_network
from gatepost.model.events import Banned

STRANGER = "203.0.113.9"
POLICIES = pytest.mark.parametrize("policy", ["full", "simple"])


def commit(line: Timeline, kind: str, count: int, source: str = STRANGER) -> list[Banned]:
    """`count` of one kind, at once."""
    address = parse_address(source)
    return [ban for _ in range(count) for ban in bans(line.guard.abuse(address, kind, line.now, "imap"))]


def most_unpunished(kind: str) -> int:
    """How many at once a stranger may commit without being banned: the free ones, and a limit of 10 points."""
    weight = ABUSES[kind].weight(AbuseOptions())
    return weight.free + round(9 / weight.points)


@POLICIES
@pytest.mark.parametrize("kind", ABUSES)
def test_each_kind_bans_who_keeps_on(policy: str, kind: str) -> None:
    line = Timeline(policy=policy)
    assert commit(line, kind, most_unpunished(kind)) == []
    (ban,) = commit(line, kind, 10)
    assert ban.evidence.reason.startswith(f"abuse: {kind} (")
    assert ban.evidence.doors == ("imap",)
    assert line.admit(STRANGER) == "drop"


@POLICIES
@pytest.mark.parametrize("kind", ABUSES)
def test_nobody_exempt_is_counted(policy: str, kind: str) -> None:
    line = Timeline(policy=policy, allow=(STRANGER,), never_ban=("198.51.100.7",))
    for source in (STRANGER, "198.51.100.7"):
        assert commit(line, kind, 1000, source) == []
        assert line.guard.explain_source(parse_address(source), line.now).points.level == 0
        assert not hasattr(line.right(source), "rule")  # a proxy's clients still sign in


@pytest.mark.parametrize("kind", ABUSES)
def test_a_kind_can_be_turned_off(kind: str) -> None:
    off = AbuseOptions(**{kind.replace("-", "_"): 0.0})
    assert commit(Timeline(abuse=off), kind, 1000) == []


def test_free_ones_come_back_over_a_day() -> None:
    line = Timeline()
    for _ in range(30):
        assert commit(line, "relay-attempt", 5) == []
        line.wait(DAY)
    assert line.guard.explain_source(parse_address(STRANGER), line.now).points.level == 0


def test_ten_dead_recipients_a_day_never_cost_a_mail_server_a_point() -> None:
    line = Timeline()
    for _ in range(60):
        assert commit(line, "no-such-recipient", 10) == []
        assert line.guard.explain_source(parse_address(STRANGER), line.now).points.level == 0
        line.wait(DAY)


def test_a_newsletter_that_delivers_may_have_dead_addresses_and_a_harvester_may_not() -> None:
    line = Timeline()
    assert commit(line, "no-such-recipient", 110, "198.51.100.66") == []
    assert len(commit(line, "no-such-recipient", 1, "198.51.100.66")) == 1
    for _ in range(200):
        line.guard.accepted(parse_address(STRANGER), line.now)
    assert commit(line, "no-such-recipient", 420) == []
    assert line.guard.explain_source(parse_address(STRANGER), line.now).points.level == 0
    assert len(commit(line, "no-such-recipient", 200)) == 1  # it earned room, not a licence


def test_room_that_was_earned_ends_when_no_mail_comes_any_more() -> None:
    line = Timeline()
    for _ in range(1000):
        line.guard.accepted(parse_address(STRANGER), line.now)
    line.now += 31 * DAY
    assert len(commit(line, "no-such-recipient", 200)) == 1


@pytest.mark.parametrize("kind", ["loitering", "too-many-connections"])
def test_where_accounts_are_proven_holding_connections_is_nothing(kind: str) -> None:
    line = Timeline()
    line.right(STRANGER)
    assert commit(line, kind, 1000) == []


def test_abuse_at_a_proven_source_confines_it() -> None:
    line = Timeline()
    line.right(STRANGER)
    (ban,) = commit(line, "scanner-path", 40)
    assert ban.scope == "confined"
    assert line.admit(STRANGER) == "confined"
    assert not hasattr(line.right(STRANGER), "rule")


def test_wrong_passwords_are_still_what_a_ban_for_them_says() -> None:
    line = Timeline(policy="simple")
    commit(line, "early-talker", 5)
    for number in range(9):
        line.wrong(STRANGER, f"no{number}", f"p{number}")
    (ban,) = line.guard.bans(line.now)
    assert ban.evidence.reason == "too many wrong passwords"


def test_a_dry_run_bans_nobody_and_says_so() -> None:
    (ban,) = commit(Timeline(enforce=False), "early-talker", 20)
    assert not ban.enforced


def test_lifting_gives_back_what_was_free() -> None:
    line = Timeline()
    assert commit(line, "early-talker", 20)
    line.guard.lift(parse_network(STRANGER), line.now, "root")
    assert line.admit(STRANGER) == "serve"
    assert commit(line, "early-talker", most_unpunished("early-talker")) == []


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*ABUSES, "accepted"]), st.integers(0, 3)), max_size=60))
def test_a_restart_forgets_nothing(steps: list[tuple[str, int]]) -> None:
    line = Timeline()
    for kind, host in steps[: len(steps) // 2]:
        commit(line, kind, 3, f"203.0.113.{host}") if kind != "accepted" else line.guard.accepted(
            parse_address(f"203.0.113.{host}"), line.now
        )
    again = Guard(line.options, bytes(32))
    again.load(line.guard.changed(), line.now)
    answers: list[list[object]] = [[], []]
    for guard, kept in zip((line.guard, again), answers, strict=True):
        for kind, host in steps:
            kept.append(guard.abuse(parse_address(f"203.0.113.{host}"), kind, line.now))
    assert answers[0] == answers[1]


def test_memory_is_bounded() -> None:
    line = Timeline(max_sources=64)
    for number in range(2000):
        commit(line, "relay-attempt", 1, f"203.0.{number >> 8}.{number & 255}")
        line.guard.accepted(parse_address(f"203.1.{number >> 8}.{number & 255}"), line.now)
    assert len(line.guard._state.conducts.entries) <= 64


def test_explain_tells_what_was_free_and_what_was_earned() -> None:
    line = Timeline()
    commit(line, "early-talker", 2)
    commit(line, "relay-attempt", 6)
    line.guard.accepted(parse_address(STRANGER), line.now)
    told = line.guard.explain_source(parse_address(STRANGER), line.now)
    assert [(level.name, level.level, level.limit) for level in told.abuse] == [
        ("early-talker", 2, 3),
        ("relay-attempt", 5, 7),
    ]
    assert (told.delivered, told.points.level) == (1, 0.5)


def test_a_kind_that_nobody_knows_is_passed_over() -> None:
    assert commit(Timeline(), "from-a-later-version", 100) == []


def test_every_kind_that_is_noted_has_a_rule_and_every_rule_is_noted() -> None:
    text = "".join(path.read_text() for path in Path("gatepost").rglob("*.py") if "guard" not in path.parts)
    assert {kind for kind in ABUSES if f'"{kind}"' not in text} == set()
    assert set(re.findall(r'\.abuse\("([a-z-]+)"\)', text)) <= set(ABUSES)


def test_options_and_table_agree() -> None:
    names = {kind.replace("-", "_") for kind in ABUSES}
    fields = {field.name for field in msgspec.structs.fields(AbuseOptions)}
    assert fields == names | {f"{name}_free" for name in names} | {"sender_room", "sender_room_most"}
    assert all(rule.what and rule.spares for rule in ABUSES.values())
