"""What the guard knows of an address or a login, and what it would answer now, in words (law 8)."""

from __future__ import annotations

import msgspec

from gatepost.guard.abuse import delivered, free_used
from gatepost.guard.accounts import STRANGERS, LaneBudget
from gatepost.guard.bans import Ban
from gatepost.guard.buckets import Budget, Limit
from gatepost.guard.case import Case
from gatepost.guard.prefixes import network_of, source_key
from gatepost.guard.rules import RULES
from gatepost.guard.state import State
from gatepost.guard.verdicts import Admission, Attempt, Lane, Refusal, Rule
from gatepost.model.account import Login
from gatepost.model.address import Address


class Level(msgspec.Struct, frozen=True):
    """One bucket: `level` points of `limit`, attempts in flight included; it is empty at `empty_at` (seconds since the epoch).
    `parts`: of a network, how many different parts of it failed."""

    name: str
    level: float
    limit: float
    empty_at: float
    parts: int = 0


class SourceExplanation(msgspec.Struct, frozen=True):
    """An address. `abuse`: what of each kind it has used up of the free ones; `delivered` messages that it brought within 30
    days. `answer` says in words what a stranger's attempt from it would meet; `rule` names the rule, if any."""

    source: str
    network: str
    admission: Admission
    allowed: str
    never_ban: str
    bans: tuple[Ban, ...]
    points: Level
    networks: tuple[Level, ...]
    abuse: tuple[Level, ...]
    delivered: int
    failures: int
    logins_failed: int
    proven_accounts: int
    under_attack: bool
    rule: str
    answer: str


class LoginExplanation(msgspec.Struct, frozen=True):
    """A login. `lane` is the one that `source` would be in; `answer` is for an attempt from there, or from a stranger."""

    login: str
    exists: bool
    total: Level | None
    lanes: tuple[Level, ...]
    closed: bool
    closed_until: float
    known_places: int
    source: str
    lane: Lane
    rule: str
    answer: str


_WORDS = {
    Rule.SOURCE: "refused: this address is banned or has used up its limit",
    Rule.NETWORK: "refused: strangers from its network may not sign in",
    Rule.ACCOUNT: "refused: the account is closed to this lane",
    Rule.PASSWORD: "refused: this password is being tried on many accounts",
    Rule.CONFINED: "refused: only accounts that signed in rightly from this address before may sign in",
    Rule.IN_FLIGHT: "refused for a second: attempts are being checked",
}
_LANES = {1: Lane.FAMILIAR, 2: Lane.NEAR, 3: Lane.SEEN}


def _answer(refusal: Refusal | None, allowed: bool) -> str:
    if allowed:
        return "checked: it is on the allow list"
    if refusal is None:
        return "checked: the password decides"
    wait = f", for {round(refusal.retry_after)} s" if refusal.retry_after else ""
    return _WORDS[refusal.rule] + wait


def _refusal(state: State, case: Case) -> Refusal | None:
    """What the rules say; they change nothing by being asked."""
    for rule in RULES[state.options.policy]:
        refusal = rule(state, case)
        if refusal is not None:
            return refusal
    return None


def _case(state: State, source: Address, login: Login, now: float, kind: str = "") -> Case:
    return Case(state, Attempt(source=source, login=login, door="", mechanism="", kind=kind), now)


def explain_source(state: State, source: Address, admission: Admission, now: float) -> SourceExplanation:
    """Everything about one address."""
    key = source_key(source)
    entry = state.sources.get(key)
    allowed, never = state.exemptions.allowed(source), state.exemptions.protected(source)
    limit = state.source_limit(key, now)
    refusal = None if allowed else _refusal(state, _case(state, source, Login(""), now))
    return SourceExplanation(
        source=str(source),
        network=str(source.source),
        admission=admission,
        allowed=f"{allowed.network} {allowed.note}".strip() if allowed else "",
        never_ban=str(never) if never else "",
        bans=state.bans.around(source, now),
        points=_level("address", entry or Budget(now), limit, now),
        networks=_networks(state, source, now),
        abuse=tuple(Level(kind, used, limit.burst, now + used / limit.rate) for kind, used, limit in free_used(state, key, now)),
        delivered=delivered(state, key, now),
        failures=entry.failures if entry else 0,
        logins_failed=len(entry.logins) if entry else 0,
        proven_accounts=state.crowds.size(key, now),
        under_attack=state.alarm.on,
        rule=refusal.rule if refusal else "",
        answer=_answer(refusal, allowed is not None),
    )  # fmt: skip


def _networks(state: State, source: Address, now: float) -> tuple[Level, ...]:
    levels = []
    for key, limit in state.around(source_key(source)):
        network = state.networks.get(key)
        if network is not None:
            limit = state.network_limit(key, limit, now)
            levels.append(_level(str(network_of(key)), network, limit, now, len(network.logins)))
    return tuple(levels)


def explain_login(state: State, login: Login, now: float, source: Address | None) -> LoginExplanation:
    """Everything about one login; without `source`, what a stranger would meet."""
    stranger = Address(6, 0)  # ::, from which nobody comes
    case = _case(state, source or stranger, login, now)
    allowed = source is not None and state.exemptions.allowed(source) is not None
    refusal = None if allowed else _refusal(state, case)
    plan, account = state.plan, case.account
    strangers = account.lanes.get(STRANGERS) if account else None
    limit = plan.lanes[Lane.STRANGER]
    closed = strangers is not None and strangers.full(limit, now)
    total = account.total if account else Budget(now)
    return LoginExplanation(
        login=state.display(login),
        exists=login.account is not None,
        total=_level("all lanes", total, plan.total, now) if plan.total else None,
        lanes=tuple(_lane(state, key, lane, now) for key, lane in account.lanes.items()) if account else (),
        closed=closed,
        closed_until=now + strangers.wait(limit, now) if closed and strangers is not None else 0.0,
        known_places=state.familiarity.places(case.login_tag, now),
        source=str(source) if source else "",
        lane=case.lane,
        rule=refusal.rule if refusal else "",
        answer=_answer(refusal, allowed),
    )


def _lane(state: State, key: int, bucket: LaneBudget, now: float) -> Level:
    if key == STRANGERS:
        return _level(
            "strangers" if not state.plan.strict else "everybody", bucket, state.plan.lanes[Lane.STRANGER], now
        )
    lane = _LANES[key & 3]
    place = "" if lane is Lane.SEEN else f" {network_of(key >> 34 if lane is Lane.FAMILIAR else key >> 2)}"
    return _level(f"{lane}{place}", bucket, state.plan.lanes[lane], now)


def _level(name: str, budget: Budget, limit: Limit, now: float, parts: int = 0) -> Level:
    """What is in flight counts as the rules count it: it may all be wrong."""
    level = budget.drain(limit.rate, now) + budget.held
    return Level(name, level, limit.burst, now + level / limit.rate, parts)
