"""The guard's state as durable records, and back: counters, bans with their evidence, familiarity, the allow list.

What is in flight when the process dies keeps its charge (law 2). Tags of wrong passwords are never among the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from gatepost.guard.accounts import AccountKey, AccountState, LaneBudget
from gatepost.guard.buckets import Bucket, Budget
from gatepost.guard.conduct import Conduct
from gatepost.guard.prefixes import is_key, network_of
from gatepost.guard.sources import Neighbourhood, Source, Watched
from gatepost.guard.state import State
from gatepost.guard.table import Table
from gatepost.model.address import Address
from gatepost.model.events import Evidence
from gatepost.ports.guardstore import Record

_encode = msgspec.msgpack.Encoder().encode
_KEY = 24  # octets that hold the key of any network or lane


class _SourceRow(msgspec.Struct, array_like=True):
    level: float
    at: float
    logins: tuple[int, ...]
    failures: int
    first: float
    last: float
    names: tuple[str, ...]
    doors: tuple[str, ...]
    reason: str


class _ConductRow(msgspec.Struct, array_like=True):
    accepted: int
    accepted_at: float
    kinds: tuple[tuple[str, float, float], ...]


class _AccountRow(msgspec.Struct, array_like=True):
    total: float
    at: float
    failures: int
    lanes: tuple[tuple[bytes, float, float], ...]


_source_row = msgspec.msgpack.Decoder(_SourceRow).decode
_conduct_row = msgspec.msgpack.Decoder(_ConductRow).decode
_account_row = msgspec.msgpack.Decoder(_AccountRow).decode
_pair = msgspec.msgpack.Decoder(tuple[int, float]).decode
_alarm = msgspec.msgpack.Decoder(tuple[float, float, float, float, bool]).decode


def _number(value: int) -> bytes:
    return value.to_bytes(_KEY, "big")


def _tags(first: int, second: int) -> bytes:
    return first.to_bytes(8, "big") + second.to_bytes(8, "big")


# -- out ---------------------------------------------------------------------------------------------------------


def changed(state: State) -> list[Record]:
    """Everything that changed since the last call."""
    return list(_changes(state))


def _changes(state: State) -> Iterator[Record]:
    yield from _source_records("source", state.sources)
    yield from _source_records("network", state.networks)
    yield from _conduct_records(state)
    yield from _account_records("account", state.accounts)
    yield from _account_records("slot", state.unknown)
    for key, ban in state.bans.changes():
        yield Record("ban", _number(key), ban)
    for key, past in state.bans.past_changes():
        yield Record("past", _number(key), None if past is None else _encode(past))
    for key, note in state.exemptions.changes():
        yield Record("allow", _number(key), None if note is None else note.encode())
    for account, place, day in state.familiarity.changes():
        yield Record("familiar", _tags(account, place), None if day is None else _encode(day))
    for place, account, day in state.crowds.changes():
        yield Record("crowd", _tags(place, account), None if day is None else _encode(day))
    if state.alarm.dirty:
        state.alarm.dirty = False
        yield Record("alarm", b"", _encode(state.alarm.saved()))


def _source_records(name: str, table: Table[int, Any]) -> Iterator[Record]:
    for key, source in table.changes():
        yield Record(name, _number(key), None if source is None else _encode(_row(source)))


def _row(source: Watched) -> _SourceRow:
    shown = source.shown
    return _SourceRow(
        source.level + source.held, source.at, source.logins, source.failures, source.first, source.last,
        shown.logins, shown.doors, shown.reason,
    )  # fmt: skip


def _conduct_records(state: State) -> Iterator[Record]:
    for key, conduct in state.conducts.changes():
        if conduct is None:
            yield Record("conduct", _number(key), None)
            continue
        kinds = tuple((kind, bucket.level, bucket.at) for kind, bucket in conduct.kinds.items())
        yield Record("conduct", _number(key), _encode(_ConductRow(conduct.accepted, conduct.accepted_at, kinds)))


def _account_records(name: str, table: Table[AccountKey, AccountState]) -> Iterator[Record]:
    for key, account in table.changes():
        encoded = key.encode() if isinstance(key, str) else _number(key)
        if account is None:
            yield Record(name, encoded, None)
            continue
        lanes = tuple(
            (_number(lane), bucket.level + bucket.held, bucket.at)
            for lane, bucket in account.lanes.items()
            if bucket.level or bucket.held
        )
        row = _AccountRow(account.total.level + account.total.held, account.total.at, account.failures, lanes)
        yield Record(name, encoded, _encode(row))


class Outbox:
    """Records that the store could not take, until it can (law 12). Bounded: what is only to be removed is given up
    first, as it harms nothing to find it again."""

    _MOST = 65536

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bytes], Record] = {}

    def keep(self, refused: Iterable[Record]) -> None:
        """For the next time."""
        self._kept.update({(record.table, record.key): record for record in refused})
        if len(self._kept) > self._MOST:
            self._kept = {key: record for key, record in self._kept.items() if record.value is not None}

    def take(self, fresh: list[Record]) -> list[Record]:
        """What was kept, with what is newer in its place."""
        if not self._kept:
            return fresh
        kept, self._kept = self._kept, {}
        kept.update({(record.table, record.key): record for record in fresh})
        return list(kept.values())


# -- in ----------------------------------------------------------------------------------------------------------


def load(state: State, records: Iterable[Record], now: float) -> None:
    """Puts everything back. A record that cannot be read is left out: no state is worth not starting for."""
    for record in records:
        reader = _READERS.get(record.table)
        if reader is None or record.value is None:
            continue
        try:
            reader(state, record.key, record.value, now)
        except (ValueError, msgspec.DecodeError):
            continue
    state.bans.restored()
    _find_lone_parts(state)
    for table in (state.sources, state.networks, state.conducts, state.accounts, state.unknown):
        table.dirty.clear()


def _find_lone_parts(state: State) -> None:
    """Networks from which one part failed have no record: it is that of the part."""
    for key in sorted(state.sources.entries):  # in an order that the store has no part in
        if not state.sources.entries[key].logins:
            continue
        place = network_of(key)
        if state.exemptions.protected(Address(place.version, place.value)):
            continue
        part = key
        for network, _ in state.around(key):
            if network not in state.networks.entries:
                state.lone.other(network, part)
            part = network


def _load_source(state: State, key: bytes, value: bytes, now: float) -> None:
    source = Source(now)
    _fill(source, _source_row(value), now)
    state.sources.put(int.from_bytes(key, "big"), source, now)


def _load_network(state: State, key: bytes, value: bytes, now: float) -> None:
    network = Neighbourhood(now)
    _fill(network, _source_row(value), now)
    state.networks.put(int.from_bytes(key, "big"), network, now)


def _fill(source: Watched, row: _SourceRow, now: float) -> None:
    source.level, source.at = row.level, min(row.at, now)
    source.logins, source.failures, source.first, source.last = row.logins, row.failures, row.first, row.last
    source.shown = Evidence(row.reason, row.doors, row.names)
    source.stored = True


def _load_conduct(state: State, key: bytes, value: bytes, now: float) -> None:
    row, conduct = _conduct_row(value), Conduct()
    conduct.accepted, conduct.accepted_at, conduct.stored = row.accepted, min(row.accepted_at, now), True
    conduct.kinds = {kind: Bucket(min(at, now), level) for kind, level, at in row.kinds}
    state.conducts.put(int.from_bytes(key, "big"), conduct, now)


def _load_account(state: State, key: bytes, value: bytes, now: float) -> None:
    state.accounts.put(key.decode(), _account(value, now), now)


def _load_slot(state: State, key: bytes, value: bytes, now: float) -> None:
    state.unknown.put(int.from_bytes(key, "big"), _account(value, now), now)


def _account(value: bytes, now: float) -> AccountState:
    row = _account_row(value)
    account = AccountState(now)
    account.total = Budget(min(row.at, now), row.total)
    account.failures = row.failures
    account.lanes = {int.from_bytes(lane, "big"): LaneBudget(min(at, now), level) for lane, level, at in row.lanes}
    account.stored = True
    return account


def _load_ban(state: State, key: bytes, value: bytes, now: float) -> None:
    number = int.from_bytes(key, "big")
    if not is_key(number):
        raise ValueError("not a network's key")
    state.bans.restore(number, value)


def _load_past(state: State, key: bytes, value: bytes, now: float) -> None:
    state.bans.restore_past(int.from_bytes(key, "big"), *_pair(value))


def _load_allow(state: State, key: bytes, value: bytes, now: float) -> None:
    state.exemptions.restore(network_of(int.from_bytes(key, "big")), value.decode())


def _load_familiar(state: State, key: bytes, value: bytes, now: float) -> None:
    state.familiarity.restore(*_two(key), msgspec.msgpack.decode(value, type=int))


def _load_crowd(state: State, key: bytes, value: bytes, now: float) -> None:
    state.crowds.restore(*_two(key), msgspec.msgpack.decode(value, type=int))


def _two(key: bytes) -> tuple[int, int]:
    return int.from_bytes(key[:8], "big"), int.from_bytes(key[8:], "big")


def _load_alarm(state: State, key: bytes, value: bytes, now: float) -> None:
    state.alarm.restore(*_alarm(value))


_READERS: dict[str, Callable[[State, bytes, bytes, float], None]] = {
    "source": _load_source,
    "network": _load_network,
    "conduct": _load_conduct,
    "account": _load_account,
    "slot": _load_slot,
    "ban": _load_ban,
    "past": _load_past,
    "allow": _load_allow,
    "familiar": _load_familiar,
    "crowd": _load_crowd,
    "alarm": _load_alarm,
}
