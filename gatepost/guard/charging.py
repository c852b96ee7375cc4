"""Charging an attempt before its password is looked at, on every key at once, and giving the charge back (law 2)."""

from __future__ import annotations

from gatepost.guard.accounts import AccountState, LaneBucket
from gatepost.guard.buckets import Limit
from gatepost.guard.sources import Neighbourhood, Source
from gatepost.guard.state import Case, State
from gatepost.guard.verdicts import Attempt, Lane

Share = tuple[int, Neighbourhood, Limit, float]
"""A network around the source: its key, its entry, its limit and the points reserved there."""


class Pending:
    """What one attempt in flight holds. Entries are held themselves, so that an eviction meanwhile does no harm."""

    __slots__ = (
        "account", "bucket", "case", "lane_points", "networks", "points", "source", "source_points", "total_points",
    )  # fmt: skip

    def __init__(self, case: Case, source: Source, points: float) -> None:
        self.case = case
        self.source = source
        self.points = points  # before breadth, which is known when it was wrong
        self.source_points = 0.0
        self.account: AccountState | None = None
        self.bucket: LaneBucket | None = None
        self.lane_points = 0.0
        self.total_points = 0.0
        self.networks: list[Share] = []


def weight(state: State, attempt: Attempt) -> float:
    """Points of a wrong attempt before breadth: more for a login that nobody has, more for a common password. Tokens
    and malformed exchanges may name no login at all: they cost one point."""
    invented = attempt.login.account is None and attempt.login.key
    points = state.plan.unknown_factor if invented else 1.0
    return points * state.plan.common_factor if attempt.common else points


def open_source(state: State, case: Case) -> Source:
    """The source's entry, made where it is missing."""
    source = case.source
    if source is None:
        source = case.source = Source(case.now)
        state.sources.put(case.source_key, source, case.now)
    else:
        state.sources.dirty[case.source_key] = None
    return source


def charge(state: State, case: Case) -> Pending:
    """Reserves an attempt on source, networks, lane and account. The rules have made sure that it fits."""
    now, attempt = case.now, case.attempt
    source = open_source(state, case)
    pending = Pending(case, source, weight(state, attempt))
    # an empty bucket has room for any first attempt: its limit need not be looked up
    limit = case.source_limit or state.plan.source
    pending.source_points = source.take(pending.points, limit, now)
    source.held += pending.source_points
    source.in_flight += 1
    if not attempt.token:
        _charge_account(state, case, pending)
    if case.lane is Lane.STRANGER or case.lane is Lane.SEEN:
        pending.networks = charge_networks(state, case, pending.points)
    return pending


def _charge_account(state: State, case: Case, pending: Pending) -> None:
    now, plan, table = case.now, state.plan, case.table
    account = case.account
    if account is None:
        account = case.account = AccountState(now)
        table.put(case.account_key, account, now)
    else:
        table.dirty[case.account_key] = None
    bucket = case.bucket or account.lane(case.lane_key, now)
    pending.account, pending.bucket = account, bucket
    pending.lane_points = bucket.take(1.0, case.lane_limit, now)
    bucket.held += pending.lane_points
    bucket.in_flight += 1
    account.total.in_flight += 1
    if plan.total is not None:
        pending.total_points = account.total.take(1.0, plan.total, now)
        account.total.held += pending.total_points


def charge_networks(state: State, case: Case, points: float) -> list[Share]:
    """Charges the networks around the source with the same points; nothing around this host or its proxies."""
    now = case.now
    shares: list[Share] = []
    for key, limit in case.around(state):
        network = state.networks.entries.get(key)
        if network is None:
            network = Neighbourhood(now)
            state.networks.put(key, network, now)
        else:
            state.networks.dirty[key] = None
        taken = charge_network(state, key, network, limit, points, now)
        network.held += taken
        network.in_flight += 1
        shares.append((key, network, limit, taken))
    return shares


def charge_network(state: State, key: int, network: Neighbourhood, limit: Limit, points: float, now: float) -> float:
    """`limit` before the room that proven accounts earn, which is only looked up where it matters."""
    if limit.burst - network.drain(limit.rate, now) >= points:
        network.level += points
        return points
    return network.take(points, state.network_limit(key, limit, network, now), now)


def land(state: State, pending: Pending) -> None:
    """The attempt is no longer in flight; its charges stay."""
    source, account, bucket = pending.source, pending.account, pending.bucket
    source.in_flight -= 1
    source.held = source.held - pending.source_points if source.in_flight else 0.0
    land_networks(pending)
    if account is not None and bucket is not None:
        total = account.total
        total.in_flight -= 1
        total.held = total.held - pending.total_points if total.in_flight else 0.0
        bucket.in_flight -= 1
        bucket.held = bucket.held - pending.lane_points if bucket.in_flight else 0.0


def land_networks(pending: Pending) -> None:
    """The same for the networks around the source."""
    for _, network, _, taken in pending.networks:
        network.in_flight -= 1
        network.held = network.held - taken if network.in_flight else 0.0


def release(state: State, pending: Pending) -> None:
    """Gives back this attempt's charges and no others; entries with nothing left in them go."""
    case = pending.case
    pending.source.give(pending.source_points)
    if pending.source.idle:
        state.sources.drop_if(case.source_key, pending.source)
    for key, network, _, taken in pending.networks:
        network.give(taken)
        if network.idle:
            state.networks.drop_if(key, network)
    account, bucket = pending.account, pending.bucket
    if account is not None and bucket is not None:
        bucket.give(pending.lane_points)
        account.total.give(pending.total_points)
        if account.idle:
            case.table.drop_if(case.account_key, account)
