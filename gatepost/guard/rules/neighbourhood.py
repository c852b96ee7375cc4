"""Strangers from a banned network are refused, and those from one that is full of attempts in flight wait (law 10)."""

from __future__ import annotations

from gatepost.guard.case import Case
from gatepost.guard.state import State
from gatepost.guard.verdicts import Lane, Refusal, Rule

_SOON = 1.0


def refuse(state: State, case: Case) -> Refusal | None:
    """Whoever the account knows is not touched. The attempt's points are set aside on the suspects found here; networks from
    which too few parts failed can refuse nobody, and are only charged by outcomes."""
    if case.lane is not Lane.STRANGER or case.protected:
        return None
    now = case.now
    ban = state.bans.for_strangers(case.attempt.source, now)
    if ban is not None:
        return Refusal(Rule.NETWORK, ban.until - now)
    entries, children = state.networks.entries, state.plan.children
    for key, limit in case.around(state):
        network = entries.get(key)
        if network is None or len(network.logins) < children:
            continue
        case.suspects += ((network, key, limit),)
        if network.held and network.busy(limit, now):
            earned = state.network_limit(key, limit, now)
            if network.busy(earned, now) and not network.full(earned, now):
                return Refusal(Rule.IN_FLIGHT, _SOON)
    return None
