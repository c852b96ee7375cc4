"""The guard: asked at every door, before anything else is done for a peer.

Pure and deterministic (law 13): time is handed in, nothing is looked up elsewhere, the same calls give the same
answers. `gatepost.gate` gives it the clock, the journal and the disk. Not here: what a rule decides (rules/), what an
outcome changes (settling.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.guard import abuse as abusing
from gatepost.guard import closing, explain, lifting, records, settling
from gatepost.guard.bans import FOREVER, Ban
from gatepost.guard.case import Case
from gatepost.guard.charging import held, hold
from gatepost.guard.exemptions import CannotBan
from gatepost.guard.explain import LoginExplanation, SourceExplanation
from gatepost.guard.familiarity import DAY
from gatepost.guard.options import GuardOptions
from gatepost.guard.prefixes import network_key, source_key
from gatepost.guard.rules import RULES
from gatepost.guard.sentencing import announce, consequence
from gatepost.guard.state import State
from gatepost.guard.upkeep import prune
from gatepost.guard.verdicts import Admission, Attempt, Outcome, Refusal, Settlement, Tags, Ticket
from gatepost.model.account import Login
from gatepost.model.address import Address, Network
from gatepost.model.events import BanEnded, Event, Evidence, Warned
from gatepost.ports.guardstore import Record

__all__ = ["CannotBan", "Guard"]


class Guard:
    """Times are seconds since the epoch. `hash_key`: 32 octets that outlive the process, for familiarity (K3)."""

    def __init__(self, options: GuardOptions, hash_key: bytes) -> None:
        self._options = options
        self._state = State(options, hash_key)
        self._rules = RULES[options.policy]
        self._in_flight: dict[int, Case] = {}
        self._number = 0
        self._outbox = records.Outbox()
        self._alarmed = False
        self._today = -1

    @property
    def enforced(self) -> bool:
        """Whether the gate carries out what is decided; events say it too."""
        return self._options.enforce

    @property
    def under_attack(self) -> bool:
        """Whether far more failures are counted than on a quiet day."""
        return self._state.alarm.on

    # -- asked at the doors ----------------------------------------------------------------------------------------

    def admit(self, source: Address, now: float) -> Admission:
        """Whether a connection from `source`, or a request on one, is served (law 3)."""
        ban = self._state.bans.at_door(source, now)
        if ban is None or ban.until <= now or self._state.exemptions.exempt(source):
            return Admission.SERVE
        if ban.by_hand or not self._state.plan.confine:
            return Admission.DROP
        return Admission.CONFINED if self._state.crowds.size(source_key(source), now) else Admission.DROP

    def knows(self, source: Address, login: Login, kind: str, now: float) -> bool:
        """Whether the account signed in rightly from this source or near it; nothing is charged, nothing looked at."""
        return self._state.knows(source, login, kind, now)

    def reserve(self, attempt: Attempt, now: float) -> Ticket | Refusal:
        """Takes the attempt's slot on every key at once, or refuses it unverified (law 2)."""
        state = self._state
        case = Case(state, attempt, now)
        if state.exemptions.allowed(attempt.source) is None:
            for rule in self._rules:
                refusal = rule(state, case)
                if refusal is not None:
                    return consequence(state, case, refusal)
            hold(state, case)
        self._number = number = self._number + 1
        self._in_flight[number] = case
        return Ticket(number, attempt, case.lane, now)

    def settle(self, ticket: Ticket, outcome: Outcome, now: float, tags: Tags | None = None) -> Settlement:
        """The attempt's outcome. `tags` where they were made only now (a wrong password). A ticket settled before
        changes nothing."""
        case = self._in_flight.pop(ticket.number, None)
        if case is None:
            return Settlement()
        return settling.settle(self._state, case, outcome, now, tags or ticket.attempt.tags)

    def abuse(self, source: Address, kind: str, now: float, door: str = "") -> tuple[Event, ...]:
        """A peer broke a rule that is not about passwords: the same points, the same ban. `kind` names the rule."""
        return abusing.abuse(self._state, source, kind, door, now)

    def accepted(self, source: Address, now: float) -> None:
        """A message from there was delivered to somebody: it earns a mail server room for recipients who are not here."""
        abusing.accepted(self._state, source, now)

    def tick(self, now: float) -> tuple[Event, ...]:
        """Once a second: ends bans, looks at attack mode, forgets what is over."""
        state = self._state
        events: list[Event] = [
            BanEnded(at=now, network=str(network), why="expired", by="guard") for network in state.bans.expire(now)
        ]
        state.alarm.look(now)
        if state.alarm.on is not self._alarmed:
            self._alarmed = state.alarm.on
            events.append(Warned(at=now, topic="attack", text=self._alarm_text()))
        prune(state, now, daily=now // DAY != self._today)
        self._today = int(now // DAY)
        return tuple(events)

    def _alarm_text(self) -> str:
        alarm = self._state.alarm
        if alarm.on:
            return f"under attack: {alarm.rate:.0f} wrong passwords an hour, usually {alarm.quiet:.1f}"
        return "the attack is over"

    # -- by hand -----------------------------------------------------------------------------------------------------

    def ban(self, network: Network, now: float, seconds: float | None, reason: str, by: str) -> tuple[Event, ...]:
        """Bans a network, for ever if `seconds` is None. Raises CannotBan for one that is allowed or protected."""
        state, key = self._state, network_key(network)
        state.exemptions.check(network)
        entry = state.sources.get(key)
        evidence = entry.evidence(reason) if entry is not None else Evidence(reason=reason)
        until = FOREVER if seconds is None else min(FOREVER, now + seconds)
        ban = Ban(network, now, until, state.bans.number(key, now), by, evidence)
        state.bans.add(ban)
        return (announce(state, ban, now),)

    def lift(self, network: Network, now: float, by: str) -> tuple[Event, ...]:
        """Ends the bans in and around `network` and clears what led to them."""
        return lifting.lift(self._state, network, now, by)

    def close_login(self, login: Login, now: float, seconds: float) -> tuple[Event, ...]:
        """Closes an account to strangers by hand."""
        return (closing.close_login(self._state, login, now, seconds),)

    def lift_login(self, key: str, now: float) -> bool:
        """Reopens an account; False if nothing was counted on it."""
        return lifting.lift_login(self._state, key)

    def bans(self, now: float) -> list[Ban]:
        """All in force, by network."""
        return self._state.bans.listed(now)

    def allow(self, network: Network, note: str = "") -> None:
        """Neither banned nor limited from now on."""
        self._state.exemptions.allow(network, note)

    def disallow(self, network: Network) -> bool:
        """False if it was not on the list, or stands in the configuration."""
        return self._state.exemptions.disallow(network)

    def allowed(self) -> list[tuple[Network, str]]:
        """The allow list with its notes, by network."""
        return [(entry.network, entry.note) for entry in self._state.exemptions.listed()]

    def protect(self, networks: Iterable[Network]) -> None:
        """Never banned from now on, as `never_ban`: trusted proxies, this host's own addresses (law 9)."""
        self._state.exemptions.protect(networks)

    def expose(self, networks: Iterable[Network]) -> None:
        """For a drill: bannable although `never_ban` covers them."""
        self._state.exemptions.expose(networks)

    def unexpose(self, networks: Iterable[Network]) -> None:
        """The drill is over."""
        self._state.exemptions.unexpose(networks)

    def explain_source(self, source: Address, now: float) -> SourceExplanation:
        """What is known of an address, and what it would be answered."""
        return explain.explain_source(self._state, source, self.admit(source, now), now)

    def explain_login(self, login: Login, now: float, source: Address | None = None) -> LoginExplanation:
        """What is known of a login, and what an attempt from `source` (or a stranger) would be answered."""
        return explain.explain_login(self._state, login, now, source)

    def forget(self, key: str) -> None:
        """The account is erased: what it is known by goes too."""
        state = self._state
        tag = state.tagger.login(key)
        state.familiarity.forget(tag)
        state.crowds.forget(tag)
        state.accounts.drop(key)

    # -- durable -----------------------------------------------------------------------------------------------------

    def changed(self) -> list[Record]:
        """What changed since the last call, for the store."""
        for case in self._in_flight.values():
            for budget, limit in held(self._state, case):  # what is held is written down as points of now
                budget.drain(limit.rate, max(budget.at, case.now))
        return self._outbox.take(records.changed(self._state))

    def unsaved(self, refused: Iterable[Record]) -> None:
        """The store could not take these: the next `changed` has them again, unless they changed since."""
        self._outbox.keep(refused)

    def load(self, stored: Iterable[Record], now: float) -> None:
        """Puts back what the store holds, before the first question."""
        records.load(self._state, stored, now)
        self._alarmed = self._state.alarm.on
