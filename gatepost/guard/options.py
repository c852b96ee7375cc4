"""The guard's options: every number of its decision logic, with the default that docs/guard.md gives reasons for.

Not here: what the numbers mean for one attempt (plan.py makes that of them).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from gatepost.guard.abuse_options import AbuseOptions
from gatepost.guard.stranger_options import StrangerOptions
from gatepost.model.units import Duration, Rate

_DAY = 86400.0


class FullOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Numbers of the policy "full" that the simple one has no use for. Rates are bursts that come back evenly."""

    familiar: Annotated[
        Rate, msgspec.Meta(description="Wrong passwords for one account from one source and client kind it knows.")
    ] = Rate(8, 8 * _DAY / 48)
    familiar_banned: Annotated[
        Rate, msgspec.Meta(description="The same while that source is banned (confined to the accounts it has proven).")
    ] = Rate(3, 3 * _DAY / 8)
    near: Annotated[
        Rate, msgspec.Meta(description="Wrong passwords for one account from a network and client kind it knows.")
    ] = Rate(6, _DAY)
    seen: Annotated[
        Rate, msgspec.Meta(description="Wrong passwords for one account from a network it knows, by another client.")
    ] = Rate(6, _DAY)
    total: Annotated[
        Rate, msgspec.Meta(description="Wrong passwords for one account from everywhere together, its owner included.")
    ] = Rate(50, _DAY)
    scram_factor: Annotated[
        float, msgspec.Meta(ge=1, description="SCRAM shows no password, so repetition is not seen: more familiar room.")
    ] = 2.0
    unknown_factor: Annotated[
        float, msgspec.Meta(ge=1, description="How many times more a source pays for a login that nobody has.")
    ] = 2.0
    common_factor: Annotated[
        float, msgspec.Meta(ge=1, description="How many times more a source pays for one of the commonest passwords.")
    ] = 2.0
    breadth: Annotated[
        int,
        msgspec.Meta(ge=1, le=64, description="A never-proven source pays times the logins it failed on, up to this."),
    ] = 16
    room_per_account: Annotated[
        float, msgspec.Meta(ge=0, description="Points a source, or a network, has more for each account proven there.")
    ] = 3.0
    room_most: Annotated[
        float, msgspec.Meta(ge=1, description="Points a source has at most, however many accounts are proven there.")
    ] = 70.0
    attack_limit: Annotated[
        float, msgspec.Meta(ge=1, description="Points of a never-proven source while the site is under attack.")
    ] = 4.0
    attack_least: Annotated[
        float, msgspec.Meta(ge=1, description="Counted failures an hour below which the site is never under attack.")
    ] = 20.0
    attack_factor: Annotated[
        float, msgspec.Meta(ge=1, description="Times the learned quiet rate of failures that count as an attack.")
    ] = 5.0
    attack_hold: Annotated[
        Duration,
        msgspec.Meta(description="How long it must be quiet before an attack is over: bans keep it quiet too."),
    ] = Duration(_DAY)
    network_small: Annotated[
        Rate, msgspec.Meta(description="Points of an IPv4 /24 or an IPv6 /56 before its strangers are refused.")
    ] = Rate(40, _DAY)
    network_medium: Annotated[
        Rate, msgspec.Meta(description="Points of an IPv6 /48 before its strangers are refused.")
    ] = Rate(160, _DAY)
    network_large: Annotated[
        Rate, msgspec.Meta(description="Points of an IPv4 /16 or an IPv6 /32 before its strangers are refused.")
    ] = Rate(640, _DAY)
    network_children: Annotated[
        int, msgspec.Meta(ge=1, le=16, description="Different parts of a network that must fail before it is banned.")
    ] = 4
    spray_accounts: Annotated[
        int,
        msgspec.Meta(ge=2, le=16, description="Different accounts on which a wrong password makes it a sprayed one."),
    ] = 5
    refund: Annotated[
        Rate, msgspec.Meta(description="Points that right sign-ins give back to one account at one source.")
    ] = Rate(6, _DAY)
    refund_within: Annotated[
        Duration,
        msgspec.Meta(
            description="How long after a wrong password a right one gives its points back, and those of earlier ones, if there "
            "was no longer pause between them."
        ),
    ] = Duration(3600)
    confined_near: Annotated[
        int, msgspec.Meta(ge=1, description="Accounts proven at a banned source from which near ones may sign in too.")
    ] = 3


class GuardOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[guard]`."""

    enforce: Annotated[
        bool, msgspec.Meta(description="Whether decisions are carried out; false only notes what would be done.")
    ] = True
    policy: Annotated[
        Literal["full", "simple"],
        msgspec.Meta(description="full: everything in docs/guard.md. simple: one limit an address, one an account."),
    ] = "full"
    account_lock: Annotated[
        Literal["strangers", "strict"],
        msgspec.Meta(description="Whom an account past its limit is closed to: strangers, or everybody (strict)."),
    ] = "strangers"
    shared_addresses: Annotated[
        Literal["confine", "drop"],
        msgspec.Meta(description="A banned address where accounts signed in rightly: only those may still, or nobody."),
    ] = "confine"
    address_limit: Annotated[
        Rate,
        msgspec.Meta(description="Wrong passwords (full: points) from one address (IPv6: one /64) before its ban."),
    ] = Rate(10, _DAY)
    account_limit: Annotated[
        Rate, msgspec.Meta(description="Wrong passwords for one account from strangers before it closes to them.")
    ] = Rate(10, _DAY)
    ban_time: Annotated[Duration, msgspec.Meta(description="The first ban of an address.")] = Duration(4 * 3600)
    ban_growth: Annotated[
        float, msgspec.Meta(ge=1, description="How many times longer each further ban of the same address is.")
    ] = 6.0
    ban_time_proven: Annotated[
        Duration, msgspec.Meta(description="The first ban of an address where accounts signed in rightly.")
    ] = Duration(3600)
    ban_growth_proven: Annotated[
        float, msgspec.Meta(ge=1, description="How many times longer each further ban of such an address is.")
    ] = 2.0
    ban_max: Annotated[Duration, msgspec.Meta(description="The longest ban.")] = Duration(7 * _DAY)
    ban_memory: Annotated[
        Duration, msgspec.Meta(description="How long after its end a ban makes the next one longer.")
    ] = Duration(30 * _DAY)
    proven_for: Annotated[
        Duration,
        msgspec.Meta(description="How long a right sign-in makes its source and network known to the account."),
    ] = Duration(30 * _DAY)
    never_ban: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Networks that are never banned, though limited: this host, trusted proxies."),
    ] = ("127.0.0.0/8", "::1")
    allow: Annotated[
        tuple[str, ...], msgspec.Meta(description="Networks that are neither banned nor limited, whatever they do.")
    ] = ()
    in_flight_source: Annotated[
        int, msgspec.Meta(ge=1, description="Attempts of one source being checked at once, its familiar ones apart.")
    ] = 4
    in_flight_stranger: Annotated[
        int, msgspec.Meta(ge=1, description="Attempts of strangers on one account being checked at once.")
    ] = 2
    max_sources: Annotated[int, msgspec.Meta(ge=64, description="Sources remembered for what they failed at.")] = 4096
    max_networks: Annotated[int, msgspec.Meta(ge=64, description="Networks remembered for the same.")] = 2048
    max_accounts: Annotated[int, msgspec.Meta(ge=64, description="Existing accounts whose counters are kept.")] = 16384
    max_bans: Annotated[int, msgspec.Meta(ge=64, description="Bans in force at once.")] = 16384
    max_familiar: Annotated[
        int, msgspec.Meta(ge=64, description="Places (source or network, with client kind) known to accounts.")
    ] = 65536
    abuse: Annotated[AbuseOptions, msgspec.Meta(description="What counts besides wrong passwords.")] = AbuseOptions()
    stranger: Annotated[
        StrangerOptions, msgspec.Meta(description="The first right sign-in from a network new to an account.")
    ] = StrangerOptions()
    full: Annotated[FullOptions, msgspec.Meta(description='Numbers of the policy "full".')] = FullOptions()
