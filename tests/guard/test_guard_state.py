"""Laws 11, 12 and 13: bounded, durable, deterministic, explainable."""

from __future__ import annotations

from typing import Any

import msgspec
from guard_timeline import DAY, HOUR, START, Timeline, login, restarted
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.guard.engine import Guard
from gatepost.guard.verdicts import Outcome, Refusal, Ticket
from gatepost.model.address import Address, parse_address, parse_network
from gatepost.ports.guardstore import Record

LIMITS = {"max_sources": 64, "max_networks": 64, "max_accounts": 64, "max_bans": 64, "max_familiar": 512}


def sizes(guard: Guard) -> dict[str, int]:
    state = guard._state
    return {
        "sources": len(state.sources.entries),
        "networks": len(state.networks.entries),
        "lone": len(state.lone.networks()),
        "accounts": len(state.accounts.entries),
        "unknown": len(state.unknown.entries),
        "bans": len(state.bans),
        "spraying": len(state.spraying._seen),
        "familiar": state.familiarity._count,
    }


def test_a_flood_of_addresses_logins_and_passwords_is_bounded() -> None:
    line = Timeline(policy="full", **LIMITS)
    for n in range(6000):
        line.wrong(Address(6, (0x20010DB8 << 96) + (n * 7919 << 64)), f"nobody{n}", f"guess {n}", common=True)
        line.right(Address(6, (0x20020DB8 << 96) + (n << 64)), f"ann{n % 5}")
        line.now += 0.5
    found = sizes(line.guard)
    assert all(found[name] <= 64 for name in ("sources", "networks", "accounts", "bans"))
    assert found["lone"] <= 128
    assert max(found["unknown"], found["spraying"]) <= 2048
    assert found["familiar"] <= 512
    assert len(line.guard.changed()) < 40_000


def test_a_flood_does_not_wash_away_the_heavily_charged() -> None:
    line = Timeline(policy="full", **LIMITS)
    for n in range(10):
        line.wrong("203.0.113.9", "ann", f"guess {n}")
    for n in range(2000):
        line.wrong(Address(4, (60 << 24) + n * 65537), f"user{n}", f"other {n}")
    assert line.admit("203.0.113.9") == "drop"
    assert isinstance(line.ask("198.51.100.1", "ann"), Refusal)  # still closed


def test_quiet_leaves_nothing_behind() -> None:
    line = Timeline(policy="full")
    for n in range(50):
        line.wrong(f"60.{n}.7.9", f"user{n}", f"guess {n}")
    for _ in range(10 * 24):
        line.wait(HOUR)
    assert {name: size for name, size in sizes(line.guard).items() if size and name != "spraying"} == {}
    assert isinstance(line.right("60.1.7.9"), object)


def test_right_passwords_leave_no_counters() -> None:
    line = Timeline(policy="full")
    for n in range(100):
        line.right(f"60.{n}.7.9", "ann")
    found = sizes(line.guard)
    assert (found["sources"], found["networks"], found["accounts"]) == (0, 0, 0)
    assert {record.table for record in line.guard.changed()} <= {"familiar", "crowd"}


def busy(line: Timeline) -> None:
    """Something of everything."""
    line.guard.allow(parse_network("198.51.100.0/24"), "friends")
    line.guard.ban(parse_network("2001:db8:9::/48"), line.now, None, "by hand", "root")
    for n in range(30):
        line.right("203.0.113.9", f"colleague{n}")
        line.wrong("203.0.113.9", f"victim{n}", f"guess {n}")
        line.wrong(f"60.{n}.7.9", "ann", f"other {n}")
        line.wrong(f"61.7.7.{n}", f"nobody{n % 3}", f"third {n}")
    line.wait(1)
    line.ask("192.0.2.1", "zoe")  # in flight when the power goes


def test_a_restart_changes_no_decision() -> None:
    line = Timeline(policy="full")
    busy(line)
    disk: dict[tuple[str, bytes], bytes] = {}
    other = restarted(line, disk)
    assert other.guard.bans(line.now) == line.guard.bans(line.now)
    assert other.guard.allowed() == line.guard.allowed()
    assert other.guard.under_attack is line.guard.under_attack
    for text in (
        "203.0.113.9",
        "60.3.7.9",
        "61.7.7.7",
        "61.7.7.77",
        "198.51.100.3",
        "2001:db8:9::1",
        "192.0.2.1",
        "9.9.9.9",
    ):
        source = parse_address(text)
        assert other.guard.explain_source(source, line.now) == line.guard.explain_source(source, line.now)
        for name in ("ann", "colleague3", "victim3", "nobody1", "zoe"):
            mine, theirs = (each.guard.explain_login(login(name), line.now, source) for each in (line, other))
            assert mine == theirs
    assert not other.guard.changed()


def test_growth_survives_a_restart() -> None:
    line = Timeline(policy="simple")
    disk: dict[tuple[str, bytes], bytes] = {}
    for number in (1, 2, 3):
        for n in range(10):
            line.wrong("203.0.113.9", "ann", f"guess {number} {n}")
        (ban,) = line.guard.bans(line.now)
        assert ban.number == number
        line.wait(ban.until - line.now)
        line.wait(DAY)
        line = restarted(line, disk)


def test_what_the_store_refused_is_offered_again() -> None:
    line = Timeline(policy="simple")
    for n in range(10):
        line.wrong("203.0.113.9", "ann", f"guess {n}")
    refused = line.guard.changed()
    assert refused
    assert line.guard.changed() == []
    line.guard.unsaved(refused)
    assert line.guard.changed() == refused
    line.guard.unsaved(refused)
    line.guard.lift(parse_network("203.0.113.9"), line.now, "root")
    last = {(record.table, record.key): record.value for record in line.guard.changed()}
    assert [value for (table, _), value in last.items() if table == "ban"] == [None]


def test_a_broken_record_stops_nothing() -> None:
    line = Timeline(policy="full")
    tables = ("ban", "past", "source", "network", "account", "slot", "familiar", "crowd", "allow", "alarm", "newer")
    line.guard.load([Record(table, b"\xff" * 24, b"\xc1 broken") for table in tables], START)
    assert not isinstance(line.right("203.0.113.9"), Refusal)


STEP = st.tuples(
    st.sampled_from(["wrong", "right", "ask", "settle", "abuse", "tick", "lift"]),
    st.integers(0, 5), st.integers(0, 3), st.integers(0, 4), st.integers(0, 90_000),
)  # fmt: skip


def play(line: Timeline, steps: list[tuple[str, int, int, int, int]]) -> list[Any]:
    answers: list[Any] = []
    held: list[Ticket] = []
    for step, place, who, secret, wait in steps:
        source, name = f"203.0.{place // 3}.{place % 3}", ("ann", "bob", "nobody", "carl")[who]
        if step in ("wrong", "right"):
            answers.append(
                getattr(line, step)(source, name, password=f"p{secret}")
                if step == "wrong"
                else line.right(source, name)
            )
        elif step == "ask":
            answers.append(line.ask(source, name, f"p{secret}"))
            held += [answers[-1]] if isinstance(answers[-1], Ticket) else []
        elif step == "settle" and held:
            answers.append(line.tell(held.pop(), list(Outcome)[secret]))
        elif step == "abuse":
            answers.append(line.guard.abuse(parse_address(source), "bad-command", line.now, "smtp"))
        elif step == "lift":
            answers.append(line.guard.lift(parse_network(f"{source}/{32 - 8 * (secret % 2)}"), line.now, "root"))
        else:
            while held:  # no password is looked at for hours
                answers.append(line.tell(held.pop(), Outcome.ABANDONED))
            answers.append(line.wait(wait))
    return answers


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(STEP, max_size=60), policy=st.sampled_from(["simple", "full"]))
def test_the_same_calls_give_the_same_answers_with_or_without_a_restart(steps: list[Any], policy: str) -> None:
    one, two = Timeline(policy=policy), Timeline(policy=policy)
    assert play(one, steps) == play(two, steps)
    assert sorted(one.guard.changed(), key=repr) == sorted(two.guard.changed(), key=repr)
    one.guard.unsaved(two.guard.changed())
    for text in ("203.0.0.1", "203.0.1.1"):
        source = parse_address(text)
        assert msgspec.json.encode(one.guard.explain_source(source, one.now))
        assert msgspec.json.encode(one.guard.explain_login(login("ann"), one.now, source))


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(STEP, max_size=50), after=st.lists(STEP, max_size=25))
def test_a_restart_at_any_time_keeps_bans_and_counts(steps: list[Any], after: list[Any]) -> None:
    line = Timeline(policy="full")
    play(line, steps)
    line.wait(0)
    disk: dict[tuple[str, bytes], bytes] = {}
    other = restarted(line, disk)
    assert other.guard.bans(line.now) == line.guard.bans(line.now)
    for place in range(6):
        source = parse_address(f"203.0.{place // 3}.{place % 3}")
        mine, theirs = (each.guard.explain_source(source, line.now) for each in (line, other))
        assert (mine.points, mine.networks, mine.admission) == (theirs.points, theirs.networks, theirs.admission)
    other = restarted(other, disk)
    play(other, after)


def test_explanations_say_what_would_happen() -> None:
    line = Timeline(policy="full")
    fresh = line.guard.explain_source(parse_address("203.0.113.9"), line.now)
    assert (fresh.answer, fresh.admission, fresh.bans) == ("checked: the password decides", "serve", ())
    for n in range(10):
        line.wrong("203.0.113.9", "ann", f"guess {n}")
    banned = line.guard.explain_source(parse_address("203.0.113.9"), line.now)
    assert (banned.rule, banned.admission, len(banned.bans)) == ("source", "drop", 1)
    assert "banned" in banned.answer
    closed = line.guard.explain_login(login("ann"), line.now)
    assert (closed.closed, closed.rule, closed.lane) == (True, "account", "stranger")
    assert closed.closed_until > line.now
    assert line.guard.explain_login(login("nobody"), line.now).login.startswith("~")
    assert line.guard.changed() != []
    line.guard.explain_source(parse_address("203.0.113.9"), line.now)
    assert line.guard.changed() == []  # asking changes nothing
