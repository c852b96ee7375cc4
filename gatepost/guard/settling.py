"""What becomes of a reserved attempt when its outcome is known: given back, kept, weighed, learned from."""

from __future__ import annotations

from gatepost.guard.accounts import STRANGERS
from gatepost.guard.buckets import Limit
from gatepost.guard.charging import Pending, charge_network, charge_networks, land, land_networks, release
from gatepost.guard.prefixes import address_key
from gatepost.guard.sentencing import ban_networks, ban_source
from gatepost.guard.state import Case, State
from gatepost.guard.verdicts import Lane, Outcome, Settlement, Tags
from gatepost.model.events import AccountClosed, Event

_PARENTS = {4: (24, 16), 6: (32,)}  # networks whose proven accounts are counted; a /48 and smaller is one customer's


def settle(state: State, pending: Pending, outcome: Outcome, now: float, tags: Tags | None) -> Settlement:
    """The one way out of flight."""
    pending.case.now = now
    land(state, pending)
    if outcome is Outcome.RIGHT:
        return _right(state, pending)
    if outcome is Outcome.ABANDONED:
        attempt = pending.case.attempt
        pending.source.note(state.display(attempt.login), attempt.door, now)
        return Settlement(counted=True)
    if outcome is Outcome.PREVIOUS or outcome is Outcome.UNTRIED:
        release(state, pending)
        return Settlement(why="previous" if outcome is Outcome.PREVIOUS else "")
    if tags is not None and _repeated(state, pending, tags):
        release(state, pending)
        return Settlement(why="repeated")
    return Settlement(counted=True, why="wrong", events=_wrong(state, pending, tags))


# -- right -------------------------------------------------------------------------------------------------------


def _right(state: State, pending: Pending) -> Settlement:
    case = pending.case
    if _banned_meanwhile(state, case):
        return Settlement(counted=True, too_late=True)
    release(state, pending)
    first = case.lane is Lane.STRANGER and _still_strange(state, case)
    elsewhere = first and state.familiarity.has_history(case.login_tag)
    if not case.noted_today:
        remember(state, case)
    if state.plan.refund is not None and pending.source.recent:
        _refund(state, pending)
    return Settlement(first_from_here=first, known_elsewhere=elsewhere)


def _still_strange(state: State, case: Case) -> bool:
    """A client that opens three connections at once is a stranger on the first one only."""
    kind, now = case.attempt.kind, case.now
    return state.lane(case.login_tag, case.source_key, case.network_key, kind, now)[0] is Lane.STRANGER


def _banned_meanwhile(state: State, case: Case) -> bool:
    """Law 3: what was in flight when the ban came is not accepted, unless the account may sign in from there anyway."""
    if case.ban is not None or case.protected:
        return False
    case.ban = state.bans.at_door(case.attempt.source, case.now)
    if case.ban is None:
        return False
    return case.ban.by_hand or not state.plan.confine or not case.welcome_here(state)


def remember(state: State, case: Case) -> None:
    """The account is proven at this source and network with this kind of client, for 30 days from now."""
    account, now, kind = case.login_tag, case.now, case.attempt.kind
    known = state.familiarity
    known.remember(account, case.source_key, kind, now)
    known.remember(account, case.network_key, kind, now)
    known.remember(account, case.network_key, None, now)
    state.crowds.join(case.source_key, account, now)
    address = case.attempt.source
    for length in _PARENTS[address.version]:
        key = address_key(address, length)
        state.crowds.join(key, account, now)
        if (network := state.networks.get(key)) is not None:
            network.proven_day = -1  # look it up again
    if (source := state.sources.get(case.source_key)) is not None:
        source.proven_day = -1


def _refund(state: State, pending: Pending) -> None:
    """Typos vanish: a right sign-in gives back what the same account was charged for at the same source in the last
    hour, up to a daily allowance, so that an infected neighbour cannot live off the owner's polls."""
    plan, case, source = state.plan, pending.case, pending.source
    points = source.refundable(case.login_tag, case.now - plan.refund_within)
    if points and plan.refund is not None:
        allowance = source.refund_allowance(case.login_tag, case.now)
        source.give(allowance.take(points, plan.refund, case.now))
        state.sources.dirty[case.source_key] = None


# -- wrong -------------------------------------------------------------------------------------------------------


def _repeated(state: State, pending: Pending, tags: Tags) -> bool:
    """Law 6: the same wrong password for the same account in the same lane is no new guess."""
    return pending.bucket is not None and pending.bucket.repeated(tags, pending.case.now)


def _wrong(state: State, pending: Pending, tags: Tags | None) -> tuple[Event, ...]:
    case, plan = pending.case, state.plan
    source, now, attempt = pending.source, case.now, case.attempt
    state.alarm.count(now)
    proven = state.proven(case.source_key, source, now)
    breadth = source.note_login(case.login_tag, plan.breadth if not proven else 1)
    points = pending.points * (1 if proven else breadth)
    limit = state.source_limit(case.source_key, source, now)
    if points > pending.source_points:
        most = Limit(plan.overfill * max(limit.burst, plan.source.burst), plan.source.rate)
        source.take(points - pending.source_points, most, now)
    name = state.display(attempt.login)
    source.note(name, attempt.door, now)
    if plan.refund is not None and attempt.login.account is not None:
        source.note_recent(case.login_tag, points, now)
    state.sources.dirty[case.source_key] = None
    if plan.spray_accounts and tags is not None and case.lane is not Lane.FAMILIAR:
        state.spraying.note(tags, case.login_tag & 0xFFFFFFFF, now)
    events: tuple[Event, ...] = _charge_around(state, pending, points, name)
    if source.settled(limit, now):
        events += ban_source(state, attempt.source, case.source_key, source, now)
    return events + _closing(state, pending, name)


def _charge_around(state: State, pending: Pending, points: float, name: str) -> tuple[Event, ...]:
    """The networks pay the same points as the source; those of a known lane are charged only now."""
    case = pending.case
    if not pending.networks:
        pending.networks = charge_networks(state, case, points)
        land_networks(pending)
    else:
        more = points - pending.points
        for key, network, limit, _ in pending.networks if more else ():
            charge_network(state, key, network, limit, more, case.now)
    for _, network, _, _ in pending.networks:
        network.note(name, case.attempt.door, case.now)
    return ban_networks(state, pending.networks, case.source_key, case.now)


def _closing(state: State, pending: Pending, name: str) -> tuple[Event, ...]:
    """Tells once that an account has just closed to strangers."""
    account, bucket, case = pending.account, pending.bucket, pending.case
    if account is None or bucket is None:
        return ()
    account.failures += 1
    limit = case.lane_limit
    if case.lane_key != STRANGERS or not bucket.full(limit, case.now):
        return ()
    return (AccountClosed(case.now, name, case.now + bucket.wait(limit, case.now), account.failures),)
