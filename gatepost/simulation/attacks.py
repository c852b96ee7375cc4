"""Attacks: when, from where, at whom, with which password. A guess that was refused is tried again at the next chance;
one that looked wrong is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from gatepost.model.address import Address
from gatepost.simulation.scoring import Popularity
from gatepost.simulation.world import BEGIN, DAY, HOUR, World

NOBODY = -1
_PAIR = 1 / 50  # a leaked pair of login and password is still right
_JUNK = 9_000_000


class Guess(NamedTuple):
    """`person` below 0: a login that nobody has. `rank` is the password's place in the list, or any number above it."""

    person: int
    rank: int
    odds: float


class Campaign:
    """`shots` are (time, source) in order. `aim` gives the next guess, `spent` says that it was answered."""

    def __init__(
        self, shots: list[tuple[float, Address]], aim: Callable[[int], Guess | None], kind: str = "bot"
    ) -> None:
        self.shots, self.kind = shots, kind
        self._aim, self._number = aim, 0

    def aim(self) -> Guess | None:
        """None: out of guesses."""
        return self._aim(self._number)

    def spent(self) -> None:
        """On to the next guess."""
        self._number += 1


class Attack(NamedTuple):
    """`begin` draws a campaign in a world."""

    name: str
    about: str
    begin: Callable[[World, Popularity, Random], Campaign]


def _stranger(draw: Random, world: World) -> Address:
    """A bot's address: one in ten is a customer of the same providers as the users, one in five has IPv6."""
    if draw.random() < 0.1:
        return Address(4, draw.choice(world.isps) + draw.randrange(1 << 14))
    if draw.random() < 0.2:
        return Address(6, (0x2600 << 112) + (draw.getrandbits(40) << 72) + draw.getrandbits(64))
    return Address(4, draw.randrange(11 << 24, 99 << 24))


def _every(world: World, seconds: float) -> Iterator[float]:
    at = world.start + seconds / 2
    while at < world.end + seconds / 2:
        yield at
        at += seconds


def _down_the_list(people: list[int], popularity: Popularity) -> Callable[[int], Guess]:
    """The commonest password at each of them, then the next."""

    def aim(number: int) -> Guess:
        rank = number // len(people) + 1
        return Guess(people[number % len(people)], rank, popularity.odds(rank))

    return aim


def _single(world: World, popularity: Popularity, draw: Random) -> Campaign:
    source = _stranger(draw, world)
    return Campaign([(at, source) for at in _every(world, 5)], _down_the_list([3], popularity))


def _botnet(world: World, popularity: Popularity, draw: Random) -> Campaign:
    bots = [_stranger(draw, world) for _ in range(500)]
    return Campaign([(at, draw.choice(bots)) for at in _every(world, 8)], _down_the_list([5], popularity))


def _spraying(world: World, popularity: Popularity, draw: Random) -> Campaign:
    bots = [_stranger(draw, world) for _ in range(1000)]
    aim = _down_the_list(list(range(len(world.people))), popularity)
    return Campaign([(at, draw.choice(bots)) for at in _every(world, 10)], aim)


def _stuffing(world: World, popularity: Popularity, draw: Random) -> Campaign:
    bots = [_stranger(draw, world) for _ in range(100)]
    pairs = [
        Guess(person, _JUNK + 2 * person + part, _PAIR) for person in range(len(world.people)) for part in range(2)
    ]
    pairs += [Guess(NOBODY - number, _JUNK * 2 + number, 0.0) for number in range(len(pairs))]
    draw.shuffle(pairs)
    shots = [(at, draw.choice(bots)) for at in _every(world, 15)]
    return Campaign(shots, lambda number: pairs[number] if number < len(pairs) else None)


def _rotating(world: World, popularity: Popularity, draw: Random) -> Campaign:
    site = (0x2A10 << 112) + (draw.getrandbits(32) << 80)
    shots = [(at, Address(6, site + (draw.getrandbits(16) << 64) + draw.getrandbits(64))) for at in _every(world, 10)]
    return Campaign(shots, _down_the_list(list(range(10, 20)), popularity))


def _slow(world: World, popularity: Popularity, draw: Random) -> Campaign:
    bots = [_stranger(draw, world) for _ in range(300)]
    first = {bot: draw.uniform(0, 6 * HOUR) for bot in bots}
    shots = sorted((at - 3 * HOUR + first[bot], bot) for bot in bots for at in _every(world, 6 * HOUR))
    shots = [shot for shot in shots if shot[0] < world.end]
    return Campaign(shots, _down_the_list(list(range(len(world.people))), popularity), kind="outlook")


def _lock_out(world: World, popularity: Popularity, draw: Random) -> Campaign:
    bots = [_stranger(draw, world) for _ in range(100)]
    shots = [(at, draw.choice(bots)) for at in _every(world, 8)]
    return Campaign(shots, lambda number: Guess(20 + number % 5, _JUNK + number, 0.0))


def _burst(world: World, popularity: Popularity, draw: Random) -> Campaign:
    shots = []
    for at in _every(world, HOUR / 2):
        source = _stranger(draw, world)
        shots += [(at + number * 0.0001, source) for number in range(200)]
    return Campaign(shots, _down_the_list(list(range(30, 35)), popularity))


def _colleague(world: World, popularity: Popularity, draw: Random) -> Campaign:
    office = world.offices[0]
    inside = [number for number, who in enumerate(world.people) if who.office == office]
    shots = [(at, office) for at in _every(world, 8) if 8 * HOUR <= (at - BEGIN) % DAY < 17 * HOUR]
    return Campaign(shots, _down_the_list([*inside[:4], len(world.people) - 1], popularity))


def _none(world: World, popularity: Popularity, draw: Random) -> Campaign:
    return Campaign([], lambda number: None)


ATTACKS = (
    Attack("no attack", "the honest mistakes alone", _none),
    Attack("one address", "one account, a guess every 5 s", _single),
    Attack("botnet, one account", "500 addresses, a guess every 8 s", _botnet),
    Attack("spraying", "1,000 addresses, the commonest passwords at everybody, every 10 s", _spraying),
    Attack("stuffing", "100 addresses, two leaked pairs a mailbox and as many dead logins", _stuffing),
    Attack("IPv6 /48", "another /64 for each guess, 10 accounts, every 10 s", _rotating),
    Attack("slow and low", "300 addresses, one guess each in 6 h, looking like Outlook", _slow),
    Attack("lock-out", "100 addresses, nonsense at 5 victims every 8 s", _lock_out),
    Attack("parallel burst", "every 30 min 200 guesses within 20 ms from a new address", _burst),
    Attack("behind an office NAT", "an infected machine at 4 colleagues and 1 other, in office hours", _colleague),
)
"""In the order of the table. A new attack is one function and one line here."""
