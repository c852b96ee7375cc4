"""Legitimate mail traffic: people with several clients, at home, in offices behind one address, on the road.

They poll, mistype, change passwords and forget devices. Everything is drawn from one seed. The numbers are assumptions of
ours, chosen to be rather too messy than too tidy; they are named here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Literal, NamedTuple, TypeAlias

from gatepost.model.address import Address

HOUR = 3600.0
DAY = 24 * HOUR
BEGIN = 1_800_057_600.0
"""Midnight (UTC) before the warm-up."""
WARM_UP = 3
"""Days of thin traffic before the measured hours, in which the guard learns who comes from where."""

Truth: TypeAlias = Literal["right", "wrong", "previous"]

OFFICE_SHARE = 0.4  # of the mailboxes; half of those in the largest office
SMALL_OFFICE = 8
POLL = 15 * 60.0  # seconds between two sign-ins of a client
TYPO = 0.06  # of the sign-ins by hand
BY_HAND = 2.0  # a day and person
CHANGES = 0.05  # people who change their password in the measured time
STALE_FOR = 6 * HOUR  # until their other clients are told
FORGOTTEN = 0.03  # people with a device that still has a password of years ago
TRAVELS = 0.05  # people who are at a hotel for the measured time
CGNAT = 0.5  # phones behind a carrier's shared address; the others get an IPv6 /64 of their own each day


class Visit(NamedTuple):
    """One sign-in. `word` is the password as a number: the same number is the same password."""

    at: float
    person: int
    source: Address
    kind: str
    word: int
    truth: Truth
    shared: bool


class Person(NamedTuple):
    """Where somebody signs in from, and with what."""

    home: Address
    office: Address | None
    carrier: Address | None
    road: int
    desktop: str
    phone: str
    hotel: Address | None


class World:
    """`visits` in order; those at or after `start` are measured. `people` are mailboxes 0 to n - 1."""

    def __init__(self, seed: int, mailboxes: int, hours: float) -> None:
        self.draw = Random(seed)  # noqa: S311 - a simulation's dice must be loaded the same way each time
        self.start = BEGIN + WARM_UP * DAY + 8 * HOUR  # the working day begins
        self.end = self.start + hours * HOUR
        self.isps = [self.draw.randrange(1 << 8, 200 << 8) << 16 for _ in range(3)]
        self.carriers = [Address(4, (100 << 24) + (80 << 16) + (7 << 8) + number) for number in range(6)]
        self.hotel = Address(4, (185 << 24) + (9 << 16) + 9)
        self.offices: list[Address] = []
        self.people = self._people(mailboxes)
        self._words = 1_000_000
        self.visits = sorted(visit for person in range(mailboxes) for visit in self._life(person))

    # -- who there is ----------------------------------------------------------------------------------------------------
    def _people(self, mailboxes: int) -> list[Person]:
        return [self._person(number, int(mailboxes * OFFICE_SHARE)) for number in range(mailboxes)]

    def _person(self, number: int, workers: int) -> Person:
        draw = self.draw
        office = None
        if number < workers:
            index = 0 if number < workers // 2 else 1 + (number - workers // 2) // SMALL_OFFICE
            while len(self.offices) <= index:
                self.offices.append(Address(4, (193 << 24) + (draw.randrange(1 << 16) << 8) + 5))
            office = self.offices[index]
        return Person(
            home=Address(4, draw.choice(self.isps) + draw.randrange(1 << 14)),
            office=office,
            carrier=draw.choice(self.carriers) if draw.random() < CGNAT else None,
            road=draw.getrandbits(24),
            desktop=draw.choice(("outlook", "thunderbird", "apple-mail")),
            phone=draw.choice(("ios", "android")),
            hotel=self.hotel if draw.random() < TRAVELS else None,
        )

    def _place(self, who: Person, client: str, at: float) -> tuple[Address, bool]:
        """Where that client is at that time, and whether strangers or colleagues share the address."""
        hour = (at - BEGIN) % DAY / HOUR
        weekday = hour >= 8 and hour < 17
        if who.hotel is not None and at >= self.start:
            return who.hotel, True
        if weekday and who.office is not None:
            return who.office, True
        if client == "phone" and 7 <= hour < 20:
            if who.carrier is not None:
                return who.carrier, True
            day = int((at - BEGIN) // DAY)
            return Address(6, (0x2A00_1000_0000 + (who.road << 8 >> 16) << 80) + (who.road * 31 + day << 64) + 1), False
        return who.home, False

    # -- what they do ----------------------------------------------------------------------------------------------------
    def _life(self, person: int) -> list[Visit]:
        draw, who = self.draw, self.people[person]
        self._words += 10
        old, new, ancient = self._words, self._words + 1, self._words + 2
        changes = draw.random() < CHANGES
        change = draw.uniform(self.start, self.end) if changes else self.end
        visits: list[Visit] = []
        clients = [("phone", who.phone), ("desktop", who.desktop)]
        if draw.random() < 0.4:
            clients.append(("tablet", "ipad"))
        for number, (client, kind) in enumerate(clients):
            told = change + (draw.uniform(0, STALE_FOR) if number else 0)
            at = BEGIN + draw.uniform(0, POLL)
            while at < self.end:
                source, shared = self._place(who, client, at)
                word = new if at >= told else old
                truth: Truth = "previous" if change <= at < told else "right"
                if client != "desktop" or 7 <= (at - BEGIN) % DAY / HOUR < 23:
                    visits.append(Visit(at, person, source, kind, word, truth, shared))
                at += POLL * draw.uniform(0.8, 1.2) * (1 if at >= self.start else 8)
        if draw.random() < FORGOTTEN:
            at = self.start + draw.uniform(0, POLL)
            while at < self.end:
                visits.append(Visit(at, person, who.home, "ipad", ancient, "wrong", False))
                at += POLL
        visits += self._by_hand(person, who, lambda at: new if at >= change else old)
        return visits

    def _by_hand(self, person: int, who: Person, word_at: Callable[[float], int]) -> list[Visit]:
        """Webmail: typed, and sometimes mistyped."""
        draw = self.draw
        visits: list[Visit] = []
        at = self.start + draw.expovariate(BY_HAND / DAY)
        while at < self.end:
            source, shared = self._place(who, "phone", at)
            while draw.random() < TYPO and at < self.end:
                typo = 5_000_000 + draw.randrange(1 << 24)
                visits.append(Visit(at, person, source, "web", typo, "wrong", shared))
                at += draw.uniform(5, 20)
            visits.append(Visit(at, person, source, "web", word_at(at), "right", shared))
            at += draw.expovariate(BY_HAND / DAY)
        return visits
