"""Who holds a place at a sign-in door without trying to sign in."""

from __future__ import annotations

import pytest

from gatepost.journal import Journal
from gatepost.mail.loitering import Loitering
from gatepost.model.events import (
    Abuse,
    ConnectionClosed,
    ConnectionOpened,
    Event,
    SignedIn,
    SignInFailed,
    SignInRefused,
    SignInUntried,
)

WHO = "203.0.113.9"


class Day:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.journal = Journal(self.events.append)
        self.loitering = Loitering(self.journal)
        self.journal.add(self.loitering.hear)

    def visit(self, why: str, seconds: float, *between: Event, door: str = "imaps") -> list[str]:
        """A connection, and what was noted of it."""
        before = len(self.events)
        self.journal.note(ConnectionOpened(1.0, "c1", door, WHO))
        for event in between:
            self.journal.note(event)
        self.journal.note(ConnectionClosed(1.0 + seconds, "c1", door, WHO, why, seconds))
        return [event.kind for event in self.events[before:] if isinstance(event, Abuse)]


@pytest.mark.parametrize(
    ("why", "seconds", "noted"),
    [
        ("timeout", 60.0, ["loitering"]),
        ("timeout", 0.5, ["loitering"]),
        ("peer", 20.0, ["loitering"]),
        ("peer", 19.9, []),
        ("peer", 0.01, []),
        ("quit", 55.0, []),
        ("tls", 30.0, []),
        ("stopping", 30.0, []),
        ("banned", 30.0, []),
        ("limits", 30.0, []),
        ("error", 30.0, []),
    ],
)
def test_how_it_ended_and_how_long_it_took(why: str, seconds: float, noted: list[str]) -> None:
    assert Day().visit(why, seconds) == noted


@pytest.mark.parametrize("door", ["smtp", "http", "https"])
def test_where_one_does_not_come_to_sign_in_nobody_loiters(door: str) -> None:
    assert Day().visit("timeout", 60.0, door=door) == []


@pytest.mark.parametrize(
    "tried",
    [
        SignedIn(1.0, "c1", "imaps", WHO, "ada@example.org", "LOGIN", "stranger"),
        SignInFailed(1.0, "c1", "imaps", WHO, "ada@example.org", "LOGIN", "stranger", False, "repeated"),
        SignInRefused(1.0, "c1", "imaps", WHO, "ada@example.org", "LOGIN", "account"),
        SignInUntried(1.0, "c1", "imaps", WHO, "ada@example.org", "LOGIN"),
    ],
)
def test_who_tried_is_no_loiterer(tried: Event) -> None:
    day = Day()
    assert day.visit("timeout", 60.0, tried) == []
    assert day.visit("timeout", 60.0) == ["loitering"]  # that was another connection


def test_nothing_is_kept_of_connections_that_are_over() -> None:
    day = Day()
    day.visit("timeout", 60.0)
    day.visit("peer", 1.0)
    day.journal.note(SignInFailed(9.0, "c1", "imaps", WHO, "x", "LOGIN", "stranger", True, "abandoned"))
    assert day.loitering._tried == {}
