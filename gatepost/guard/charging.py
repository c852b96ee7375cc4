"""Charging an attempt before its password is looked at, on every key at once, and giving the charge back (law 2)."""

from __future__ import annotations

from gatepost.guard.accounts import AccountState
from gatepost.guard.case import Case
from gatepost.guard.plan import Plan
from gatepost.guard.sources import Neighbourhood, Source
from gatepost.guard.state import State
from gatepost.guard.verdicts import Attempt, Lane


def weight(plan: Plan, attempt: Attempt) -> float:
    """Points of a wrong attempt before breadth: more for a login that nobody has, more for a common password. Tokens
    and malformed exchanges may name no login at all: they cost one point."""
    invented = attempt.login.account is None and attempt.login.key
    points = plan.unknown_factor if invented else 1.0
    return points * plan.common_factor if attempt.common else points


def open_source(state: State, case: Case) -> Source:
    """The source's entry, made where it is missing."""
    source = case.source
    if source is None:
        source = case.source = Source(case.now)
        state.sources.put(case.source_key, source, case.now)
    else:
        state.sources.dirty[case.source_key] = None
    return source


def charge(state: State, case: Case) -> None:
    """Reserves an attempt on source, networks, lane and account. The rules have made sure that it fits."""
    source = open_source(state, case)
    case.points = points = weight(state.plan, case.attempt)
    # an empty bucket has room for any first attempt: its limit need not be looked up
    case.held = [(source, source.reserve(points, case.source_limit or state.plan.source, case.now))]
    if case.attempt.token:
        case.account = case.budget = None
    else:
        _charge_account(state, case)
    if case.lane is Lane.STRANGER or case.lane is Lane.SEEN:
        charge_networks(state, case, points)


def _charge_account(state: State, case: Case) -> None:
    now, held, account = case.now, case.held, case.account
    if account is None:
        account = case.account = AccountState(now)
        case.table.put(case.account_key, account, now)
    else:
        case.table.dirty[case.account_key] = None
    budget = case.budget = case.budget or account.lane(case.lane_key, now)
    held.append((budget, budget.reserve(1.0, case.lane_limit, now)))
    total, most = account.total, state.plan.total
    held.append((total, total.reserve(1.0, most, now) if most is not None else total.reserve_nothing()))


def charge_networks(state: State, case: Case, points: float) -> None:
    """Reserves the same points on the networks around the source; nothing around this host or its proxies."""
    now, table, held, shares = case.now, state.networks, case.held, case.shares
    for key, limit in case.around(state):
        network = table.entries.get(key)
        if network is None:
            network = Neighbourhood(now)
            table.put(key, network, now)
        else:
            table.dirty[key] = None
        taken = network.reserve(points, limit, now)
        if taken < points:  # the room that proven accounts earn is only looked up where it matters
            more = network.take(points - taken, state.network_limit(key, limit, now), now)
            network.held += more
            taken += more
        held.append((network, taken))
        shares.append((key, network, limit))


def land(case: Case) -> None:
    """The attempt is no longer in flight; its charges stay."""
    for budget, points in case.held:
        budget.in_flight -= 1
        budget.held = budget.held - points if budget.in_flight else 0.0


def release(state: State, case: Case) -> None:
    """The same, and gives back this attempt's charges and no others; entries with nothing left in them go."""
    land(case)
    for budget, points in case.held:
        budget.give(points)
    if case.source is not None and case.source.idle:
        state.sources.drop_if(case.source_key, case.source)
    for key, network, _ in case.shares:
        if network.idle:
            state.networks.drop_if(key, network)
    if case.account is not None and case.account.idle:
        case.table.drop_if(case.account_key, case.account)
