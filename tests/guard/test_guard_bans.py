"""Laws 3 and 8: a banned address gets nothing, and bans end and say why."""

from __future__ import annotations

from itertools import count

import msgspec
import pytest
from guard_timeline import DAY, HOUR, Timeline, bans

from gatepost.guard.abuse_options import AbuseOptions
from gatepost.guard.bans import FOREVER
from gatepost.guard.engine import CannotBan
from gatepost.guard.verdicts import Outcome, Refusal, Rule, Ticket
from gatepost.model.address import parse_network
from gatepost.model.events import BanEnded
from gatepost.model.units import Duration, Rate

SIMPLE = {"policy": "simple", "address_limit": Rate(3, HOUR), "account_limit": Rate(1000, HOUR)}


GUESSES = count()


def fill(line: Timeline, source: str, name: str = "ann", times: int = 3) -> list[object]:
    """Wrong passwords until the ban; returns the bans."""
    found: list[object] = []
    for _ in range(times):
        answer = line.wrong(source, name, f"guess {next(GUESSES)}")
        found += bans(answer.events)
    return found


def test_bans_grow_and_end() -> None:
    line = Timeline(**SIMPLE, ban_time=Duration(HOUR), ban_growth=4.0, ban_max=Duration(DAY))
    lengths = []
    for number in range(1, 5):
        (ban,) = fill(line, "203.0.113.9")
        assert ban.number == number
        lengths.append(ban.until - ban.at)
        assert line.admit("203.0.113.9") == "drop"
        events = line.wait(ban.until - line.now)
        assert [(event.network, event.why) for event in events] == [("203.0.113.9", "expired")]
        assert isinstance(events[0], BanEnded)
        assert line.admit("203.0.113.9") == "serve"
        line.wait(HOUR)
    assert lengths == [HOUR, 4 * HOUR, 16 * HOUR, DAY]


def test_an_old_ban_is_forgotten() -> None:
    line = Timeline(**SIMPLE, ban_memory=Duration(5 * DAY))
    fill(line, "203.0.113.9")
    line.wait(10 * DAY)
    (ban,) = fill(line, "203.0.113.9")
    assert ban.number == 1


def test_evidence_names_known_logins_and_tags_others() -> None:
    line = Timeline(**SIMPLE)
    line.wrong("203.0.113.9", "ann", "a")
    line.wait(5)
    line.wrong("203.0.113.9", "nobody-hunter2", "b", door="pop3")
    line.wait(5)
    (ban,) = bans(line.wrong("203.0.113.9", "bob", "c").events)
    known, unknown, other = ban.evidence.logins
    assert (known, other) == ("ann@here.example", "bob@here.example")
    assert unknown.startswith("~")
    assert "hunter2" not in unknown
    assert (ban.evidence.failures, ban.evidence.last - ban.evidence.first) == (3, 10)
    assert line.guard.bans(line.now)[0].evidence == ban.evidence


def test_lifting_clears_what_led_to_it() -> None:
    line = Timeline(**SIMPLE)
    fill(line, "203.0.113.9")
    events = line.guard.lift(parse_network("203.0.113.9"), line.now, "root")
    assert [(event.network, event.why, event.by) for event in events] == [("203.0.113.9", "lifted", "root")]
    assert line.admit("203.0.113.9") == "serve"
    typo = line.wrong("203.0.113.9", "ann", "a typo")
    assert typo.counted
    assert not bans(typo.events)
    (again,) = fill(line, "203.0.113.9", times=2)
    assert again.number == 1
    assert line.guard.lift(parse_network("198.51.100.1"), line.now, "root") == ()


def test_lifting_while_attempts_are_in_flight() -> None:
    line = Timeline(**SIMPLE)
    held = [line.ask("203.0.113.9", password=f"guess {n}") for n in range(2)]
    line.wrong("203.0.113.9", password="third")
    line.guard.lift(parse_network("203.0.113.9"), line.now, "root")
    for ticket in held:
        assert not bans(line.tell(ticket, Outcome.WRONG).events)


def test_lifting_a_network_lifts_what_is_in_it_and_what_is_around_it() -> None:
    line = Timeline(policy="full")
    for n in range(8):
        for guess in range(10):
            line.wrong(f"203.0.113.{n}", f"user{n}", f"guess {n} {guess}")
    assert "203.0.113.0/24" in line.banned()
    line.guard.lift(parse_network("203.0.113.3"), line.now, "root")
    assert "203.0.113.0/24" not in line.banned()
    assert "203.0.113.4" in line.banned()
    line.guard.lift(parse_network("203.0.113.0/24"), line.now, "root")
    assert line.banned() == []
    assert not bans(line.wrong("203.0.113.3", "zoe", "typo").events)


def test_bans_by_hand() -> None:
    line = Timeline(**SIMPLE)
    for text, inside, outside in (
        ("198.51.100.0/22", "198.51.103.7", "198.51.104.1"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("2001:db8:7::/48", "2001:db8:7:9::1", "2001:db8:8::1"),
        ("2001:db8::5", "2001:db8::5", "2001:db8::6"),
    ):
        (event,) = line.guard.ban(parse_network(text), line.now, 60, "scanner", "root")
        assert (event.network, event.by, event.evidence.reason) == (text, "root", "scanner")
        assert line.admit(inside) == "drop"
        assert line.admit(outside) == "serve"
    line.guard.ban(parse_network("192.0.2.99"), line.now, None, "for good", "root")
    line.wait(61)
    assert line.banned() == ["192.0.2.99"]
    assert line.guard.bans(line.now)[0].until == FOREVER
    assert line.wait(3650 * DAY) == []
    assert line.admit("192.0.2.99") == "drop"


def test_a_ban_by_hand_knows_no_mercy() -> None:
    line = Timeline(policy="full")
    line.right("203.0.113.9")
    line.guard.ban(parse_network("203.0.113.0/24"), line.now, 60, "abuse", "root")
    assert line.admit("203.0.113.9") == "drop"
    refused = line.right("203.0.113.9")
    assert (refused.rule, refused.close) == (Rule.SOURCE, True)


@pytest.mark.parametrize("policy", ["simple", "full"])
def test_a_shared_address_is_confined_to_its_own_accounts(policy: str) -> None:
    line = Timeline(policy=policy)
    line.right("203.0.113.9", "ann")
    found: list[object] = []
    for n in range(30):
        answer = line.wrong("203.0.113.9", "bob", f"guess {n}")
        found += bans(answer.events) if not isinstance(answer, Refusal) else []
        line.wrong("203.0.113.9", "carl", f"guess {n}")
    assert line.admit("203.0.113.9") == "confined"
    assert [ban.scope for ban in line.guard.bans(line.now)] == ["confined"]
    refused = line.right("203.0.113.9", "bob")
    assert (refused.rule, refused.close) == (Rule.CONFINED, False)
    assert not isinstance(line.right("203.0.113.9", "ann"), Refusal)
    assert not isinstance(line.right("203.0.113.9", "ann", kind="another client"), Refusal)


def test_confinement_can_be_turned_off() -> None:
    line = Timeline(**SIMPLE, shared_addresses="drop")
    line.right("203.0.113.9", "ann")
    fill(line, "203.0.113.9", "bob")
    assert line.admit("203.0.113.9") == "drop"
    assert line.right("203.0.113.9", "ann").close


def test_what_was_in_flight_is_not_accepted() -> None:
    line = Timeline(policy="simple", address_limit=Rate(4, HOUR))
    lucky = line.ask("203.0.113.9", "bob")
    fill(line, "203.0.113.9")
    assert line.admit("203.0.113.9") == "serve"  # three wrong ones, one in flight
    line.guard.ban(parse_network("203.0.113.9"), line.now, 60, "by hand", "root")
    settled = line.tell(lucky, Outcome.RIGHT)
    assert settled.too_late
    assert line.admit("203.0.113.9") == "drop"  # and the lucky guess has proven nothing


def test_a_lucky_guess_does_not_turn_a_ban_into_confinement() -> None:
    line = Timeline(policy="full")
    lucky = line.ask("203.0.113.9", "bob")
    for name in ("ann", "carl", "dora", "emil"):
        line.wrong("203.0.113.9", name)
    assert line.admit("203.0.113.9") == "drop"
    assert line.tell(lucky, Outcome.RIGHT).too_late
    assert line.admit("203.0.113.9") == "drop"


def test_abuse_feeds_the_same_score() -> None:
    line = Timeline(**SIMPLE, abuse=AbuseOptions(early_talker=2.0, early_talker_free=0))
    ticket = line.ask("203.0.113.9", "bob")
    assert isinstance(ticket, Ticket)
    address = ticket.attempt.source
    assert line.guard.abuse(address, "early-talker", line.now) == ()  # the attempt in flight may be right
    line.tell(ticket, Outcome.RIGHT)
    (ban,) = bans(line.guard.abuse(address, "early-talker", line.now, "smtp"))
    assert ban.evidence.reason.startswith("abuse: early-talker (")
    assert ban.evidence.doors == ("smtp",)
    assert line.guard.abuse(address, "early-talker", line.now) == ()


def test_a_dry_run_says_so() -> None:
    line = Timeline(**SIMPLE, enforce=False)
    assert not line.guard.enforced
    assert [ban.enforced for ban in fill(line, "203.0.113.9")] == [False]


def test_bans_and_events_are_values_that_can_be_written() -> None:
    line = Timeline(**SIMPLE)
    fill(line, "203.0.113.9")
    assert msgspec.json.encode(line.guard.bans(line.now))
    with pytest.raises(CannotBan, match="never banned"):
        line.guard.ban(parse_network("127.0.0.1"), line.now, 60, "", "root")
