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
    total, budget, now = state.plan.total, case.budget, case.now
    if total is not None and account.total.busy(total, now):
        return _refusal(account.total, total, now)
    if budget is not None and budget.busy(case.lane_limit, now):
        return _refusal(budget, case.lane_limit, now)
    return None


def _refusal(budget: Budget, limit: Limit, now: float) -> Refusal:
    """Full of what is in flight is only busy."""
    if budget.full(limit, now):
        return Refusal(Rule.ACCOUNT, budget.wait(limit, now))
    return Refusal(Rule.IN_FLIGHT, _SOON)
