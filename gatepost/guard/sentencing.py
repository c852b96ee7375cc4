"""Making bans: of a source whose points are full, of a network around many such sources.

A source is banned for what itself did, never for the heat of the account that it tried (law 5). Nobody exempt is banned.
"""

from __future__ import annotations

from gatepost.guard.bans import Ban, Scope
from gatepost.guard.buckets import Limit
from gatepost.guard.case import Case
from gatepost.guard.charging import open_source
from gatepost.guard.prefixes import network_of
from gatepost.guard.sources import Neighbourhood, Source, failure
from gatepost.guard.state import State
from gatepost.guard.verdicts import Refusal, Rule
from gatepost.model.address import Address
from gatepost.model.events import Banned, Evidence


def announce(state: State, ban: Ban, now: float) -> Banned:
    """The event for a ban."""
    return Banned(
        at=now,
        network=str(ban.network),
        until=ban.until,
        number=ban.number,
        by=ban.by,
        evidence=ban.evidence,
        enforced=state.options.enforce,
        scope=ban.scope,
    )


def ban_source(state: State, address: Address, key: int, source: Source, now: float) -> tuple[Banned, ...]:
    """Bans a source that is full; () where it is exempt or banned already."""
    if state.exemptions.exempt(address) or state.bans.holds(key, now):
        return ()
    proven = state.crowds.size(key, now)
    scope: Scope = "confined" if proven and state.plan.confine else "all"
    reason = source.shown.reason
    if not reason:
        reason = "too many wrong passwords" if source.failures else "came back with its limit used up"
    evidence = source.evidence(reason)
    source.fresh_evidence()
    return (_ban(state, key, proven, scope, evidence, now),)


def consequence(state: State, case: Case, refusal: Refusal) -> Refusal:
    """What comes of a refusal itself: a sprayed password costs the source a point; a full source is banned."""
    source, now = case.source, case.now
    if refusal.rule is Rule.PASSWORD:
        source = open_source(state, case)
        source.take(1.0, state.source_limit(case.source_key, now), now)
        source.note(failure(state.display(case.attempt.login), case.attempt.door), now)
        source.because(source.shown.reason or "one password tried on many accounts")
        if case.attempt.tags is not None:
            state.spraying.note(case.attempt.tags, case.login_tag & 0xFFFFFFFF, now)
    elif refusal.rule is not Rule.SOURCE and refusal.rule is not Rule.CONFINED:
        return refusal
    if source is None or not source.full(state.source_limit(case.source_key, now), now):
        return refusal
    if not source.failures and state.crowds.size(case.source_key, now):
        return refusal  # a ban has just ended and nobody failed since: good accounts' neighbours may wait for room
    events = ban_source(state, case.attempt.source, case.source_key, source, now)
    if not events:
        return refusal
    wait = refusal.retry_after if refusal.rule is Rule.PASSWORD else events[0].until - now
    return Refusal(refusal.rule, wait, refusal.close, events)


def ban_network(
    state: State, key: int, network: Neighbourhood, limit: Limit, parts: int, now: float
) -> tuple[Banned, ...]:
    """Bans a network that is full through so many different parts, if it is full with the room that it has earned too."""
    if state.bans.holds(key, now) or not network.full(state.network_limit(key, limit, now), now):
        return ()
    evidence = network.evidence(f"strangers from {parts} or more parts of this network guessed passwords")
    network.fresh_evidence()
    return (_ban(state, key, state.crowds.size(key, now), "strangers", evidence, now),)


def _ban(state: State, key: int, proven: int, scope: Scope, evidence: Evidence, now: float) -> Banned:
    number = state.bans.number(key, now)
    sentence = state.plan.proven if proven else state.plan.unproven
    ban = Ban(network_of(key), now, now + sentence.seconds(number), number, "guard", evidence, scope)
    state.bans.add(ban)
    return announce(state, ban, now)
