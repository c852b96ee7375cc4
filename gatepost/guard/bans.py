"""Bans: who gets nothing, until when, and why. They end by themselves, and the next one of the same network is longer.

Two kinds. A ban of a source, or one made by hand, is asked about at every connection. A ban that the guard makes of
a neighbourhood touches only strangers' sign-ins: mail from there still comes in. Not here: deciding on a ban.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

from gatepost.guard.prefixes import PrefixMap, network_key, network_of
from gatepost.model.address import Address, Network
from gatepost.model.events import Evidence

FOREVER = 253_402_300_799.0
"""The end of year 9999: a ban without an end, still printable as a date."""

Scope: TypeAlias = Literal["all", "confined", "strangers"]


class Ban(msgspec.Struct, frozen=True):
    """`network` is banned until `until` (seconds since the epoch, FOREVER for no end); `number` counts its bans.

    `scope`: `all` is dropped at every door; `confined` was made of an address where accounts signed in rightly, which
    still may; `strangers` is a neighbourhood whose strangers may not sign in, and which is not dropped.
    """

    network: Network
    since: float
    until: float
    number: int
    by: str
    evidence: Evidence
    scope: Scope = "all"

    @property
    def by_hand(self) -> bool:
        """Whether an administrator made it."""
        return self.by != "guard"


class Held(msgspec.Struct, array_like=True, frozen=True):
    """A ban as kept, and what a look-up finds: what is asked often at hand, the rest encoded (evidence of ten thousand bans is
    a lot)."""

    until: float
    number: int
    scope: Scope
    by_hand: bool
    body: bytes


class _Body(msgspec.Struct, array_like=True, frozen=True):
    since: float
    by: str
    evidence: Evidence


_pack, _unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Held).decode
_unpack_body = msgspec.msgpack.Decoder(_Body).decode


class Bans:
    """All bans in force, and how many each network had before."""

    def __init__(self, capacity: int, memory: float) -> None:
        self._live: dict[int, Held] = {}
        self._doors: PrefixMap[Held] = PrefixMap()  # asked at connections
        self._strangers: PrefixMap[Held] = PrefixMap()  # asked at strangers' sign-ins
        self._ends: list[tuple[float, int]] = []
        self._past: OrderedDict[int, tuple[int, float]] = OrderedDict()  # key -> number of bans, when the last ended
        self._capacity = capacity
        self._memory = memory
        self._forgotten: list[Network] = []  # ended early, and nobody was told yet
        self.dirty: set[int] = set()
        self.dirty_past: set[int] = set()

    def __len__(self) -> int:
        return len(self._live)

    def at_door(self, address: Address, now: float) -> Held | None:
        """The ban that a connection from `address` meets; one made by hand beats the guard's own."""
        if not self._doors.entries:
            return None
        held = self._doors.find(address)
        if held is None or (held.scope == "all" and held.until > now):
            return held
        wider = [ban for ban in self._doors.around(address.source) if ban.until > now]
        return next((ban for ban in wider if ban.by_hand), wider[0] if wider else None)

    def for_strangers(self, address: Address, now: float) -> Held | None:
        """The neighbourhood's ban that a stranger from `address` meets."""
        if not self._strangers.entries:
            return None
        held = self._strangers.find(address)
        return held if held is not None and held.until > now else None

    def holds(self, key: int, now: float) -> bool:
        """Whether this very network is banned."""
        ban = self._live.get(key)
        return ban is not None and ban.until > now

    def number(self, key: int, now: float) -> int:
        """The number that the next ban of this network has."""
        live = self._live.get(key)
        if live is not None:
            return live.number + 1
        count, ended = self._past.get(key, (0, 0.0))
        return count + 1 if now - ended <= self._memory else 1

    def add(self, ban: Ban) -> None:
        """From now on. A ban of the same network is replaced."""
        key = network_key(ban.network)
        if key not in self._live and len(self._live) >= self._capacity:
            self._forget_soonest()
        body = _pack(_Body(ban.since, ban.by, ban.evidence))
        self._put(key, Held(ban.until, ban.number, ban.scope, ban.by_hand, body))
        self.dirty.add(key)
        if self._past.pop(key, None) is not None:
            self.dirty_past.add(key)

    def _put(self, key: int, packed: Held) -> None:
        self._live[key] = packed
        there, elsewhere = self._doors, self._strangers
        if packed.scope == "strangers":
            there, elsewhere = elsewhere, there
        there.put(key, packed)
        elsewhere.pop(key)
        heapq.heappush(self._ends, (packed.until, key))

    def _forget_soonest(self) -> None:
        """The ban that would have ended first ends now (law 11)."""
        while self._ends:
            until, key = heapq.heappop(self._ends)
            live = self._live.get(key)
            if live is not None and live.until == until:
                self.remove(key, until, keep_number=True)
                self._forgotten.append(network_of(key))
                return

    def remove(self, key: int, now: float, keep_number: bool) -> None:
        """Ends it; `keep_number` makes the next one longer."""
        packed = self._live.pop(key)
        self._doors.pop(key)
        self._strangers.pop(key)
        self.dirty.add(key)
        if keep_number:
            self._remember(key, packed.number, min(now, packed.until))
        elif self._past.pop(key, None) is not None:
            self.dirty_past.add(key)

    def forget_number(self, key: int) -> None:
        """The next ban of this network is its first."""
        if self._past.pop(key, None) is not None:
            self.dirty_past.add(key)

    def _remember(self, key: int, number: int, ended: float) -> None:
        self._past[key] = (number, ended)
        self._past.move_to_end(key)
        self.dirty_past.add(key)
        if len(self._past) > self._capacity:
            self.dirty_past.add(self._past.popitem(last=False)[0])

    def expire(self, now: float) -> list[Network]:
        """Ends what is over; returns which, those that had to make room included."""
        ended = [network for network in self._forgotten if network_key(network) not in self._live]
        self._forgotten.clear()
        while self._ends and self._ends[0][0] <= now:
            until, key = heapq.heappop(self._ends)
            live = self._live.get(key)
            if live is not None and live.until == until:
                self.remove(key, now, keep_number=True)
                ended.append(network_of(key))
        while self._past:
            key, (_, over) = next(iter(self._past.items()))
            if now - over <= self._memory:
                break
            del self._past[key]
            self.dirty_past.add(key)
        return ended

    def get(self, key: int) -> Ban | None:
        """The ban of this very network, whole."""
        packed = self._live.get(key)
        if packed is None:
            return None
        body = _unpack_body(packed.body)
        return Ban(network_of(key), body.since, packed.until, packed.number, body.by, body.evidence, packed.scope)

    def around(self, address: Address, now: float) -> tuple[Ban, ...]:
        """The bans that cover `address`, those asked at the door first."""
        network = address.network(32 if address.version == 4 else 128)
        keys = [*self._doors.keys_around(network), *self._strangers.keys_around(network)]
        return tuple(ban for key in keys if (ban := self.get(key)) is not None and ban.until > now)

    def listed(self, now: float) -> list[Ban]:
        """All in force, by network."""
        keys = [key for key, packed in self._live.items() if packed.until > now]
        return sorted((ban for key in keys if (ban := self.get(key)) is not None), key=lambda ban: ban.network)

    def touching(self, network: Network) -> list[int]:
        """Keys of bans within `network`, and of those that the guard made around it."""
        within = [key for key in self._live if network.contains(network_of(key))]
        around = [*self._doors.keys_around(network), *self._strangers.keys_around(network)]
        return list(dict.fromkeys(within + [key for key in around if not self._live[key].by_hand]))

    def past_within(self, network: Network) -> list[int]:
        """Networks within `network` that had a ban."""
        return [key for key in self._past if network.contains(network_of(key))]

    def changes(self) -> Iterator[tuple[int, bytes | None]]:
        """(network's key, encoded ban or None) of what changed since the last call."""
        dirty, self.dirty = self.dirty, set()
        for key in dirty:
            packed = self._live.get(key)
            yield key, None if packed is None else _pack(packed)

    def past_changes(self) -> Iterator[tuple[int, tuple[int, float] | None]]:
        """(network's key, (number, end) or None) of what changed since the last call."""
        dirty, self.dirty_past = self.dirty_past, set()
        for key in dirty:
            yield key, self._past.get(key)

    def restore(self, key: int, value: bytes) -> None:
        """Puts back what `changes` gave; `restored` is called once after the last. A million take two seconds."""
        packed = _unpack(value)
        self._live[key] = packed
        there = self._strangers if packed.scope == "strangers" else self._doors
        there.put(key, packed)
        self._ends.append((packed.until, key))

    def restored(self) -> None:
        """All are back: their ends are put in order."""
        heapq.heapify(self._ends)

    def restore_past(self, key: int, number: int, ended: float) -> None:
        """Puts back what `past_changes` gave."""
        self._past[key] = (number, ended)
