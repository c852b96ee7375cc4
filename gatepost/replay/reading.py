"""A journal's lines as events, and the events as steps in the order in which the guard was asked.

An attempt is asked about twice: when its slot is reserved and when it is settled. The journal has one line for both, at the
second moment; its trace says where the first one belongs among the others (model.events.Trace).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TypeAlias

import msgspec

from gatepost.model.events import (
    UNTRACED,
    Banned,
    ConnectionsRefused,
    Event,
    GuardLoaded,
    SignedIn,
    SignInFailed,
    SignInRefused,
    SignInUntried,
    is_act,
)

Evaluated: TypeAlias = SignedIn | SignInFailed | SignInUntried
Attempted: TypeAlias = Evaluated | SignInRefused


class Ask(IntEnum):
    """What a step does with its event."""

    LOAD = 0
    RESERVE = 1
    SETTLE = 2
    OTHER = 3


class Step(msgspec.Struct, frozen=True):
    """One question. `number` is the event's own in the recording; a reserve and its settle share it."""

    ask: Ask
    number: int
    event: Event


class Recording(msgspec.Struct, frozen=True):
    """A journal that was read.

    `cut_off` attempts ended before their outcome was known; `unread` lines were no events; `untraced` attempts were noted
    without what a replay needs; `dropped` connections were turned away at accept: what they would have tried is not known.
    """

    steps: list[Step]
    attempts: int
    bans: list[Banned]
    outcomes: dict[int, SignedIn | SignInFailed]
    """What a refused attempt (by its number) came to, where a dry run let it go on."""
    rights: dict[tuple[str, str, str], list[float]]
    """When each (login, client, kind) signed in rightly."""
    first: float
    last: float
    cut_off: int
    unread: int
    untraced: int
    dropped: int


_decode = msgspec.json.Decoder(Event).decode


def events_of(lines: Iterable[bytes]) -> tuple[list[Event], int]:
    """The events among the lines, and how many lines were none (a log may have other writers)."""
    found: list[Event] = []
    unread = 0
    for line in lines:
        try:
            found.append(_decode(line))
        except msgspec.MsgspecError:
            unread += bool(line.strip())
    return found, unread


def key_of(event: Attempted) -> tuple[str, str, str]:
    """Who tried: login, client and kind of client."""
    return event.login, event.client, event.trace.kind


class _Sorter:
    """Gives each step its place: (process, act, 0 for the act itself and 1 for slots reserved after it, ticket)."""

    def __init__(self) -> None:
        self.run = 0
        self.order = 0
        self.placed: list[tuple[tuple[int, int, int, int], Step]] = []
        self.refusals: dict[tuple[int, int], int] = {}
        self.outcomes: dict[int, SignedIn | SignInFailed] = {}

    def put(self, number: int, event: Event) -> None:
        """One event, in the journal's order."""
        if isinstance(event, GuardLoaded):
            self.run += 1
            self.order = 0
            self._place(0, 0, 0, Step(Ask.LOAD, number, event))
            return
        if not is_act(event):
            return
        trace = getattr(event, "trace", UNTRACED)
        self.order = getattr(event, "order", 0) or trace.order or self.order + 1
        if isinstance(event, SignInRefused):
            self.refusals[self.run, self.order] = number
            self._place(self.order, 0, 0, Step(Ask.RESERVE, number, event))
        elif isinstance(event, (SignedIn, SignInFailed, SignInUntried)):
            self._put_evaluated(number, event)
        else:
            self._place(self.order, 0, 0, Step(Ask.OTHER, number, event))

    def _put_evaluated(self, number: int, event: Evaluated) -> None:
        trace = event.trace
        if trace.ticket < 0:
            refusal = self.refusals.get((self.run, -trace.ticket))
            if refusal is not None and not isinstance(event, SignInUntried):
                self.outcomes[refusal] = event
            return
        after, ticket = (trace.after, trace.ticket) if trace.order else (self.order - 1, 0)
        self._place(after, 1, ticket, Step(Ask.RESERVE, number, event))
        self._place(self.order, 0, 0, Step(Ask.SETTLE, number, event))

    def _place(self, order: int, late: int, ticket: int, step: Step) -> None:
        self.placed.append(((self.run, order, late, ticket), step))


def record(events: Iterable[Event], unread: int = 0) -> Recording:
    """The steps of a journal's events."""
    sorter = _Sorter()
    bans: list[Banned] = []
    rights: dict[tuple[str, str, str], list[float]] = {}
    times: list[float] = []
    untraced = dropped = cut_off = 0
    for number, event in enumerate(events):
        sorter.put(number, event)
        times.append(event.at)
        if isinstance(event, (SignedIn, SignInFailed, SignInUntried, SignInRefused)) and not event.trace.order:
            untraced += 1
        cut_off += isinstance(event, SignInFailed) and event.why == "abandoned"
        if isinstance(event, Banned):
            bans.append(event)
        elif isinstance(event, SignedIn):
            rights.setdefault(key_of(event), []).append(event.at)
        elif isinstance(event, ConnectionsRefused):
            dropped += event.count
    sorter.placed.sort(key=lambda pair: pair[0])
    steps = [step for _, step in sorter.placed]
    return Recording(
        steps=steps,
        attempts=sum(1 for step in steps if step.ask is Ask.RESERVE),
        bans=bans,
        outcomes=sorter.outcomes,
        rights=rights,
        first=min(times, default=0.0),
        last=max(times, default=0.0),
        cut_off=cut_off,
        unread=unread,
        untraced=untraced,
        dropped=dropped,
    )
