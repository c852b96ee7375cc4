"""A wrong password that many accounts have seen is refused unverified to all but those who are known nearby.

The answer must be that of a wrong password, and the time too. The source pays one point, the account nothing.
"""

from __future__ import annotations

from gatepost.guard.case import Case
from gatepost.guard.state import State
from gatepost.guard.verdicts import Lane, Refusal, Rule


def refuse(state: State, case: Case) -> Refusal | None:
    """Nothing is known of mechanisms that do not show the password."""
    tags = case.attempt.tags
    if tags is None or case.lane is Lane.FAMILIAR or case.lane is Lane.NEAR:
        return None
    return Refusal(Rule.PASSWORD) if state.spraying.sprayed(tags, case.now) else None
