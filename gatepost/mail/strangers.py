"""What is remembered of first sign-ins from strange networks: whom to tell, and what is held back there for a day.

An account is guessed or stuffed at the first try sometimes, and no counter helps. So for 24 hours whoever signed in rightly
from a network that the account had never used may send little mail and set up no redirect, and the owner is told at
once. The network counts (IPv4 /16, IPv6 /32: the guard's own measure of "nearby"), or the next address would be free.

Fed by the journal's `SignedIn`; asked by the doors `submission` and `scripts`; kept with the guard's state, so that a restart
lifts nothing. Not here: the message to the owner (notices.py), what a stranger is (the guard).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from gatepost.guard.buckets import Bucket, Limit
from gatepost.guard.plan import NEAR_LENGTH
from gatepost.guard.prefixes import address_key, network_of
from gatepost.guard.stranger_options import StrangerOptions
from gatepost.model.account import Account
from gatepost.model.address import Address, parse_address
from gatepost.model.errors import HeldBack
from gatepost.model.events import Event, GuardTold, SignedIn
from gatepost.ports.clock import Clock
from gatepost.ports.guardstore import Record

TABLE = "stranger"


class _Row(msgspec.Struct, array_like=True):
    since: float
    level: float
    at: float
    told: float


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Row).decode


class _Held(Bucket):
    """One account at one network: what it has sent from there, since when it is held, when its owner was told."""

    __slots__ = ("since", "told")

    def __init__(self, since: float, told: float) -> None:
        super().__init__(since)
        self.since, self.told = since, told


class Strangers:
    """`tell` is given each sign-in that its owner should hear of. `enforce` as the guard's: in a dry run nothing is held."""

    def __init__(
        self,
        options: StrangerOptions,
        clock: Clock,
        enforce: bool = True,
        tell: Callable[[SignedIn], None] | None = None,
    ) -> None:
        self._options, self._clock, self._enforce = options, clock, enforce
        self._limit = Limit.of(options.messages)
        self._held: dict[tuple[str, int], _Held] = {}  # the oldest first
        self._told: dict[str, float] = {}
        self._dirty: dict[tuple[str, int], None] = {}
        self.tell = tell

    # -- fed by the journal ---------------------------------------------------------------------------------------------
    def hear(self, event: Event) -> None:
        """A sink of the journal."""
        if isinstance(event, GuardTold) and event.what == "forget":
            self._erase(event.subject)
        if not isinstance(event, SignedIn) or not (event.first_from_here and event.known_elsewhere):
            return
        client = parse_address(event.client)
        if client.private and not self._options.private_sources:
            return
        key, told = _key(event.login, client), self._may_tell(event)
        self._forget_old(event.at)
        before = self._held.pop(key, None)
        held = self._held[key] = before or _Held(event.at, 0.0)
        held.since = event.at
        if told:
            held.told = self._told[event.login] = event.at
        self._dirty[key] = None
        if told and self.tell is not None:
            self.tell(event)

    def _erase(self, login: str) -> None:
        """The account is gone, and what is known of it goes too."""
        self._told.pop(login, None)
        for key in [key for key in self._held if key[0] == login]:
            del self._held[key]
            self._dirty[key] = None

    def _may_tell(self, event: SignedIn) -> bool:
        last = self._told.get(event.login)
        return self._options.notice and (last is None or not 0 <= event.at - last < self._options.notice_every)

    def _forget_old(self, now: float) -> None:
        """What is over goes, and the oldest where there are too many (law 11)."""
        span = max(self._options.hold, self._options.notice_every)
        while self._held:
            key, held = next(iter(self._held.items()))
            if now - held.since <= span and len(self._held) < self._options.max_held:
                break
            del self._held[key]
            self._dirty[key] = None
        for login in [login for login, at in self._told.items() if now - at > span]:
            del self._told[login]
        while len(self._told) > self._options.max_held:
            del self._told[next(iter(self._told))]

    # -- asked by the doors ---------------------------------------------------------------------------------------------
    def hold(self, account: Account, client: Address) -> bool:
        """Whether what this account does from there is held back now."""
        return self._holding(account, client) is not None

    def send(self, account: Account, client: Address, recipients: int) -> Callable[[], None]:
        """Takes room for a message to so many; call what comes back if it is not sent after all. Raises HeldBack."""
        held = self._holding(account, client)
        if held is None:
            return _nothing
        now, key = self._clock.now(), _key(account.email, client)
        if held.room(self._limit, now) < recipients - 1e-6:
            raise HeldBack("this network is new to the account: little can be sent from it for a day")
        held.take(recipients, self._limit, now)
        self._dirty[key] = None

        def give_back() -> None:
            held.give(recipients)
            self._dirty[key] = None

        return give_back

    def check_redirect(self, account: Account, client: Address) -> None:
        """Raises HeldBack where no new redirect is taken from there."""
        if not self._options.redirects and self.hold(account, client):
            raise HeldBack("this network is new to the account: no redirect can be set up from it for a day")

    def _holding(self, account: Account, client: Address) -> _Held | None:
        held = self._held.get(_key(account.email, client)) if self._enforce else None
        if held is None or not 0 <= self._clock.now() - held.since < self._options.hold:
            return None
        return held

    # -- durable ----------------------------------------------------------------------------------------------------------
    def changed(self) -> list[Record]:
        """What changed since the last call, for the guard's store."""
        dirty, self._dirty = self._dirty, {}
        return [Record(TABLE, _octets(key), self._row(key)) for key in dirty]

    def _row(self, key: tuple[str, int]) -> bytes | None:
        held = self._held.get(key)
        return None if held is None else _encode(_Row(held.since, held.level, held.at, held.told))

    def load(self, records: Iterable[Record]) -> None:
        """Puts back what the store holds. What cannot be read is left out."""
        found: list[tuple[tuple[str, int], _Row]] = []
        for record in records:
            if record.table != TABLE or record.value is None:
                continue
            try:
                network, _, login = record.key.decode().partition(" ")
                key = login, int(network, 16)
                network_of(key[1])
                found.append((key, _decode(record.value)))
            except (ValueError, msgspec.DecodeError):
                continue
        for key, row in sorted(found, key=lambda pair: pair[1].since):
            held = self._held[key] = _Held(row.since, row.told)
            held.level, held.at = row.level, row.at
            self._told[key[0]] = max(row.told, self._told.get(key[0], 0.0))
        self._forget_old(self._clock.now())


def _key(login: str, client: Address) -> tuple[str, int]:
    return login, address_key(client, NEAR_LENGTH[client.version])


def _octets(key: tuple[str, int]) -> bytes:
    return f"{key[1]:x} {key[0]}".encode()


def _nothing() -> None:
    """There was nothing to give back."""
