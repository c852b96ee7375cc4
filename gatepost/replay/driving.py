"""A fresh guard asked what another one was asked, step by step; and what it answered.

What the journal cannot know is assumed, and counted: an attempt that the recorded guard refused was never looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from gatepost.guard.engine import CannotBan, Guard
from gatepost.guard.options import GuardOptions
from gatepost.guard.verdicts import Admission, Attempt, Lane, Outcome, Refusal, Rule, Tags, Ticket
from gatepost.model.address import parse_address, parse_network
from gatepost.model.events import (
    UNTRACED,
    Abuse,
    AccountClosed,
    Banned,
    Delivered,
    Event,
    GuardLoaded,
    GuardTold,
    SignedIn,
    SignInFailed,
    SignInRefused,
    SignInUntried,
)
from gatepost.ports.guardstore import Record
from gatepost.recorded import Seconds
from gatepost.replay.names import KEY, Names
from gatepost.replay.reading import Ask, Attempted, Evaluated, Recording, Step, key_of
from gatepost.replay.spraying import Sprayed

ASSUME_WITHIN = 86400.0
"""Seconds after a refusal within which a right sign-in of the same login, client and kind says that it was right too."""


class Assumed(msgspec.Struct):
    """Refused attempts that this policy looks at: how many were taken to be right, and wrong; and of how many the outcome
    is in the journal (a dry run)."""

    right: int = 0
    wrong: int = 0
    known: int = 0


def said(event: Attempted) -> str:
    """The recorded verdict, in words."""
    if isinstance(event, SignedIn):
        return "right"
    if isinstance(event, SignInUntried):
        return "not tried"
    if isinstance(event, SignInFailed):
        return "wrong, counted" if event.counted else "wrong, not counted"
    return f"refused: {event.rule}"


def fingerprints(event: Event) -> Tags | None:
    """Those of a wrong password that was shown."""
    if not isinstance(event, SignInFailed) or not event.tags[0]:
        return None
    (same, spray), (same_before, spray_before) = event.tags, event.trace.before or (0, 0)
    return Tags(same=(same, same_before), spray=(spray, spray_before))


def outcome_of(event: Evaluated) -> Outcome:
    """What the door found."""
    if isinstance(event, SignedIn):
        return Outcome.RIGHT
    if isinstance(event, SignInUntried):
        return Outcome.UNTRIED
    if event.why == "banned":
        return Outcome.RIGHT  # found right, and not accepted, since a ban had come meanwhile
    return {"previous": Outcome.PREVIOUS, "abandoned": Outcome.ABANDONED}.get(event.why, Outcome.WRONG)


class Player:
    """One policy through a recording. `verdicts`: by the number of the attempt's event; `bans` and `closed`: what came of it."""

    def __init__(self, options: GuardOptions, recording: Recording) -> None:
        self._options, self._recording = options, recording
        self._guard = Guard(options, KEY)
        self._seconds = Seconds(recording.first)
        self._names, self._sprayed = Names(), Sprayed()
        self._tickets: dict[int, Ticket] = {}
        self._records: dict[tuple[str, bytes], Record] = {}
        self.verdicts: dict[int, str] = {}
        self.bans: list[Banned] = []
        self.closed: list[AccountClosed] = []
        self.assumed = Assumed()
        self.undone: Counter[str] = Counter()

    def play(self, step: Step) -> None:
        """The next step."""
        event = step.event
        if step.ask is Ask.RESERVE:
            assert isinstance(event, (SignedIn, SignInFailed, SignInUntried, SignInRefused))
            self._reserve(step.number, event)
        elif step.ask is Ask.SETTLE:
            assert isinstance(event, (SignedIn, SignInFailed, SignInUntried))
            self._settle(step.number, event)
        elif isinstance(event, GuardLoaded):
            self._load(event)
        elif isinstance(event, GuardTold):
            self._tell(event)
        elif isinstance(event, Abuse):
            self._pass(event.at)
            self._note(self._guard.abuse(parse_address(event.client), event.kind, event.at, event.door))
        elif isinstance(event, Delivered):
            self._pass(event.at)
            self._guard.accepted(parse_address(event.client), event.at)

    def seed(self, attempt: Attempt, now: float) -> None:
        """A right sign-in from before the journal begins."""
        answer = self._guard.reserve(attempt, now)
        if isinstance(answer, Ticket):
            self._guard.settle(answer, Outcome.RIGHT, now)

    def attempt(self, event: Attempted, tags: Tags | None = None, common: bool = False) -> Attempt:
        """The event as the guard was asked about it."""
        trace = event.trace
        return Attempt(
            source=parse_address(event.client),
            login=self._names.login(trace.charged or event.login, trace.slot),
            door=event.door,
            mechanism=event.mechanism,
            kind=trace.kind,
            tags=tags,
            common=common,
            token=trace.token,
        )

    # -- attempts ------------------------------------------------------------------------------------------------------
    def _reserve(self, number: int, event: Attempted) -> None:
        at = event.trace.reserved_at if event.trace is not UNTRACED else event.at
        self._pass(at)
        common = isinstance(event, SignInFailed) and event.trace.common
        tags = fingerprints(event)
        if isinstance(event, SignInRefused) and event.rule == Rule.PASSWORD:
            tags = self._sprayed.likeliest(self._options.full.spray_accounts)
        answer = self._guard.reserve(self.attempt(event, tags, common), at)
        if isinstance(answer, Refusal):
            self.verdicts[number] = f"refused: {answer.rule}"
            self._note(answer.events)
        elif isinstance(event, SignInRefused):
            self._assume(number, event, answer, at)
        else:
            self._tickets[number] = answer

    def _assume(self, number: int, event: SignInRefused, ticket: Ticket, now: float) -> None:
        """This policy looks at a password that the recorded one did not look at."""
        found = self._recording.outcomes.get(number)
        if found is not None:
            self.assumed.known += 1
            self._finish(number, ticket, outcome_of(found), now, fingerprints(found))
            return
        rights = self._recording.rights.get(key_of(event), ())
        right = event.rule != Rule.PASSWORD and any(now < at <= now + ASSUME_WITHIN for at in rights)
        self.assumed.right += right
        self.assumed.wrong += not right
        self._finish(number, ticket, Outcome.RIGHT if right else Outcome.WRONG, now, ticket.attempt.tags)

    def _settle(self, number: int, event: Evaluated) -> None:
        self._pass(event.at)
        ticket = self._tickets.pop(number, None)
        tags = fingerprints(event)
        if tags is not None and isinstance(event, SignInFailed) and event.counted and event.lane != Lane.FAMILIAR:
            self._sprayed.note(tags, event.login, event.at)
        if ticket is not None:
            self._finish(number, ticket, outcome_of(event), event.at, tags)

    def _finish(self, number: int, ticket: Ticket, outcome: Outcome, now: float, tags: Tags | None) -> None:
        if outcome is Outcome.RIGHT and self._guard.admit(ticket.attempt.source, now) is Admission.DROP:
            outcome = Outcome.ABANDONED  # as the door does it (law 3)
        settled = self._guard.settle(ticket, outcome, now, tags)
        if outcome is Outcome.RIGHT:
            self.verdicts[number] = "right"
        elif outcome is Outcome.UNTRIED:
            self.verdicts[number] = "not tried"
        else:
            self.verdicts[number] = "wrong, counted" if settled.counted else "wrong, not counted"
        self._note(settled.events)

    # -- everything else -------------------------------------------------------------------------------------------------
    def _pass(self, now: float) -> None:
        for second in self._seconds.until(now):
            self._note(self._guard.tick(second))

    def _note(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Banned):
                self.bans.append(event)
            elif isinstance(event, AccountClosed):
                self.closed.append(event)

    def _load(self, event: GuardLoaded) -> None:
        """A restart: what was durable comes back, what was in memory only is gone."""
        self._keep()
        self._guard = Guard(self._options, KEY)
        self._guard.load(self._records.values(), event.at)
        self._seconds = Seconds(event.at)
        self._tickets.clear()

    def _keep(self) -> None:
        for record in self._guard.changed():
            if record.value is None:
                self._records.pop((record.table, record.key), None)
            else:
                self._records[record.table, record.key] = record

    def _tell(self, event: GuardTold) -> None:
        guard, now = self._guard, event.at
        if event.what == "clock":
            self._seconds.jump(now)
        self._pass(now)
        if event.what in ("close", "reopen", "forget"):
            login = self._names.login(event.subject, event.slot)
            key = login.key
            if event.what == "close":
                self._note(guard.close_login(login, now, event.seconds or 0.0))
            elif event.what == "reopen":
                guard.lift_login(key, now)
            else:
                guard.forget(key)
            return
        if event.what == "clock":
            return
        network = parse_network(event.subject)
        if event.what == "ban":
            try:
                self._note(guard.ban(network, now, event.seconds, event.note, event.by))
            except CannotBan:
                self.undone[f"a ban of {network} by hand, which this policy's never_ban or allow list forbids"] += 1
        elif event.what == "lift":
            guard.lift(network, now, event.by)
        elif event.what == "allow":
            guard.allow(network, event.note)
        elif event.what == "disallow":
            guard.disallow(network)
        else:
            {"protect": guard.protect, "expose": guard.expose, "unexpose": guard.unexpose}[event.what]((network,))
