"""Two policies through one recording: which verdicts differ, and whose bans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from gatepost.guard.options import GuardOptions
from gatepost.model.events import Banned, GuardLoaded, SignedIn, SignInFailed, SignInRefused, SignInUntried
from gatepost.recorded import from_noted
from gatepost.replay.driving import Assumed, Player, said
from gatepost.replay.history import seeds
from gatepost.replay.reading import Ask, Recording, Step

_EXAMPLES = 10
_REPORT_EVERY = 1000


class CannotReplay(Exception):
    """The text is one sentence for an administrator."""


class Change(msgspec.Struct, frozen=True):
    """An attempt that would have been answered otherwise. `at` in seconds since the epoch."""

    at: float
    source: str
    login: str
    door: str
    old: str
    new: str


class Sentence(msgspec.Struct, frozen=True):
    """A network and its bans under one policy."""

    network: str
    bans: int
    first: float
    seconds: float
    reason: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """`reproduced` attempts of `attempts` got from the recorded policy, asked again, what the journal says (`astray` are the
    first that did not), and `same_bans` says whether its bans are the journal's. `began_fresh`: the journal holds all that
    the guard ever learnt."""

    first: float
    last: float
    attempts: int
    reproduced: int
    same_bans: bool
    began_fresh: bool
    astray: tuple[Change, ...]
    changed: int
    changes: dict[str, int]
    examples: tuple[Change, ...]
    bans_old: int
    bans_new: int
    spared: tuple[Sentence, ...]
    banned: tuple[Sentence, ...]
    closed_old: int
    closed_new: int
    assumed: Assumed
    undone: dict[str, int]
    sprayed: int
    cut_off: int
    unread: int
    untraced: int
    dropped: int


def recorded_policy(recording: Recording) -> GuardOptions:
    """The policy under which the journal was written. Raises CannotReplay."""
    for step in recording.steps:
        if isinstance(step.event, GuardLoaded):
            try:
                return from_noted(step.event.policy)
            except (msgspec.ValidationError, ValueError) as error:
                raise CannotReplay(f"the journal's policy is not one of this version: {error}") from error
    raise CannotReplay("the journal has no guard-loaded event, so its policy is unknown: name it with --recorded")


def compare(
    recording: Recording,
    old: GuardOptions,
    new: GuardOptions,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Comparison:
    """Asks both. `progress` hears of steps done, of all."""
    fresh = _fresh(recording.steps)
    players = Player(old, recording), Player(new, recording)
    if not fresh:
        for player in players:
            for attempt in seeds(recording, player):
                player.seed(attempt, recording.first)
    for done, step in enumerate(recording.steps):
        for player in players:
            player.play(step)
        if done % _REPORT_EVERY == 0:
            progress(done, len(recording.steps))
    return _result(recording, *players, fresh)


def _fresh(steps: list[Step]) -> bool:
    return bool(steps) and isinstance(steps[0].event, GuardLoaded) and not steps[0].event.records


def _result(recording: Recording, old: Player, new: Player, fresh: bool) -> Comparison:
    astray: list[Change] = []
    examples: list[Change] = []
    changes: Counter[str] = Counter()
    attempts = reproduced = sprayed = 0
    for step in recording.steps:
        event, was = step.event, old.verdicts.get(step.number)
        if step.ask is not Ask.RESERVE or was is None:
            continue  # still in flight when a process ended
        assert isinstance(event, (SignedIn, SignInFailed, SignInUntried, SignInRefused))
        attempts += 1
        now, noted = new.verdicts.get(step.number, was), said(event)
        sprayed += noted == "refused: password"
        reproduced += was == noted
        if was != noted and len(astray) < _EXAMPLES:
            astray.append(Change(event.at, event.client, event.login, event.door, noted, was))
        if was != now:
            changes[f"{was} -> {now}"] += 1
            if changes[f"{was} -> {now}"] <= _EXAMPLES // 2 and len(examples) < 2 * _EXAMPLES:
                examples.append(Change(event.at, event.client, event.login, event.door, was, now))
    by_old, by_new = _by_network(old.bans), _by_network(new.bans)
    return Comparison(
        first=recording.first,
        last=recording.last,
        attempts=attempts,
        reproduced=reproduced,
        same_bans=_told(old.bans) == _told(recording.bans),
        began_fresh=fresh,
        astray=tuple(astray),
        changed=sum(changes.values()),
        changes=dict(changes.most_common()),
        examples=tuple(examples),
        bans_old=len(old.bans),
        bans_new=len(new.bans),
        spared=tuple(by_old[network] for network in by_old if network not in by_new),
        banned=tuple(by_new[network] for network in by_new if network not in by_old),
        closed_old=len(old.closed),
        closed_new=len(new.closed),
        assumed=new.assumed,
        undone=dict(new.undone),
        sprayed=sprayed,
        cut_off=recording.cut_off,
        unread=recording.unread,
        untraced=recording.untraced,
        dropped=recording.dropped,
    )


def _told(bans: Iterable[Banned]) -> list[tuple[float, str, float, int]]:
    return [(ban.at, ban.network, ban.until, ban.number) for ban in bans if ban.by == "guard"]


def _by_network(bans: Iterable[Banned]) -> dict[str, Sentence]:
    found: dict[str, list[Banned]] = {}
    for ban in bans:
        found.setdefault(ban.network, []).append(ban)
    return {
        network: Sentence(
            network, len(many), many[0].at, sum(ban.until - ban.at for ban in many), many[0].evidence.reason
        )
        for network, many in found.items()
    }
