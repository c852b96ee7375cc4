"""An account past its limit is closed: to strangers first, to each lane when its own room is used up (law 4).

App passwords and tokens work on a closed account, since they cannot be guessed.
"""

from __future__ import annotations

from gatepost.guard.buckets import Budget, Limit
from gatepost.guard.case import Case
from gatepost.guard.state import State
from gatepost.guard.verdicts import Refusal, Rule

_SOON = 1.0


def refuse(state: State, case: Case) -> Refusal | None:
    """The source pays nothing for it (law 5)."""
    account = case.account
    if account is None or case.attempt.token:
        return None
    plan = state.plan
    if plan.total is not None and (full := _full(account.total, plan.total, case.now)):
        return full
    budget = case.budget
    return _full(budget, case.lane_limit, case.now) if budget is not None else None


def _full(budget: Budget, limit: Limit, now: float) -> Refusal | None:
    if not budget.busy(limit, now):
        return None
    if not budget.full(limit, now):
        return Refusal(Rule.IN_FLIGHT, _SOON)
    return Refusal(Rule.ACCOUNT, budget.wait(limit, now))
