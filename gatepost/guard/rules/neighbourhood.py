"""Strangers from a banned network are refused, and those from one that is full of attempts in flight wait (law 10)."""

from __future__ import annotations

from gatepost.guard.prefixes import address_key
from gatepost.guard.state import Case, State
from gatepost.guard.verdicts import Lane, Refusal, Rule

_SOON = 1.0


def refuse(state: State, case: Case) -> Refusal | None:
    """Whoever the account knows is not touched."""
    if case.lane is not Lane.STRANGER or case.protected:
        return None
    address, now = case.attempt.source, case.now
    ban = state.bans.for_strangers(address, now)
    if ban is not None:
        return Refusal(Rule.NETWORK, ban.until - now)
    for length, limit in state.plan.networks4 if address.version == 4 else state.plan.networks6:
        key = address_key(address, length)
        network = state.networks.entries.get(key)
        if network is not None and network.held and len(network.logins) >= state.plan.children:
            limit = state.network_limit(key, limit, network, now)
            if network.full(limit, now) and not network.settled(limit, now):
                return Refusal(Rule.IN_FLIGHT, _SOON)
    return None
