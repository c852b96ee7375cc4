"""A source whose points are full is refused, and banned unless it is protected."""

from __future__ import annotations

from gatepost.guard.case import Case
from gatepost.guard.state import State
from gatepost.guard.verdicts import Refusal, Rule

_SOON = 1.0  # seconds: what is in flight will be known by then


def refuse(state: State, case: Case) -> Refusal | None:
    """Full of what is in flight is only busy: it may all be right."""
    source, now = case.source, case.now
    if source is None or not (source.level or source.held):
        return None
    limit = state.source_limit(case.source_key, now)
    if not source.busy(limit, now) or case.welcome_here(state):
        return None
    if not source.full(limit, now):
        return Refusal(Rule.IN_FLIGHT, _SOON)
    wait = source.wait(limit, now)
    if case.protected:
        return Refusal(Rule.SOURCE, wait)
    if state.crowds.size(case.source_key, now):
        return Refusal(Rule.CONFINED if state.plan.confine else Rule.SOURCE, wait)
    return Refusal(Rule.SOURCE, wait, close=True)
