"""Making bans: of a source whose points are full, of a network around many such sources.

A source is banned for what itself did, never for the heat of the account that it tried (law 5). Nobody exempt is banned.
"""

from __future__ import annotations

from gatepost.guard.bans import Ban, Scope
from gatepost.guard.charging import Share, open_source
from gatepost.guard.prefixes import network_of
from gatepost.guard.sources import Source
from gatepost.guard.state import Case, State
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
    proven = state.proven(key, source, now)
    scope: Scope = "confined" if proven and state.plan.confine else "all"
    reason = source.reason or ("too many wrong passwords" if source.failures else "came back with its limit used up")
    evidence = source.evidence(reason)
    source.fresh_evidence()
    return (_ban(state, key, proven, scope, evidence, now),)


def consequence(state: State, case: Case, refusal: Refusal) -> Refusal:
    """What comes of a refusal itself: a sprayed password costs the source a point; a full source is banned."""
    source, now = case.source, case.now
    if refusal.rule is Rule.PASSWORD:
        source = open_source(state, case)
        source.take(1.0, state.source_limit(case.source_key, source, now), now)
        source.note(state.display(case.attempt.login), case.attempt.door, now)
        source.reason = source.reason or "one password tried on many accounts"
        if case.attempt.tags is not None:
            state.spraying.note(case.attempt.tags, case.login_tag & 0xFFFFFFFF, now)
    elif refusal.rule is not Rule.SOURCE and refusal.rule is not Rule.CONFINED:
        return refusal
    if source is None or not source.settled(state.source_limit(case.source_key, source, now), now):
        return refusal
    if not source.failures and state.proven(case.source_key, source, now):
        return refusal  # a ban has just ended and nobody failed since: good accounts' neighbours may wait for room
    events = ban_source(state, case.attempt.source, case.source_key, source, now)
    if not events:
        return refusal
    wait = refusal.retry_after if refusal.rule is Rule.PASSWORD else events[0].until - now
    return Refusal(refusal.rule, wait, refusal.close, events)


def ban_networks(state: State, shares: list[Share], child: int, now: float) -> tuple[Banned, ...]:
    """Notes that a part of each network failed, and bans those that are full through enough different parts."""
    events: tuple[Banned, ...] = ()
    for key, network, limit, _ in shares:
        part = child >> 9 & 0xFFFFFFFF  # the last bits of its prefix, which tell it from the others
        parts = network.note_login(part, state.plan.children)
        child = key
        if parts < state.plan.children or not network.settled(limit, now) or state.bans.holds(key, now):
            continue
        if network.settled(state.network_limit(key, limit, network, now), now):
            evidence = network.evidence(f"strangers from {parts} or more parts of this network guessed passwords")
            network.fresh_evidence()
            proven = state.proven(key, network, now)
            events += (_ban(state, key, proven, "strangers", evidence, now),)
    return events


def _ban(state: State, key: int, proven: int, scope: Scope, evidence: Evidence, now: float) -> Banned:
    number = state.bans.number(key, now)
    sentence = state.plan.proven if proven else state.plan.unproven
    ban = Ban(network_of(key), now, now + sentence.seconds(number), number, "guard", evidence, scope)
    state.bans.add(ban)
    return announce(state, ban, now)
