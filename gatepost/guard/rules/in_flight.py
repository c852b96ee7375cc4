"""Few attempts of one source, and of strangers on one account, are checked at the same time."""

from __future__ import annotations

from gatepost.guard.accounts import STRANGERS
from gatepost.guard.case import Case
from gatepost.guard.state import State
from gatepost.guard.verdicts import Lane, Refusal, Rule

_SOON = 1.0


def refuse(state: State, case: Case) -> Refusal | None:
    """Whoever the account knows from this very source is not held up."""
    if case.lane is Lane.FAMILIAR:
        return None
    if case.source is not None and case.source.in_flight >= state.options.in_flight_source:
        return Refusal(Rule.IN_FLIGHT, _SOON)
    budget = case.budget
    if budget is not None and case.lane_key == STRANGERS and budget.in_flight >= state.options.in_flight_stranger:
        return Refusal(Rule.IN_FLIGHT, _SOON)
    return None
