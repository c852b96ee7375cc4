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
from gatepost.guard.sources import Source
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
    if not points or (not rule.proven_pay and state.proven(key, entry, now)) or _free(state, key, rule, now):
        return ()
    if entry is None:
        entry = Source(now)
        state.sources.put(key, entry, now)
    state.sources.dirty[key] = None
    limit = state.source_limit(key, entry, now)
    entry.take(points, limit, now)
    entry.note("", door, now)
    if not entry.settled(limit, now):
        return ()
    entry.reason = f"abuse: {kind} ({rule.what})"
    return ban_source(state, source, key, entry, now)


def accepted(state: State, source: Address, now: float) -> None:
    """A message from there was delivered to somebody who exists: a mail server at work."""
    if not state.exemptions.exempt(source):
        _conduct(state, source_key(source), now).accept(now, state.options.proven_for)


def _free(state: State, key: int, rule: AbuseRule, now: float) -> bool:
    """Whether this one costs nothing; it is one fewer for today then."""
    options = state.options.abuse
    conduct = _conduct(state, key, now)
    free = rule.weight(options).free
    if rule.senders_earn:
        earned = options.sender_room * conduct.delivered(now, state.options.proven_for)
        free += min(earned, options.sender_room_most)
    if not free:
        return False
    limit, bucket = Limit(free, free / DAY), conduct.bucket(rule.kind, now)
    return not bucket.full(limit, now) and bucket.take(1.0, limit, now) > 0.0


def _conduct(state: State, key: int, now: float) -> Conduct:
    conduct = state.conducts.get(key)
    if conduct is None:
        conduct = Conduct()
        state.conducts.put(key, conduct, now)
    else:
        state.conducts.dirty[key] = None
    return conduct
