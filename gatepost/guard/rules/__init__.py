"""The rules that may refuse an attempt before its password is looked at, in the order in which they are asked.

A rule is a function of what is remembered and of the attempt; the first that refuses decides. A new rule is a new
file and one line in the table of each policy that has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gatepost.guard.case import Case
from gatepost.guard.rules import account_limit, banned, in_flight, neighbourhood, source_limit, spraying
from gatepost.guard.state import State
from gatepost.guard.verdicts import Refusal

RefusalRule: TypeAlias = Callable[[State, Case], Refusal | None]

RULES: dict[str, tuple[RefusalRule, ...]] = {
    "simple": (
        banned.refuse,
        source_limit.refuse,
        in_flight.refuse,
        account_limit.refuse,
    ),
    "full": (
        banned.refuse,
        source_limit.refuse,
        neighbourhood.refuse,
        spraying.refuse,
        in_flight.refuse,
        account_limit.refuse,
    ),
}
