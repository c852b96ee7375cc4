"""All that the guard remembers, and what follows from it without an attempt: limits, lanes, names to show.

Not here: one attempt seen in its light (case.py), any decision (rules/), any change made by one.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.guard.accounts import STRANGERS, AccountKey, AccountState
from gatepost.guard.alarm import Alarm
from gatepost.guard.bans import Bans
from gatepost.guard.buckets import Limit
from gatepost.guard.conduct import Conduct
from gatepost.guard.crowds import Crowds
from gatepost.guard.exemptions import Exemptions
from gatepost.guard.familiarity import DAY, Familiarity, Tagger
from gatepost.guard.loneparts import LoneParts
from gatepost.guard.options import GuardOptions
from gatepost.guard.plan import Plan, near_key, plan_of
from gatepost.guard.prefixes import source_key
from gatepost.guard.sources import Neighbourhood, Source, Watched
from gatepost.guard.spraying import SprayTable
from gatepost.guard.table import Table
from gatepost.guard.verdicts import Lane
from gatepost.model.account import Login
from gatepost.model.address import Address

UNKNOWN_SLOTS = 2048
"""Logins that nobody has share this many counters."""


class State:
    """Every table has a budget (law 11)."""

    def __init__(self, options: GuardOptions, hash_key: bytes) -> None:
        self.options = options
        self.plan: Plan = plan_of(options)
        days = max(1, int(options.proven_for // DAY))
        self.tagger = Tagger(hash_key)
        self.familiarity = Familiarity(self.tagger, days, options.max_familiar)
        self.crowds = Crowds(self.tagger, days, options.max_familiar)
        self.exemptions = Exemptions(options.never_ban, options.allow)
        self.bans = Bans(options.max_bans, options.ban_memory)
        self.sources: Table[int, Source] = Table(options.max_sources, self._points_left, self._source_busy)
        self.networks: Table[int, Neighbourhood] = Table(options.max_networks, self._points_left, self._source_busy)
        self.lone = LoneParts(options.max_networks)  # no networks with an entry are in it
        self.conducts: Table[int, Conduct] = Table(options.max_sources, _conduct_worth, lambda *_: False)
        self.accounts: Table[AccountKey, AccountState] = Table(options.max_accounts, _account_points, _account_busy)
        self.unknown: Table[AccountKey, AccountState] = Table(UNKNOWN_SLOTS, _account_points, _account_busy)
        self._around = (  # IPv4, IPv6: how to make a network's key of a source's, and its limit before room is earned
            tuple((9 + 32 - length, length << 1, limit) for length, limit in self.plan.networks4),
            tuple((9 + 64 - length, length << 1 | 1, limit) for length, limit in self.plan.networks6),
        )
        self.spraying = SprayTable(max(1, self.plan.spray_accounts))
        self.alarm = Alarm(options.full.attack_least, options.full.attack_factor, options.full.attack_hold)

    def _points_left(self, entries: Sequence[Watched], now: float) -> list[float]:
        rate = self.plan.source.rate
        return [entry.level - (now - entry.at) * rate for entry in entries]

    def _source_busy(self, key: int, entry: Watched, now: float) -> bool:
        return entry.in_flight > 0 or self.bans.holds(key, now)

    def source_limit(self, key: int, now: float) -> Limit:
        """Points that a source may have now."""
        proven = self.crowds.size(key, now) if self.plan.room_per_account else 0
        return self.plan.source_limit(proven, self.alarm.on)

    def network_limit(self, key: int, limit: Limit, now: float) -> Limit:
        """The same for the networks around it, whose `limit` is that before the room that is earned."""
        proven = self.crowds.size(key, now)
        return limit.raised(self.plan.room_per_account * proven, float("inf")) if proven else limit

    def around(self, source: int) -> list[tuple[int, Limit]]:
        """Keys and limits of the networks around a source (by its key), smallest first."""
        return [((source >> shift) << 9 | tail, limit) for shift, tail, limit in self._around[source & 1]]

    def account_key(self, login: Login) -> AccountKey:
        """Where a login is counted: under its own key, or in the slot that it shares if nobody has it."""
        return login.key if login.account is not None else self.slot(login.key)

    def slot(self, login: str) -> int:
        """The slot that an unknown login shares."""
        return self.tagger.login(login) % UNKNOWN_SLOTS

    def account_table(self, key: AccountKey) -> Table[AccountKey, AccountState]:
        """Where that key is found."""
        return self.accounts if isinstance(key, str) else self.unknown

    def display(self, login: Login) -> str:
        """A login as evidence and events show it: by name, or a keyed tag, since unknown ones are often passwords."""
        return login.key if login.account is not None or not login.key else self.tagger.display(login.key)

    def knows(self, source: Address, login: Login, kind: str, now: float) -> bool:
        """Whether the source is no stranger to the account."""
        return self.lane(self.tagger.login(login.key), source, kind, now)[0] is not Lane.STRANGER

    def lane(self, account: int, source: Address, kind: str, now: float) -> tuple[Lane, bool]:
        """How well the account knows the source, and whether today's sign-in is noted already."""
        known = self.familiarity
        if not known.has_history(account):
            return Lane.STRANGER, False
        place = source_key(source)
        day = known.last(account, place, kind, now)
        if day is not None:
            return Lane.FAMILIAR, day == int(now // DAY)
        if not self.plan.by_kind and self.crowds.has(place, account, now):
            return Lane.FAMILIAR, False
        network = near_key(source)
        if known.last(account, network, kind, now) is not None:
            return Lane.NEAR, False
        if known.last(account, network, None, now) is not None:
            return (Lane.SEEN if self.plan.by_kind else Lane.NEAR), False
        return Lane.STRANGER, False


def _conduct_worth(entries: list[Conduct], _now: float) -> list[float]:
    return [conduct.worth() for conduct in entries]


def _account_points(entries: list[AccountState], _now: float) -> list[float]:
    """The most charged are kept: whoever floods the table must not reopen a closed account."""
    return [
        account.total.level + (account.lanes[STRANGERS].level if STRANGERS in account.lanes else 0.0)
        for account in entries
    ]


def _account_busy(_key: AccountKey, account: AccountState, _now: float) -> bool:
    return account.total.in_flight > 0
