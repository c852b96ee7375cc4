"""All that the guard remembers, and one attempt seen in its light: what the rules look at.

Not here: any decision (rules/), any change made by one (charging.py, settling.py, sentencing.py).
"""

from __future__ import annotations

from zlib import crc32

from gatepost.guard.accounts import STRANGERS, AccountKey, AccountState, LaneBucket
from gatepost.guard.alarm import Alarm
from gatepost.guard.bans import Bans, Held
from gatepost.guard.buckets import Limit
from gatepost.guard.conduct import Conduct
from gatepost.guard.crowds import Crowds
from gatepost.guard.exemptions import Exemptions
from gatepost.guard.familiarity import DAY, Familiarity, Tagger
from gatepost.guard.options import GuardOptions
from gatepost.guard.plan import NEAR_LENGTH, Plan, plan_of
from gatepost.guard.prefixes import address_key, source_key
from gatepost.guard.sources import Neighbourhood, Source
from gatepost.guard.spraying import SprayTable
from gatepost.guard.table import Table
from gatepost.guard.verdicts import Attempt, Lane
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
        self.sources: Table[int, Source] = Table(options.max_sources, self._source_worth)
        self.conducts: Table[int, Conduct] = Table(options.max_sources, lambda key, conduct, now: conduct.worth())
        self.networks: Table[int, Neighbourhood] = Table(options.max_networks, self._source_worth)
        self.accounts: Table[AccountKey, AccountState] = Table(options.max_accounts, _account_worth)
        self.unknown: Table[AccountKey, AccountState] = Table(UNKNOWN_SLOTS, _account_worth)
        self._today = 0
        self._around = {
            4: tuple((32 - length, length << 1, limit) for length, limit in self.plan.networks4),
            6: tuple((128 - length, length << 1 | 1, limit) for length, limit in self.plan.networks6),
        }
        self.spraying = SprayTable(max(1, self.plan.spray_accounts))
        self.alarm = Alarm(options.full.attack_least, options.full.attack_factor, options.full.attack_hold)

    def _source_worth(self, key: int, source: Source, now: float) -> float:
        left = source.level - (now - source.at) * self.plan.source.rate
        return left + 1e9 if source.in_flight or self.bans.holds(key, now) else left

    def proven(self, key: int, source: Source | None, now: float) -> int:
        """How many accounts are proven at a source or network; looked up once a day for what has an entry."""
        if source is None:
            return self.crowds.size(key, now)
        day = int(now // DAY)
        if source.proven_day != day:
            if day == self._today:
                day = self._today  # one integer object for all
            self._today = day
            source.proven, source.proven_day = self.crowds.size(key, now), day
        return source.proven

    def source_limit(self, key: int, source: Source | None, now: float) -> Limit:
        """Points that a source may have: many good accounts earn it room, an attack on the site leaves strangers less."""
        plan = self.plan
        if not plan.by_kind:
            return plan.source
        proven = self.proven(key, source, now)
        if proven:
            return plan.source.raised(plan.room_per_account * proven, plan.room_most)
        if self.alarm.on and plan.attack_limit is not None and plan.attack_limit < plan.source.burst:
            return Limit(plan.attack_limit, plan.source.rate)
        return plan.source

    def network_limit(self, key: int, limit: Limit, network: Source, now: float) -> Limit:
        """The same for the networks around it."""
        proven = self.proven(key, network, now)
        return limit.raised(self.plan.room_per_account * proven, float("inf")) if proven else limit

    def around(self, address: Address) -> list[tuple[int, Limit]]:
        """Keys and limits of the networks around an address, smallest first; a limit before the room that is earned."""
        value = address.value
        return [((value >> shift) << 9 | tail, limit) for shift, tail, limit in self._around[address.version]]

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
        place, network = source_key(source), address_key(source, NEAR_LENGTH[source.version])
        return self.lane(self.tagger.login(login.key), place, network, kind, now)[0] is not Lane.STRANGER

    def lane(self, account: int, source: int, network: int, kind: str, now: float) -> tuple[Lane, bool]:
        """How well the account knows the source, and whether today's sign-in is noted already."""
        known = self.familiarity
        if not known.has_history(account):
            return Lane.STRANGER, False
        day = known.last(account, source, kind, now)
        if day is not None:
            return Lane.FAMILIAR, day == int(now // DAY)
        if not self.plan.by_kind and self.crowds.has(source, account, now):
            return Lane.FAMILIAR, False
        if known.last(account, network, kind, now) is not None:
            return Lane.NEAR, False
        if known.last(account, network, None, now) is not None:
            return (Lane.SEEN if self.plan.by_kind else Lane.NEAR), False
        return Lane.STRANGER, False


def _account_worth(_key: AccountKey, account: AccountState, _now: float) -> float:
    """The most charged are kept: whoever floods the table must not reopen a closed account."""
    lane = account.lanes.get(STRANGERS)
    busy = 1e9 if account.total.in_flight else 0.0
    return busy + account.total.level + (lane.level if lane is not None else 0.0)


class Case:
    """One attempt and what is known of its source and its login. Made for each attempt; short-lived. `bucket` is the
    lane's, if anything was charged to it, `table` where the account's state is kept."""

    __slots__ = (
        "account", "account_key", "attempt", "ban", "bucket", "lane", "lane_key", "lane_limit", "login_tag", "network_key",
        "networks", "noted_today", "now", "protected", "source", "source_key", "source_limit", "table",
    )  # fmt: skip

    def __init__(self, state: State, attempt: Attempt, now: float) -> None:
        address = attempt.source
        self.attempt = attempt
        self.now = now
        self.source_key: int = source_key(address)
        self.network_key: int = address_key(address, NEAR_LENGTH[address.version])
        self.login_tag: int = state.tagger.login(attempt.login.key)
        self.lane, self.noted_today = state.lane(self.login_tag, self.source_key, self.network_key, attempt.kind, now)
        self.lane_key = self._lane_key(state.plan.strict)
        self.source: Source | None = state.sources.entries.get(self.source_key)
        self.source_limit: Limit | None = None  # looked up by the first who needs it
        self.networks: list[tuple[int, Limit]] | None = None  # those around the source, likewise
        self.account_key = state.account_key(attempt.login)
        self.table = state.account_table(self.account_key)
        self.account: AccountState | None = self.table.entries.get(self.account_key)
        self.bucket: LaneBucket | None = self.account.lanes.get(self.lane_key) if self.account is not None else None
        self.ban: Held | None = state.bans.at_door(address, now)
        self.protected = state.exemptions.protected(address) is not None
        if self.protected:
            self.ban = None
        self.lane_limit = self._lane_limit(state.plan)

    def _lane_key(self, strict: bool) -> int:
        if strict or self.lane is Lane.STRANGER:
            return STRANGERS
        if self.lane is Lane.FAMILIAR:  # one for each kind of client: a forgetful human leaves his phone its room
            return (self.source_key << 32 | crc32(self.attempt.kind.encode())) << 2 | 1
        if self.lane is Lane.NEAR:
            return self.network_key << 2 | 2
        return 3  # another client in a known network is half a stranger: one lane for all of them

    def around(self, state: State) -> list[tuple[int, Limit]]:
        """The networks around the source with their limits; none around this host or its proxies."""
        if self.networks is None:
            self.networks = [] if self.protected else state.around(self.attempt.source)
        return self.networks

    def _lane_limit(self, plan: Plan) -> Limit:
        """The room of this lane: less at a banned source, more where the password is never shown."""
        if plan.strict:
            return plan.lanes[Lane.STRANGER]
        limit = plan.lanes[self.lane]
        if self.ban is not None and self.lane is not Lane.STRANGER and plan.confined_lane.burst < limit.burst:
            limit = plan.confined_lane
        elif self.lane is Lane.FAMILIAR and self.attempt.mechanism.startswith("SCRAM"):
            limit = Limit(limit.burst * plan.scram_factor, limit.rate * plan.scram_factor)
        return limit

    def welcome_here(self, state: State) -> bool:
        """Whether this account may go on at a source that is banned or full (law 3): it is proven there, or nearby
        while others are."""
        if self.lane is Lane.FAMILIAR:
            return True
        if state.crowds.has(self.source_key, self.login_tag, self.now):
            return True
        return self.lane is Lane.NEAR and self._proven(state) >= state.plan.confined_near

    def _proven(self, state: State) -> int:
        return state.proven(self.source_key, self.source, self.now)
