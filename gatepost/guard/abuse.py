"""Abuse other than wrong passwords, weighed by its rule and added to the source's points: the same limit, the same ban.

Whoever is on the allow list, this host and its proxies are not counted: a proxy's clients would pay for each other
(law 9). What is free is used up first, kind by kind; points are taken only beyond that.
"""

from __future__ import annotations

from gatepost.guard.buckets import Limit
from gatepost.guard.conduct import Conduct
from gatepost.guard.familiarity import DAY
from gatepost.guard.prefixes import source_key
from gatepost.guard.rules.abuse import ABUSES, AbuseRule
from gatepost.guard.sentencing import ban_source
from gatepost.guard.sources import Source, failure
from gatepost.guard.state import State
from gatepost.model.address import Address
from gatepost.model.events import Event


def abuse(state: State, source: Address, kind: str, door: str, now: float) -> tuple[Event, ...]:
    """What comes of it: a ban, or nothing. A kind that no rule knows (an older journal's) is passed over."""
    rule = ABUSES.get(kind)
    if rule is None or state.exemptions.exempt(source):
        return ()
    key = source_key(source)
    entry = state.sources.get(key)
    points = rule.weight(state.options.abuse).points
    if not points or (not rule.proven_pay and state.crowds.size(key, now)) or _free(state, key, rule, now):
        return ()
    if entry is None:
        entry = Source(now)
        state.sources.put(key, entry, now)
    state.sources.dirty[key] = None
    limit = state.source_limit(key, now)
    entry.take(points, limit, now)
    entry.note(failure("", door), now)
    if not entry.full(limit, now):
        return ()
    entry.because(f"abuse: {kind} ({rule.what})")
    return ban_source(state, source, key, entry, now)


def accepted(state: State, source: Address, now: float) -> None:
    """A message from there was delivered to somebody who exists: a mail server at work."""
    if not state.exemptions.exempt(source):
        _conduct(state, source_key(source), now).accept(now, state.options.proven_for)


def delivered(state: State, key: int, now: float) -> int:
    """Messages that a source (by its key) brought lately."""
    conduct = state.conducts.get(key)
    return conduct.delivered(now, state.options.proven_for) if conduct is not None else 0


def free_used(state: State, key: int, now: float) -> tuple[tuple[str, float, Limit], ...]:
    """(kind, free ones used up, how many there are) of a source, by kind."""
    conduct = state.conducts.get(key)
    if conduct is None:
        return ()
    limits = {kind: _free_limit(state, conduct, ABUSES[kind], now) for kind in conduct.kinds if kind in ABUSES}
    limits = {kind: limit for kind, limit in limits.items() if limit.burst}
    used = ((kind, conduct.kinds[kind].drain(limit.rate, now), limit) for kind, limit in sorted(limits.items()))
    return tuple(each for each in used if each[1])


def _free_limit(state: State, conduct: Conduct, rule: AbuseRule, now: float) -> Limit:
    options = state.options.abuse
    free = rule.weight(options).free
    if rule.senders_earn:
        earned = options.sender_room * conduct.delivered(now, state.options.proven_for)
        free += min(earned, options.sender_room_most)
    return Limit(free, free / DAY)


def _free(state: State, key: int, rule: AbuseRule, now: float) -> bool:
    """Whether this one costs nothing; it is one fewer for today then."""
    conduct = _conduct(state, key, now)
    limit, bucket = _free_limit(state, conduct, rule, now), conduct.bucket(rule.kind, now)
    return not bucket.full(limit, now) and bucket.take(1.0, limit, now) > 0.0


def _conduct(state: State, key: int, now: float) -> Conduct:
    conduct = state.conducts.get(key)
    if conduct is None:
        conduct = Conduct()
        state.conducts.put(key, conduct, now)
    else:
        state.conducts.dirty[key] = None
    return conduct
