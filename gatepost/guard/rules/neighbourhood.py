"""Strangers from a banned network are refused, and those from one that is full of attempts in flight wait (law 10)."""

from __future__ import annotations

from gatepost.guard.buckets import Limit
from gatepost.guard.case import Case
from gatepost.guard.sources import Neighbourhood
from gatepost.guard.state import State
from gatepost.guard.verdicts import Lane, Refusal, Rule

_SOON = 1.0


def refuse(state: State, case: Case) -> Refusal | None:
    """Whoever the account knows is not touched."""
    if case.lane is not Lane.STRANGER or case.protected:
        return None
    now = case.now
    ban = state.bans.for_strangers(case.attempt.source, now)
    if ban is not None:
        return Refusal(Rule.NETWORK, ban.until - now)
    for key, limit in case.around(state):
        network = state.networks.entries.get(key)
        if network is None or not network.held or len(network.logins) < state.plan.children:
            continue
        if network.full(limit, now) and _busy(network, state.network_limit(key, limit, now), now):
            return Refusal(Rule.IN_FLIGHT, _SOON)
    return None


def _busy(network: Neighbourhood, limit: Limit, now: float) -> bool:
    """Full of what is in flight."""
    return network.full(limit, now) and not network.settled(limit, now)
