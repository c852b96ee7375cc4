"""One attempt, from its arrival until its outcome is known: what the rules look at, and what it holds meanwhile.

Not here: any decision (rules/), any change made by one (charging.py, settling.py, sentencing.py).
"""

from __future__ import annotations

from typing import TypeAlias
from zlib import crc32

from gatepost.guard.accounts import STRANGERS, AccountKey, AccountState, LaneBudget
from gatepost.guard.bans import Held
from gatepost.guard.buckets import Limit
from gatepost.guard.plan import Plan, near_key
from gatepost.guard.prefixes import source_key
from gatepost.guard.sources import Neighbourhood, Source
from gatepost.guard.state import UNKNOWN_SLOTS, State
from gatepost.guard.table import Table
from gatepost.guard.verdicts import Attempt, Lane

Suspect: TypeAlias = tuple[Neighbourhood, int, Limit]
"""A network around the source: its entry, its key, and its limit before the room that proven accounts earn."""


class Case:
    """`source`, `account` and the lane's `budget` are None while nothing is remembered of them. `table` is where the account
    is kept; `ban` the one that its source meets; `protected` sources are never banned.

    `suspects` are the networks around a stranger where enough different parts failed. In flight (`points` is not 0 then), it
    holds points of all these: of entries themselves, so that an eviction meanwhile does no harm.
    """

    __slots__ = (
        "account", "account_key", "attempt", "ban", "budget", "lane", "lane_key", "lane_limit", "login_tag",
        "networks", "noted_today", "now", "points", "protected", "source", "source_key", "suspects", "table",
    )  # fmt: skip

    account_key: AccountKey
    table: Table[AccountKey, AccountState]

    def __init__(self, state: State, attempt: Attempt, now: float) -> None:
        address, login = attempt.source, attempt.login
        self.attempt = attempt
        self.now = now
        self.points = 0.0  # of a wrong password, before breadth
        self.source_key = key = source_key(address)
        self.source: Source | None = state.sources.entries.get(key)
        self.networks: list[tuple[int, Limit]] | None = None  # those around the source, once somebody needs them
        self.suspects: tuple[Suspect, ...] = ()
        self.login_tag = tag = state.tagger.login(login.key)
        self.protected = state.exemptions.protected(address) is not None
        self.ban: Held | None = None if self.protected else state.bans.at_door(address, now)
        self.lane, self.noted_today = state.lane(tag, address, attempt.kind, now)
        if self.lane is Lane.STRANGER or state.plan.strict:
            self.lane_key, self.lane_limit = STRANGERS, state.plan.lanes[Lane.STRANGER]
        else:
            self.lane_key, self.lane_limit = self._lane_key(), self._lane_limit(state.plan)
        if login.account is not None:
            self.table, self.account_key = state.accounts, login.key
        else:
            self.table, self.account_key = state.unknown, tag % UNKNOWN_SLOTS
        self.account: AccountState | None = self.table.entries.get(self.account_key)
        self.budget: LaneBudget | None = self.account.lanes.get(self.lane_key) if self.account is not None else None

    def _lane_key(self) -> int:
        """Of an account that knows the source."""
        if self.lane is Lane.FAMILIAR:  # one for each kind of client: a forgetful human leaves his phone its room
            return (self.source_key << 32 | crc32(self.attempt.kind.encode())) << 2 | 1
        if self.lane is Lane.NEAR:
            return near_key(self.attempt.source) << 2 | 2
        return 3  # another client in a known network is half a stranger: one lane for all of them

    def _lane_limit(self, plan: Plan) -> Limit:
        """The room of such a lane: less at a banned source, more where the password is never shown."""
        limit = plan.lanes[self.lane]
        if self.ban is not None and plan.confined_lane.burst < limit.burst:
            limit = plan.confined_lane
        elif self.lane is Lane.FAMILIAR and self.attempt.mechanism.startswith("SCRAM"):
            limit = Limit(limit.burst * plan.scram_factor, limit.rate * plan.scram_factor)
        return limit

    def around(self, state: State) -> list[tuple[int, Limit]]:
        """Keys and limits of the networks around the source, smallest first; none around this host or its proxies."""
        if self.networks is None:
            self.networks = [] if self.protected else state.around(self.source_key)
        return self.networks

    def welcome_here(self, state: State) -> bool:
        """Whether this account may go on at a source that is banned or full (law 3): it is proven there, or nearby
        while others are."""
        if self.lane is Lane.FAMILIAR:
            return True
        if state.crowds.has(self.source_key, self.login_tag, self.now):
            return True
        return self.lane is Lane.NEAR and state.crowds.size(self.source_key, self.now) >= state.plan.confined_near
