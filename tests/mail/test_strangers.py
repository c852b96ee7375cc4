"""What is held back after a first sign-in from a strange network, for how long, and what a restart leaves of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.guard.stranger_options import StrangerOptions
from gatepost.mail.strangers import TABLE, Strangers
from gatepost.model.account import Account, AccountId
from gatepost.model.address import parse_address
from gatepost.model.errors import HeldBack
from gatepost.model.events import GuardTold, SignedIn
from gatepost.model.units import Duration, Rate
from gatepost.ports.guardstore import Record

ADA = Account(AccountId("a1"), "ada@example.org")
BOB = Account(AccountId("b1"), "bob@example.org")
HOUR, DAY = 3600.0, 86400.0
STRANGE, NEARBY, ELSEWHERE = map(parse_address, ("203.0.113.9", "203.0.200.1", "198.51.100.7"))


class Clock:
    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time


class Room:
    """Strangers with a clock in hand; `told` are those whose owners are to hear."""

    def __init__(self, enforce: bool = True, **options: Any) -> None:
        self.clock, self.told = Clock(), list[SignedIn]()
        self.options = StrangerOptions(**options)
        self.strangers = Strangers(self.options, self.clock, enforce, self.told.append)

    def signs_in(self, account: Account = ADA, client: str = "203.0.113.9", **more: Any) -> None:
        given = {"first_from_here": True, "known_elsewhere": True, **more}
        event = SignedIn(self.clock.time, "c1", "imap", client, account.email, "LOGIN", "stranger", **given)
        self.strangers.hear(event)

    def restarted(self) -> Strangers:
        again = Strangers(self.options, self.clock, True, self.told.append)
        again.load(self.strangers.changed())
        return again


def sends(strangers: Strangers, count: int, account: Account = ADA, client: Any = STRANGE) -> int:
    """How many of `count` messages to one recipient are taken."""
    taken = 0
    for _ in range(count):
        try:
            strangers.send(account, client, 1)
        except HeldBack:
            break
        taken += 1
    return taken


def test_twenty_a_day_from_there_and_nothing_is_held_elsewhere() -> None:
    room = Room()
    room.signs_in()
    assert sends(room.strangers, 30) == 20
    assert sends(room.strangers, 30, client=NEARBY) == 0  # the network counts, or the next address would be free
    assert sends(room.strangers, 30, client=ELSEWHERE) == 30
    assert sends(room.strangers, 30, account=BOB) == 30
    room.clock.time += HOUR
    assert sends(room.strangers, 30) == 0
    room.clock.time += HOUR
    assert sends(room.strangers, 30) == 1


def test_the_network_of_an_ipv6_address_is_its_32() -> None:
    room = Room()
    room.signs_in(client="2001:db8:1::1")
    assert room.strangers.hold(ADA, parse_address("2001:db8:ffff::9"))
    assert not room.strangers.hold(ADA, parse_address("2001:db9:1::1"))


def test_each_recipient_counts() -> None:
    room = Room()
    room.signs_in()
    with pytest.raises(HeldBack):
        room.strangers.send(ADA, STRANGE, 21)
    room.strangers.send(ADA, STRANGE, 19)
    with pytest.raises(HeldBack):
        room.strangers.send(ADA, STRANGE, 2)
    assert sends(room.strangers, 5) == 1


def test_what_was_not_sent_is_given_back() -> None:
    room = Room()
    room.signs_in()
    give_back = room.strangers.send(ADA, STRANGE, 20)
    assert sends(room.strangers, 1) == 0
    give_back()
    assert sends(room.strangers, 30) == 20


def test_no_redirect_for_a_day() -> None:
    room = Room()
    room.strangers.check_redirect(ADA, STRANGE)
    room.signs_in()
    with pytest.raises(HeldBack):
        room.strangers.check_redirect(ADA, STRANGE)
    room.strangers.check_redirect(ADA, ELSEWHERE)
    room.clock.time += DAY - 1
    with pytest.raises(HeldBack):
        room.strangers.check_redirect(ADA, STRANGE)
    room.clock.time += 1
    room.strangers.check_redirect(ADA, STRANGE)
    assert sends(room.strangers, 100) == 100


def test_an_owner_is_told_once_an_hour() -> None:
    room = Room()
    for number in range(50):
        room.signs_in(client=f"203.{number}.113.9")
    room.signs_in(BOB)
    assert [event.login for event in room.told] == [ADA.email, BOB.email]
    room.clock.time += HOUR
    room.signs_in(client="192.0.2.1")
    assert len(room.told) == 3


@pytest.mark.parametrize(
    "more", [{"first_from_here": False}, {"known_elsewhere": False}, {"client": "127.0.0.1"}, {"client": "10.1.2.3"}]
)
def test_no_news(more: dict[str, Any]) -> None:
    room = Room()
    room.signs_in(**more)
    assert room.told == []
    assert room.strangers.changed() == []
    assert sends(room.strangers, 100, client=parse_address(more.get("client", str(STRANGE)))) == 100


def test_private_addresses_count_where_that_is_asked_for() -> None:
    room = Room(private_sources=True)
    room.signs_in(client="10.1.2.3")
    assert len(room.told) == 1
    assert room.strangers.hold(ADA, parse_address("10.1.2.3"))


def test_options_turn_each_part_off() -> None:
    room = Room(notice=False, hold=Duration(0), redirects=True)
    room.signs_in()
    assert room.told == []
    assert sends(room.strangers, 100) == 100
    room = Room(redirects=True, messages=Rate(2, DAY))
    room.signs_in()
    room.strangers.check_redirect(ADA, STRANGE)
    assert sends(room.strangers, 100) == 2


def test_a_dry_run_holds_nothing_and_tells() -> None:
    room = Room(enforce=False)
    room.signs_in()
    assert len(room.told) == 1
    assert sends(room.strangers, 100) == 100
    room.strangers.check_redirect(ADA, STRANGE)


def test_a_restart_lifts_nothing() -> None:
    room = Room()
    room.signs_in()
    assert sends(room.strangers, 15) == 15
    again = room.restarted()
    assert sends(again, 30) == 5
    with pytest.raises(HeldBack):
        again.check_redirect(ADA, STRANGE)
    room.strangers = again
    room.signs_in(client="192.0.2.1")
    assert len(room.told) == 1  # nor does it tell again within the hour
    room.clock.time += DAY
    assert not again.hold(ADA, STRANGE)


def test_what_is_over_is_erased_at_the_next_start() -> None:
    room = Room()
    room.signs_in()
    kept = room.strangers.changed()
    room.clock.time += 2 * DAY
    again = Strangers(room.options, room.clock)
    again.load(kept)
    assert [record.value for record in again.changed()] == [None]


def test_an_account_that_is_removed_is_forgotten() -> None:
    room = Room()
    room.signs_in()
    room.signs_in(BOB)
    room.strangers.changed()
    room.strangers.hear(GuardTold(room.clock.time, "forget", ADA.email))
    assert not room.strangers.hold(ADA, STRANGE)
    assert room.strangers.hold(BOB, STRANGE)
    [record] = room.strangers.changed()
    assert record.value is None


def test_memory_is_bounded() -> None:
    room = Room(max_held=64)
    for number in range(1000):
        room.signs_in(Account(AccountId("x"), f"user{number}@example.org"), f"203.{number & 255}.113.9")
    assert len({record.key for record in room.strangers.changed() if record.value is not None}) == 64
    assert room.strangers.hold(Account(AccountId("x"), "user999@example.org"), parse_address("203.231.113.9"))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_records_that_make_no_sense_are_left_out(key: bytes, value: bytes) -> None:
    room = Room()
    room.strangers.load([Record(TABLE, key, value), Record("ban", key, value), Record(TABLE, key, None)])
    room.signs_in()
    assert room.strangers.hold(ADA, STRANGE)


def test_nothing_to_call_is_fine() -> None:
    silent: Callable[[Any], None] | None = None
    strangers = Strangers(StrangerOptions(), Clock(), True, silent)
    strangers.hear(SignedIn(1.0, "c", "imap", "203.0.113.9", ADA.email, "LOGIN", "stranger", "password", True, True))
    assert strangers.changed()
