"""Setting points aside for an attempt before its password is looked at, on every key at once, and what becomes of them
when its outcome is known: free again, or charged (law 2)."""

from __future__ import annotations

from collections.abc import Iterator

from gatepost.guard.accounts import AccountState
from gatepost.guard.buckets import Budget, Limit
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


def hold(state: State, case: Case) -> None:
    """Sets the attempt's points aside on source, lane, account and networks. The rules have made sure that they fit.
    Written out, as `land` is: a method of budgets made every decision a twentieth slower."""
    now, plan = case.now, state.plan
    case.points = points = weight(plan, case.attempt)
    source = open_source(state, case)
    source.in_flight += 1
    source.held += points
    if case.attempt.token:
        case.account = case.budget = None
    else:
        account = _open_account(case)
        budget = case.budget = case.budget or account.lane(case.lane_key, now)
        budget.in_flight += 1
        budget.held += 1.0
        total = account.total  # where it has no limit it is in flight all the same, and must not be forgotten
        total.in_flight += 1
        if plan.total is not None:
            total.held += 1.0
    for network, key, _ in case.suspects:
        network.in_flight += 1
        network.held += points
        state.networks.dirty[key] = None


def _open_account(case: Case) -> AccountState:
    """The same of an account."""
    account = case.account
    if account is None:
        account = case.account = AccountState(case.now)
        case.table.put(case.account_key, account, case.now)
    else:
        case.table.dirty[case.account_key] = None
    return account


def land(case: Case) -> None:
    """The attempt is no longer in flight."""
    source, account, budget, points = case.source, case.account, case.budget, case.points
    if source is not None:
        source.in_flight -= 1
        source.held = source.held - points if source.in_flight else 0.0
    if account is not None and budget is not None:
        budget.in_flight -= 1
        budget.held = budget.held - 1.0 if budget.in_flight else 0.0
        total = account.total
        total.in_flight -= 1
        if total.held:
            total.held = total.held - 1.0 if total.in_flight else 0.0
    for network, _, _ in case.suspects:
        network.in_flight -= 1
        network.held = network.held - points if network.in_flight else 0.0


def held(state: State, case: Case) -> Iterator[tuple[Budget, Limit]]:
    """The budgets of which it holds points, with their limits."""
    plan, source, account, budget = state.plan, case.source, case.account, case.budget
    if not case.points or source is None:
        return
    yield source, plan.source
    if account is not None and budget is not None:
        yield budget, case.lane_limit
        yield account.total, plan.total or case.lane_limit
    for network, _, limit in case.suspects:
        yield network, limit


def release(state: State, case: Case) -> None:
    """It is no longer in flight, and costs nothing; entries with nothing in them go."""
    land(case)
    source, account = case.source, case.account
    if source is not None and source.idle:
        state.sources.drop_if(case.source_key, source)
    if account is not None and account.idle:
        case.table.drop_if(case.account_key, account)


def charge_account(state: State, case: Case) -> None:
    """A wrong password costs the lane one point, and all lanes together."""
    account, budget, total = case.account, case.budget, state.plan.total
    if account is not None and budget is not None:
        budget.take(1.0, case.lane_limit, case.now)
        if total is not None:
            account.total.take(1.0, total, case.now)


def open_network(state: State, key: int, part: int, limit: Limit, now: float) -> Neighbourhood | None:
    """The entry of a network that has none and of which `part` failed; None as long as no other part did (loneparts.py)."""
    children = state.plan.children
    first = state.lone.other(key, part) if children > 1 else part
    if first is None:
        return None
    state.lone.drop(key)
    network = Neighbourhood(now)
    network.note_part(first, children)
    source = state.sources.entries.get(first)
    if source is not None and first != part:
        network.take(source.left(limit.rate, now), limit, now)
    state.networks.put(key, network, now)
    return network


def charge_network(state: State, network: Neighbourhood, key: int, limit: Limit, points: float, now: float) -> None:
    """So many points more."""
    state.networks.dirty[key] = None
    taken = network.take(points, limit, now)
    if taken < points:  # the room that proven accounts earn is only looked up where it matters
        network.take(points - taken, state.network_limit(key, limit, now), now)


def keep(state: State, case: Case) -> None:
    """It is no longer in flight, and costs what was set aside, whatever the password was."""
    land(case)
    source, now, points = case.source, case.now, case.points
    if source is not None:
        source.take(points, state.source_limit(case.source_key, now), now)
    charge_account(state, case)
    if case.lane is Lane.STRANGER or case.lane is Lane.SEEN:
        for key, limit in case.around(state):
            network = state.networks.entries.get(key)
            if network is not None:
                charge_network(state, network, key, limit, points, now)
