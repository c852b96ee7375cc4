"""Forgetting what is over, a little at a time, so that no second is long."""

from __future__ import annotations

from gatepost.guard.accounts import STRANGERS, AccountState
from gatepost.guard.sources import Watched
from gatepost.guard.state import State
from gatepost.guard.verdicts import Lane

_BUDGET = 128  # entries looked at in each table, each second
_BREADTH = 7 * 86400.0  # how long the logins that a source failed on are remembered
_REPEAT = 86400.0  # how long the same wrong password counts only once
_LANES = {0: Lane.STRANGER, 1: Lane.FAMILIAR, 2: Lane.NEAR, 3: Lane.SEEN}


def prune(state: State, now: float, daily: bool) -> None:
    """Bounded tables shrink again; once a day, familiarity too."""
    state.sources.prune(now, _BUDGET, lambda source: _source_over(state, source, now))
    state.networks.prune(now, _BUDGET, lambda network: _source_over(state, network, now))
    memory = state.options.proven_for
    state.conducts.prune(now, _BUDGET, lambda conduct: conduct.over(now, memory, _REPEAT))
    for table in (state.accounts, state.unknown):
        table.prune(now, _BUDGET, lambda account: _account_over(state, account, now))
    state.lone.prune(now, _BREADTH)
    if daily:
        state.familiarity.prune(now)
        state.crowds.prune(now)


def _source_over(state: State, source: Watched, now: float) -> bool:
    return not source.in_flight and now - source.last > _BREADTH and not source.drain(state.plan.source.rate, now)


def _account_over(state: State, account: AccountState, now: float) -> bool:
    """A lane that is empty again is forgotten a day after its last wrong password, so that this is no news till then."""
    plan = state.plan
    if plan.total is not None:
        account.total.drain(plan.total.rate, now)
    for key in list(account.lanes):
        lane = account.lanes[key]
        kind = Lane.STRANGER if key == STRANGERS else _LANES[key & 3]
        if not lane.drain(plan.lanes[kind].rate, now) and not lane.in_flight and now - lane.seen > _REPEAT:
            del account.lanes[key]
    return not account.lanes and not account.total.level and not account.total.in_flight
