"""Laws 9 and 10: never one's own; a neighbourhood, not a number."""

from __future__ import annotations

import pytest
from guard_timeline import HOUR, Timeline, bans

from gatepost.guard.engine import CannotBan
from gatepost.guard.verdicts import Refusal, Rule, Ticket
from gatepost.model.address import parse_address, parse_network
from gatepost.model.units import Rate


def test_the_allow_list_beats_everything() -> None:
    line = Timeline(policy="full", allow=("203.0.113.0/24",))
    for n in range(100):
        assert not isinstance(line.wrong("203.0.113.9", f"user{n}", f"guess {n}"), Refusal)
    assert line.banned() == []
    line.guard.ban(parse_network("203.0.0.0/16"), line.now, 60, "all of them", "root")
    assert line.admit("203.0.113.9") == "serve"
    assert line.admit("203.0.112.9") == "drop"
    assert not isinstance(line.right("203.0.113.9"), Refusal)
    with pytest.raises(CannotBan, match="allow list"):
        line.guard.ban(parse_network("203.0.113.9"), line.now, 60, "", "root")
    assert not line.guard.disallow(parse_network("203.0.113.0/24"))  # the configuration's own


def test_the_allow_list_at_run_time() -> None:
    line = Timeline(policy="simple")
    line.guard.ban(parse_network("198.51.100.7"), line.now, 60, "", "root")
    line.guard.allow(parse_network("198.51.100.7"), "the monitor")
    assert line.admit("198.51.100.7") == "serve"
    assert line.guard.allowed() == [(parse_network("198.51.100.7"), "the monitor")]
    assert line.guard.disallow(parse_network("198.51.100.7"))
    assert line.admit("198.51.100.7") == "drop"


@pytest.mark.parametrize("source", ["127.0.0.1", "::1", "10.9.9.9"])
def test_protected_addresses_are_limited_but_never_banned(source: str) -> None:
    line = Timeline(policy="full")
    line.guard.protect([parse_network("10.9.0.0/16")])
    line.right(source, "ann")
    answers = [line.wrong(source, "bob", f"guess {n}") for n in range(40)]
    assert sum(not isinstance(answer, Refusal) for answer in answers) == 10
    assert line.banned() == []
    assert line.admit(source) == "serve"
    assert not isinstance(line.right(source, "ann"), Refusal)
    with pytest.raises(CannotBan, match="never banned"):
        line.guard.ban(parse_network(source), line.now, 60, "", "root")
    assert line.guard.ban(parse_network("10.0.0.0/8"), line.now, 60, "", "root")
    assert line.admit(source) == "serve"


def test_a_drill_exposes_what_is_protected() -> None:
    line = Timeline(policy="simple", address_limit=Rate(3, HOUR))
    drill = [parse_network("127.66.0.0/16")]
    line.guard.expose(drill)
    for n in range(3):
        line.wrong("127.66.0.1", password=f"guess {n}")
    assert line.admit("127.66.0.1") == "drop"
    assert line.admit("127.0.0.1") == "serve"
    line.guard.unexpose(drill)
    assert line.admit("127.66.0.1") == "serve"


def test_ipv6_counts_by_64_and_mapped_addresses_are_ipv4() -> None:
    line = Timeline(policy="simple", address_limit=Rate(3, HOUR))
    for n in range(3):
        line.wrong(f"2001:db8:1:2::{n + 1}", password=f"guess {n}")
    assert line.banned() == ["2001:db8:1:2::/64"]
    assert line.admit("2001:db8:1:2:ffff::9") == "drop"
    assert line.admit("2001:db8:1:3::1") == "serve"
    for n in range(3):
        line.wrong(("::ffff:203.0.113.9", "203.0.113.9")[n % 2], "bob", f"guess {n}")
    assert line.banned() == ["203.0.113.9", "2001:db8:1:2::/64"]


@pytest.mark.parametrize(
    ("pattern", "parent"), [("2001:db8:1:{:x}::1", "2001:db8:1::/56"), ("203.0.113.{}", "203.0.113.0/24")]
)
def test_rotation_within_a_neighbourhood_closes_it_to_strangers_only(pattern: str, parent: str) -> None:
    line = Timeline(policy="full")
    line.right(pattern.format(200), "ann")
    found = []
    for n in range(60):
        answer = line.wrong(pattern.format(n), f"user{n % 20}", f"guess {n}")
        found += bans(answer.events)
    assert (found[-1].network, found[-1].scope) == (parent, "strangers")
    assert line.right(pattern.format(201), "zoe").rule is Rule.NETWORK
    assert not isinstance(line.right(pattern.format(201), "ann"), Refusal)
    assert line.admit(pattern.format(201)) == "serve"  # mail from there still comes in
    reason = line.guard.explain_source(parse_address(pattern.format(201)), line.now)
    assert reason.rule == Rule.NETWORK
    assert str(reason.bans[0].network) == parent


def test_one_bad_address_does_not_close_its_neighbourhood() -> None:
    line = Timeline(policy="full", address_limit=Rate(1000, HOUR), ban_time=1.0)
    for n in range(200):
        line.wrong("203.0.113.9", f"user{n % 40}", f"guess {n}")
    assert not isinstance(line.right("203.0.113.10", "zoe"), Refusal)


def test_good_accounts_earn_their_address_room() -> None:
    line = Timeline(policy="full")
    for n in range(25):
        line.right("203.0.113.9", f"colleague{n}")
    counted = 0
    for n in range(200):
        answer = line.wrong("203.0.113.9", f"victim{n}", f"guess {n}")
        counted += not isinstance(answer, Refusal)
    assert counted == 70  # ten, three for each account, seventy at most; no breadth where accounts are proven
    (ban,) = line.guard.bans(line.now)
    assert (ban.scope, ban.until - ban.since) == ("confined", HOUR)


def test_an_erased_account_earns_no_room_any_more() -> None:
    line = Timeline(policy="full")
    for n in range(5):
        line.right("203.0.113.9", f"colleague{n}")
    line.wrong("203.0.113.9", "victim")
    source = parse_address("203.0.113.9")
    known = line.guard.explain_source(source, line.now)
    assert (known.proven_accounts, known.points.limit) == (5, 25)
    for n in range(5):
        line.guard.forget(f"colleague{n}@here.example")
    known = line.guard.explain_source(source, line.now)
    assert (known.proven_accounts, known.points.limit) == (0, 10)


def test_attack_mode_tightens_strangers_only() -> None:
    line = Timeline(policy="full")
    line.right("192.0.2.33", "ann")
    for n in range(30):
        line.wrong(f"60.{n}.7.9", f"user{n}", f"guess {n}")
    (warned,) = line.wait(1)
    assert (warned.topic, line.guard.under_attack) == ("attack", True)
    evaluated = [line.wrong("70.1.1.1", "bob", f"other {n}") for n in range(10)]
    assert sum(not isinstance(answer, Refusal) for answer in evaluated) == 4
    known = [line.ask("192.0.2.33", "ann") for _ in range(8)]
    assert all(isinstance(answer, Ticket) for answer in known)
    events = [event for _ in range(30) for event in line.wait(HOUR)]
    assert [event.text for event in events if getattr(event, "topic", "") == "attack"] == ["the attack is over"]


def test_nothing_is_counted_around_this_host() -> None:
    line = Timeline(policy="full")
    for n in range(60):
        line.wrong(f"127.0.0.{n + 1}", f"user{n % 20}", f"guess {n}")
    assert line.banned() == []
    assert line.guard.explain_source(parse_address("127.0.0.200"), line.now).networks == ()


def test_a_ban_by_hand_beats_the_mercy_for_shared_addresses() -> None:
    line = Timeline(policy="simple", address_limit=Rate(3, HOUR))
    line.right("203.0.113.9", "ann")
    for n in range(3):
        line.wrong("203.0.113.9", "bob", f"guess {n}")
    assert line.admit("203.0.113.9") == "confined"
    line.guard.ban(parse_network("203.0.113.0/24"), line.now, 60, "enough", "root")
    assert line.admit("203.0.113.9") == "drop"
    line.wait(61)
    assert line.admit("203.0.113.9") == "confined"
