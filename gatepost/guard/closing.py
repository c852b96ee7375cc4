"""Closing an account by hand: strangers are refused on it for a time, its owner goes on reading mail (law 4)."""

from __future__ import annotations

from gatepost.guard.accounts import STRANGERS, AccountState
from gatepost.guard.state import State
from gatepost.guard.verdicts import Lane
from gatepost.model.account import Login
from gatepost.model.events import AccountClosed


def close_login(state: State, login: Login, now: float, seconds: float) -> AccountClosed:
    """Fills the strangers' lane so far that it has room again after `seconds`: reopening it, restarting and forgetting
    then work as they do for an account that was attacked. With `account_lock = "strict"` that lane is everybody's."""
    key = state.account_key(login)
    table = state.account_table(key)
    account = table.get(key)
    if account is None:
        account = AccountState(now)
        table.put(key, account, now)
    limit = state.plan.lanes[Lane.STRANGER]
    lane = account.lane(STRANGERS, now)
    lane.level = max(lane.drain(limit.rate, now), limit.burst - 1.0 + seconds * limit.rate)
    table.dirty[key] = None
    return AccountClosed(now, state.display(login), now + lane.wait(limit, now), account.failures)
