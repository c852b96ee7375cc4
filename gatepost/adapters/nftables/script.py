"""What is said to `nft -f -`: texts made of bans. Nothing here runs anything.

One table, ours alone. Sources (IPv4 addresses, IPv6 /64s) are nearly all bans; they lie in plain sets, the IPv6 packet's
address being masked by the rule. Only other networks, banned by hand, lie in interval sets. The reasons, all seen with
nftables 1.0.6:

- An element that overlaps another is refused in an interval set, and the whole transaction with it.
- `auto-merge` joins a short ban around a long one into the short one: the long one is lost.
- An add to an interval set, and a delete, reads the whole set back first; to a plain set it doesn't.
- There is no `destroy`, and a `delete` of what has just expired fails. In a plain set, add, delete, add in one
  transaction replaces an element whether it is there or not, and its timeout too.

So plain sets are changed by the element, and interval sets are written anew: outermost networks only, which are few.
What is allowed is asked first and merged freely, since it has no timeouts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from gatepost.model.address import Address, Network

MOST = 50_000
"""Elements in one transaction."""

_FOREVER = 10 * 365 * 86400.0  # seconds; nft refuses very long timeouts, and a longer ban needs none
_TABLE = re.compile(r"inet [A-Za-z_][A-Za-z0-9_]{0,63}")

_SETUP = """\
add table {table}
delete table {table}
table {table} {{
	set banned4 {{ type ipv4_addr; flags timeout; }}
	set banned6 {{ type ipv6_addr; flags timeout; }}
	set networks4 {{ type ipv4_addr; flags interval, timeout; }}
	set networks6 {{ type ipv6_addr; flags interval, timeout; }}
	set allowed4 {{ type ipv4_addr; flags interval; auto-merge; }}
	set allowed6 {{ type ipv6_addr; flags interval; auto-merge; }}
	chain input {{
		type filter hook input priority filter - 10; policy accept;
		ip saddr @allowed4 return
		ip6 saddr @allowed6 return
		ip saddr @banned4 drop
		ip6 saddr & ffff:ffff:ffff:ffff:: @banned6 drop
		ip saddr @networks4 drop
		ip6 saddr @networks6 drop
	}}
}}
"""


def checked_table(table: str) -> str:
    """The name of a table of the family inet. Raises ValueError for another."""
    if not _TABLE.fullmatch(table):
        raise ValueError(f"not the name of a table: {table!r} (as in: inet gatepost)")
    return table


def is_source(network: Network) -> bool:
    """Whether it counts as one source: these lie in the plain sets."""
    return network.length == (32 if network.version == 4 else 64)


def setup(table: str) -> str:
    """The empty table, in place of one that is there."""
    return _SETUP.format(table=table)


def removal(table: str) -> str:
    """No table, whether there was one or not."""
    return f"add table {table}\ndelete table {table}\n"


def sources(table: str, changed: Iterable[Network], wanted: Mapping[Network, float], now: float) -> Iterator[str]:
    """Each changed source as it is wanted: until when (seconds since the epoch), or not at all."""
    left = iter(changed)
    while some := list(islice(left, MOST)):
        lines = []
        for version in (4, 6):
            mine = [network for network in some if network.version == version]
            names = [_plain(network) for network in mine]
            held = _held(((_plain(network), wanted.get(network, 0.0)) for network in mine), now)
            lines += _elements("add", table, f"banned{version}", names)
            lines += _elements("delete", table, f"banned{version}", names)
            lines += _elements("add", table, f"banned{version}", held)
        yield "".join(lines)


def networks(table: str, wanted: Iterable[tuple[Network, float]], now: float) -> str:
    """The interval sets, written anew. A ban within another is left out until that one ends."""
    live = [(network, until) for network, until in wanted if until > now]
    lines = []
    for version in (4, 6):
        mine = {network: until for network, until in live if network.version == version}
        lines.append(f"flush set {table} networks{version}\n")
        held = _held(((str(network), mine[network]) for network in outermost(mine)), now)
        lines += _elements("add", table, f"networks{version}", held)
    return "".join(lines)


def allowed(table: str, wanted: Iterable[Network]) -> str:
    """The allow list, written anew."""
    all_of_them = sorted(wanted)
    lines = []
    for version in (4, 6):
        names = [str(network) for network in all_of_them if network.version == version]
        lines.append(f"flush set {table} allowed{version}\n")
        lines += _elements("add", table, f"allowed{version}", names)
    return "".join(lines)


def outermost(of: Iterable[Network]) -> list[Network]:
    """Those that no other contains."""
    kept: list[Network] = []
    for network in sorted(of):  # by version, address, length: who contains comes first
        if not kept or not kept[-1].contains(network):
            kept.append(network)
    return kept


def _plain(network: Network) -> str:
    return str(Address(network.version, network.value))


def _held(wanted: Iterable[tuple[str, float]], now: float) -> list[str]:
    return [
        name if until - now > _FOREVER else f"{name} timeout {math.ceil(until - now)}s"
        for name, until in wanted
        if until > now
    ]


def _elements(verb: str, table: str, name: str, elements: Sequence[str]) -> list[str]:
    return [f"{verb} element {table} {name} {{ {', '.join(elements)} }}\n"] if elements else []
