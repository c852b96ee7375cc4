"""What becomes of a reserved attempt when its outcome is known: given back, kept, weighed, learned from."""

from __future__ import annotations

from gatepost.guard.accounts import STRANGERS
from gatepost.guard.case import Case
from gatepost.guard.charging import charge_account, charge_network, keep, land, open_network, release
from gatepost.guard.plan import near_key
from gatepost.guard.prefixes import address_key
from gatepost.guard.sentencing import ban_network, ban_source
from gatepost.guard.sources import Source, failure
from gatepost.guard.state import State
from gatepost.guard.verdicts import Lane, Outcome, Settlement, Tags
from gatepost.model.events import AccountClosed, Event

_PARENTS = {4: (24, 16), 6: (32,)}  # networks whose proven accounts are counted; a /48 and smaller is one customer's


def settle(state: State, case: Case, outcome: Outcome, now: float, tags: Tags | None) -> Settlement:
    """The one way out of flight: what the attempt holds is free again (`release`) or is charged (`keep`, `_wrong`)."""
    case.now = now
    if case.source is None or not case.points:  # nothing was charged: on the allow list
        if outcome is Outcome.RIGHT and not case.noted_today:
            _remember(state, case)
        return Settlement(why="wrong" if outcome is Outcome.WRONG else "")
    if outcome is Outcome.RIGHT:
        return _right(state, case, case.source)
    if outcome is Outcome.WRONG:
        return _wrong(state, case, case.source, tags)
    if outcome is Outcome.ABANDONED:
        keep(state, case)
        case.source.note(failure(state.display(case.attempt.login), case.attempt.door), now)
        return Settlement(counted=True)
    release(state, case)
    return Settlement(why="previous" if outcome is Outcome.PREVIOUS else "")


# -- right -------------------------------------------------------------------------------------------------------


def _right(state: State, case: Case, source: Source) -> Settlement:
    if _banned_meanwhile(state, case):
        keep(state, case)
        return Settlement(counted=True, too_late=True)
    release(state, case)
    first = case.lane is Lane.STRANGER and _still_strange(state, case)
    elsewhere = first and state.familiarity.has_history(case.login_tag)
    if not case.noted_today:
        _remember(state, case)
    if source.recent:
        _refund(state, case, source)
    return Settlement(first_from_here=first, known_elsewhere=elsewhere)


def _still_strange(state: State, case: Case) -> bool:
    """A client that opens three connections at once is a stranger on the first one only."""
    return state.lane(case.login_tag, case.attempt.source, case.attempt.kind, case.now)[0] is Lane.STRANGER


def _banned_meanwhile(state: State, case: Case) -> bool:
    """Law 3: what was in flight when the ban came is not accepted, unless the account may sign in from there anyway."""
    if case.ban is not None or case.protected:
        return False
    case.ban = state.bans.at_door(case.attempt.source, case.now)
    if case.ban is None:
        return False
    return case.ban.by_hand or not state.plan.confine or not case.welcome_here(state)


def _remember(state: State, case: Case) -> None:
    """The account is proven at this source and network with this kind of client, for 30 days from now."""
    account, now, kind = case.login_tag, case.now, case.attempt.kind
    known, address = state.familiarity, case.attempt.source
    near = near_key(address)
    known.remember(account, case.source_key, kind, now)
    known.remember(account, near, kind, now)
    known.remember(account, near, None, now)
    state.crowds.join(case.source_key, account, now)
    for length in _PARENTS[address.version]:
        state.crowds.join(address_key(address, length), account, now)


def _refund(state: State, case: Case, source: Source) -> None:
    """Typos vanish: a right sign-in gives back what the same account was charged for at the same source, the last failure
    there being less than an hour ago, and each before it less than an hour before the next; up to a daily allowance, so that
    an infected neighbour cannot live off the owner's polls."""
    plan = state.plan
    points = source.refundable(case.login_tag, case.now - plan.refund_within)
    if points and plan.refund is not None:
        allowance = source.refund_allowance(case.login_tag, case.now)
        source.give(allowance.take(points, plan.refund, case.now))
        state.sources.dirty[case.source_key] = None


# -- wrong -------------------------------------------------------------------------------------------------------


def _wrong(state: State, case: Case, source: Source, tags: Tags | None) -> Settlement:
    """It is charged, unless it is no new guess (law 6): the same wrong password for the same account in the same lane."""
    if tags is not None and case.budget is not None and case.budget.repeated(tags, case.now):
        release(state, case)
        return Settlement(why="repeated")
    land(case)
    state.alarm.count(case.now)
    if state.plan.spray_accounts and tags is not None and case.lane is not Lane.FAMILIAR:
        state.spraying.note(tags, case.login_tag & 0xFFFFFFFF, case.now)
    name = state.display(case.attempt.login)
    charge_account(state, case)
    events = _weigh(state, case, source, name) + _closing(case, name)
    return Settlement(counted=True, why="wrong", events=events)


def _weigh(state: State, case: Case, source: Source, name: str) -> tuple[Event, ...]:
    """Source and networks pay for breadth too, and are banned if that fills them."""
    plan, now, tag = state.plan, case.now, case.login_tag
    proven = state.crowds.size(case.source_key, now)
    limit = plan.source_limit(proven, state.alarm.on)
    breadth = source.note_login(tag, 1 if proven else plan.breadth)
    points = case.points if proven or breadth == 1 else case.points * breadth
    room = limit if limit.burst > plan.source.burst else plan.source
    source.take(points, room, now, plan.overfill)  # who guesses broadly finds it still full when his ban ends
    one = failure(name, case.attempt.door)
    if plan.refund is not None and case.attempt.login.account is not None:
        source.note_recent(tag, points, now - plan.refund_within)
    source.note(one, now)
    state.sources.dirty[case.source_key] = None
    events: tuple[Event, ...] = ()
    child, networks = case.source_key, state.networks.entries
    for key, room in case.around(state):
        network = networks.get(key) or open_network(state, key, child, room, now)
        if network is not None:
            charge_network(state, network, key, room, points, now)
            network.note(one, now)
            parts = network.note_part(child, plan.children)
            if parts >= plan.children and network.full(room, now):
                events += ban_network(state, key, network, room, parts, now)
        child = key
    if source.full(limit, now):
        events += ban_source(state, case.attempt.source, case.source_key, source, now)
    return events


def _closing(case: Case, name: str) -> tuple[Event, ...]:
    """Tells once that an account has just closed to strangers."""
    account, budget, limit = case.account, case.budget, case.lane_limit
    if account is None or budget is None:
        return ()
    account.failures += 1
    if case.lane_key != STRANGERS or not budget.full(limit, case.now):
        return ()
    return (AccountClosed(case.now, name, case.now + budget.wait(limit, case.now), account.failures),)
