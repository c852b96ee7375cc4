"""A banned source is refused, but for the accounts that it has proven (law 3)."""

from __future__ import annotations

from gatepost.guard.bans import FOREVER
from gatepost.guard.case import Case
from gatepost.guard.state import State
from gatepost.guard.verdicts import Refusal, Rule


def refuse(state: State, case: Case) -> Refusal | None:
    """The connection met the ban already; this is for sources that are confined, or were banned since."""
    ban = case.ban
    if ban is None:
        return None
    wait = ban.until - case.now if ban.until < FOREVER else 0.0
    if ban.by_hand or not state.plan.confine:
        return Refusal(Rule.SOURCE, wait, close=True)
    if case.welcome_here(state):
        return None
    if state.crowds.size(case.source_key, case.now):
        return Refusal(Rule.CONFINED, wait)
    return Refusal(Rule.SOURCE, wait, close=True)
