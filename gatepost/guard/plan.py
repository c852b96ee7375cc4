"""What the options mean: one set of limits and factors, whichever policy they are for.

The simple policy is the full one with one limit for an address, one for each lane of an account, and nothing else.
"""

from __future__ import annotations

import msgspec

from gatepost.guard.buckets import Limit
from gatepost.guard.options import GuardOptions
from gatepost.guard.prefixes import address_key
from gatepost.guard.verdicts import Lane
from gatepost.model.address import Address

NEAR_LENGTH = {4: 16, 6: 32}
"""The prefix length that counts as "the same network" for an account."""


def near_key(address: Address) -> int:
    """The key of that network around `address`."""
    return address_key(address, NEAR_LENGTH[address.version])


class Sentence(msgspec.Struct, frozen=True):
    """How long bans are: the first, times `growth` for each further one."""

    first: float
    growth: float
    most: float

    def seconds(self, number: int) -> float:
        """Of the ban with this number (from 1)."""
        return float(min(self.most, self.first * self.growth ** min(number - 1, 64)))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Limits in points; see docs/guard.md for what each is for."""

    source: Limit
    overfill: float = 1.0
    """Times its limit that a source's bucket holds: who guesses broadly finds it still full when his ban ends."""
    lanes: dict[Lane, Limit]
    total: Limit | None = None
    confined_lane: Limit
    strict: bool
    confine: bool
    by_kind: bool = False
    unproven: Sentence
    proven: Sentence
    unknown_factor: float = 1.0
    common_factor: float = 1.0
    breadth: int = 1
    scram_factor: float = 1.0
    room_per_account: float = 0.0
    room_most: float = 0.0
    attack: Limit | None = None
    """That of a never-proven source while the site is under attack."""
    networks4: tuple[tuple[int, Limit], ...] = ()
    networks6: tuple[tuple[int, Limit], ...] = ()
    children: int = 0
    spray_accounts: int = 0
    refund: Limit | None = None
    refund_within: float = 0.0
    confined_near: int = 1 << 30

    def source_limit(self, proven: int, under_attack: bool) -> Limit:
        """Points that a source may have: many accounts proven there earn it room, an attack on the site leaves strangers
        less."""
        if proven and self.room_per_account:
            return self.source.raised(self.room_per_account * proven, self.room_most)
        return self.attack if under_attack and not proven and self.attack is not None else self.source


def plan_of(options: GuardOptions) -> Plan:
    """The plan for the policy that `options` name."""
    unproven = Sentence(options.ban_time, options.ban_growth, options.ban_max)
    proven = Sentence(min(options.ban_time_proven, options.ban_time), options.ban_growth_proven, options.ban_max)
    address, account = Limit.of(options.address_limit), Limit.of(options.account_limit)
    strict, confine = options.account_lock == "strict", options.shared_addresses == "confine"
    if options.policy == "simple":
        return Plan(
            source=address,
            lanes=dict.fromkeys(Lane, account),
            confined_lane=account,
            strict=strict,
            confine=confine,
            unproven=unproven,
            proven=unproven,
        )
    full = options.full
    small, medium, large = map(Limit.of, (full.network_small, full.network_medium, full.network_large))
    return Plan(
        source=address,
        overfill=2.0,
        lanes={
            Lane.FAMILIAR: Limit.of(full.familiar),
            Lane.NEAR: Limit.of(full.near),
            Lane.SEEN: Limit.of(full.seen),
            Lane.STRANGER: account,
        },
        total=Limit.of(full.total),
        confined_lane=Limit.of(full.familiar_banned),
        strict=strict,
        confine=confine,
        by_kind=True,
        unproven=unproven,
        proven=proven,
        unknown_factor=full.unknown_factor,
        common_factor=full.common_factor,
        breadth=full.breadth,
        scram_factor=full.scram_factor,
        room_per_account=full.room_per_account,
        room_most=full.room_most,
        attack=Limit(min(full.attack_limit, address.burst), address.rate),
        networks4=((24, small), (16, large)),
        networks6=((56, small), (48, medium), (32, large)),
        children=full.network_children,
        spray_accounts=full.spray_accounts,
        refund=Limit.of(full.refund),
        refund_within=float(full.refund_within),
        confined_near=full.confined_near,
    )
