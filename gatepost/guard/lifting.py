"""Undoing by hand: a lifted ban takes the counters that led to it along, so that the next typo does not ban again (law 8)."""

from __future__ import annotations

from gatepost.guard.accounts import AccountState
from gatepost.guard.prefixes import network_of
from gatepost.guard.sources import Neighbourhood, Source
from gatepost.guard.state import State
from gatepost.guard.table import Table
from gatepost.model.address import Network
from gatepost.model.events import BanEnded


def lift(state: State, network: Network, now: float, by: str) -> tuple[BanEnded, ...]:
    """Ends the bans within `network` and those the guard made around it; bans of wider networks made by hand stay."""
    events = []
    for key in state.bans.touching(network):
        state.bans.remove(key, now, keep_number=False)
        events.append(BanEnded(at=now, network=str(network_of(key)), why="lifted", by=by))
    for key in state.bans.past_within(network):
        state.bans.forget_number(key)
    _clear(state.sources, network)
    _clear(state.networks, network)
    for key in state.lone.networks():
        if _touch(network, key):
            state.lone.drop(key)
    for key in list(state.conducts.entries):
        if network.contains(network_of(key)):
            state.conducts.entries[key].kinds.clear()
            state.conducts.dirty[key] = None
    return tuple(events)


def _touch(network: Network, key: int) -> bool:
    """Whether one lies within the other."""
    other = network_of(key)
    return network.contains(other) or other.contains(network)


def _clear(table: Table[int, Source] | Table[int, Neighbourhood], network: Network) -> None:
    for key in list(table.entries):
        if _touch(network, key):
            source = table.entries[key]
            source.level = 0.0  # attempts in flight still hold this entry
            source.logins = ()
            if isinstance(source, Source):
                source.recent, source.refunds = (), None
            source.fresh_evidence()
            table.dirty[key] = None
            if source.idle:
                table.drop(key)


def lift_login(state: State, login: str) -> bool:
    """Reopens an account, whether somebody has it or not; False if nothing was counted."""
    found = False
    for table, key in ((state.accounts, login), (state.unknown, state.slot(login))):
        account = table.get(key)
        if account is not None:
            found = True
            _reopen(account)
            table.dirty[key] = None
            if account.idle:
                table.drop(key)
    return found


def _reopen(account: AccountState) -> None:
    account.failures = 0
    account.total.level = 0.0
    for lane in account.lanes.values():
        lane.level = 0.0
        lane.wrong = None
