"""Runs the real guard through a world and an attack, as the gate and the sign-in door would drive it.

Differences from a server, both on purpose: the guard ticks once a simulated minute, not each second, and a password check
takes 50 ms. No guess is ever right here: what guesses win is a sum of chances (scoring.py).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from random import Random

import msgspec

from gatepost.guard.engine import Guard
from gatepost.guard.fingerprints import Fingerprints
from gatepost.guard.options import GuardOptions
from gatepost.guard.prefixes import source_key
from gatepost.guard.verdicts import Admission, Attempt, Lane, Outcome, Refusal, Rule, Tags, Ticket
from gatepost.model.account import AccountId, Login
from gatepost.model.address import Address
from gatepost.model.events import AccountClosed, Banned, Event
from gatepost.ports.guardstore import Record
from gatepost.simulation.attacks import ATTACKS, Attack, Campaign
from gatepost.simulation.scoring import Popularity, Score, Tally
from gatepost.simulation.world import DAY, Truth, Visit, World

_CHECK = 0.05  # seconds that a password check takes
_TICK = 60.0
_ADDRESS_BLAMES = frozenset({Rule.SOURCE, Rule.NETWORK, Rule.CONFINED})


class Simulation(msgspec.Struct, frozen=True):
    """What is simulated. `listed` is how many passwords the shipped list has."""

    options: GuardOptions
    seed: int = 1
    hours: float = 24.0
    mailboxes: int = 100
    listed: int = 10_000


class _Bench:
    """One guard, from before the first visit to after the last."""

    def __init__(self, what: Simulation, world: World, begin: float) -> None:
        self._key = Random(what.seed).randbytes(32)  # noqa: S311
        self._guard = Guard(what.options, self._key)
        self._fingerprints = Fingerprints(self._key[:16], self._key[16:])
        self._rotated = self._ticked = begin
        self._listed = what.listed
        self._logins = [Login(f"p{n}@example.org", AccountId(f"a{n}")) for n in range(len(world.people))]
        self._words: dict[tuple[int, int], Tags] = {}
        self._checks: list[tuple[float, int, Ticket, Outcome, Tags | None]] = []
        self._number = 0
        self._failed: dict[tuple[int, int], float] = {}
        self.tally = Tally()

    def load(self, records: Iterable[Record], now: float) -> None:
        """State from an earlier bench."""
        self._guard.load(records, now)

    def changed(self) -> list[Record]:
        """Durable state that changed."""
        return self._guard.changed()

    # -- time --------------------------------------------------------------------------------------------------------------
    def until(self, now: float) -> None:
        """Checks that have ended by now, ticks, new keys once a day."""
        while self._checks and self._checks[0][0] <= now:
            at, _, ticket, outcome, tags = heapq.heappop(self._checks)
            self._note(self._guard.settle(ticket, outcome, at, tags).events)
        while self._ticked + _TICK <= now:
            self._ticked += _TICK
            self._note(self._guard.tick(self._ticked))
        if now - self._rotated >= DAY:
            self._rotated += DAY
            keys = Random(int(self._rotated)).randbytes(64)  # noqa: S311
            self._fingerprints.rotate(keys[:32], keys[32:])
            self._words.clear()

    def _note(self, events: Iterable[Event]) -> None:
        for event in events:
            self.tally.bans += isinstance(event, Banned)
            self.tally.closed += isinstance(event, AccountClosed)

    # -- attempts ------------------------------------------------------------------------------------------------------------
    def _ask(self, now: float, source: Address, person: int, kind: str, word: int, truth: Truth) -> Rule | None:
        """One attempt at the guard: the rule that refused it, or None if it is being checked."""
        tags = self._tags(person, word)
        login = self._logins[person] if person >= 0 else Login(f"nobody{-person}@example.org")
        attempt = Attempt(
            source=source,
            login=login,
            door="imaps",
            mechanism="PLAIN",
            kind=kind,
            tags=tags,
            common=word <= self._listed,
        )
        answer = self._guard.reserve(attempt, now)
        if isinstance(answer, Refusal):
            self._note(answer.events)
            return answer.rule
        outcome = {"right": Outcome.RIGHT, "wrong": Outcome.WRONG, "previous": Outcome.PREVIOUS}[truth]
        if outcome is Outcome.PREVIOUS and answer.lane is Lane.STRANGER:
            outcome = Outcome.WRONG  # the door does not look further for strangers
        self._number += 1
        known = tags if outcome is Outcome.WRONG else None
        heapq.heappush(self._checks, (now + _CHECK, self._number, answer, outcome, known))
        return None

    def _tags(self, person: int, word: int) -> Tags:
        tags = self._words.get((person, word))
        if tags is None:
            if len(self._words) > 50_000:
                self._words.clear()
            tags = self._words[person, word] = self._fingerprints.tags(f"p{person}", b"%d" % word)
        return tags

    def visit(self, visit: Visit) -> None:
        """Somebody wants their mail."""
        tally, place = self.tally, (visit.person, source_key(visit.source))
        if self._guard.admit(visit.source, visit.at) is Admission.DROP:
            rule: Rule | None = Rule.SOURCE
        else:
            rule = self._ask(visit.at, visit.source, visit.person, visit.kind, visit.word, visit.truth)
        if visit.truth != "right":
            self._failed[place] = visit.at
            return
        tally.right += 1
        if rule is not None:
            blameless = visit.at - self._failed.get(place, 0.0) > DAY
            tally.turned_away(visit.person, rule in _ADDRESS_BLAMES and visit.shared and blameless)

    def shoot(self, at: float, source: Address, campaign: Campaign) -> None:
        """The attacker's next guess."""
        guess, tally = campaign.aim(), self.tally
        if guess is None:
            return
        if self._guard.admit(source, at) is Admission.DROP:
            tally.dropped += 1
            return
        rule = self._ask(at, source, guess.person, campaign.kind, guess.rank, "wrong")
        if rule is None:
            tally.guess_answered(guess.person, guess.odds)
        else:
            tally.refused += 1
        if rule is None or rule is Rule.PASSWORD:
            campaign.spent()


def _warmed(what: Simulation, world: World) -> list[Record]:
    """The guard's state when the attack begins."""
    begin = world.visits[0].at
    bench = _Bench(what, world, begin)
    for visit in world.visits:
        if visit.at >= world.start:
            break
        bench.until(visit.at)
        bench.visit(visit)
    bench.until(world.start)
    return [record for record in bench.changed() if record.value is not None]


def _attacked(what: Simulation, world: World, attack: Attack, before: list[Record], popularity: Popularity) -> Score:
    bench = _Bench(what, world, world.start)
    bench.load(before, world.start)
    draw = Random(f"{what.seed} {attack.name}")  # noqa: S311
    campaign = attack.begin(world, popularity, draw)
    shots = iter(campaign.shots)
    shot = next(shots, None)
    for visit in world.visits:
        if visit.at < world.start:
            continue
        while shot is not None and shot[0] <= visit.at:
            bench.until(shot[0])
            bench.shoot(*shot, campaign)
            shot = next(shots, None)
        bench.until(visit.at)
        bench.visit(visit)
    bench.until(world.end)
    state = {(record.table, record.key): record for record in before}
    state.update({(record.table, record.key): record for record in bench.changed()})
    octets = sum(len(record.key) + len(record.value or b"") for record in state.values())
    return bench.tally.score(attack.name, attack.about, octets)


def simulate(what: Simulation, progress: Callable[[int, int, str], None] = lambda done, of, name: None) -> list[Score]:
    """Every attack on the same world. `progress`: attacks done, of all, the next one's name."""
    world = World(what.seed, what.mailboxes, what.hours)
    popularity = Popularity(what.listed)
    progress(0, len(ATTACKS), "warming up")
    before = _warmed(what, world)
    scores = []
    for done, attack in enumerate(ATTACKS):
        progress(done, len(ATTACKS), attack.name)
        scores.append(_attacked(what, world, attack, before, popularity))
    return scores
