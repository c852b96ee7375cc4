"""Who is never banned (law 9): the allow list beats every ban; this host and trusted proxies are never banned.

An allowed source is neither limited nor counted. A protected one (`never_ban`) is counted and refused past its limits,
but never banned; a drill may expose a protected network for a while.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gatepost.guard.prefixes import PrefixMap, network_key
from gatepost.model.address import Address, Network, parse_network


class CannotBan(ValueError):
    """The network is allowed, protected or this host's own; the text says which."""


class Allowed(msgspec.Struct, frozen=True):
    """One entry of the allow list; `configured` ones can only be removed from the configuration."""

    network: Network
    note: str = ""
    configured: bool = False


class Exemptions:
    """The allow list, `never_ban`, and what a drill has exposed."""

    def __init__(self, never_ban: Iterable[str], allow: Iterable[str]) -> None:
        """Raises BadAddress for what is no network."""
        self._never: PrefixMap[Network] = PrefixMap()
        self._allow: PrefixMap[Allowed] = PrefixMap()
        self._exposed: PrefixMap[Network] = PrefixMap()
        self.dirty: set[int] = set()
        for network in map(parse_network, never_ban):
            self._never.put(network_key(network), network)
        for network in map(parse_network, allow):
            self._allow.put(network_key(network), Allowed(network, "configuration", configured=True))

    def protect(self, networks: Iterable[Network]) -> None:
        """More networks that are never banned."""
        for network in networks:
            self._never.put(network_key(network), network)

    def allowed(self, address: Address) -> Allowed | None:
        """The allow list's entry around `address`."""
        return self._allow.find(address) if self._allow.entries else None

    def protected(self, address: Address) -> Network | None:
        """The network of `never_ban` around `address`, unless a drill has exposed it."""
        found = self._never.find(address)
        return None if found is not None and self._exposed.find(address) is not None else found

    def exempt(self, address: Address) -> bool:
        """Whether no ban counts for `address`."""
        return self.allowed(address) is not None or self.protected(address) is not None

    def check(self, network: Network) -> None:
        """Raises CannotBan where the whole of `network` is exempt."""
        for allowed in self._allow.around(network):
            raise CannotBan(f"{network} is on the allow list ({allowed.network}: {allowed.note or 'no note'})")
        for never in self._never.around(network):
            if not any(True for _ in self._exposed.around(network)):
                raise CannotBan(f"{network} is never banned ({never} in never_ban: this host, its proxies)")

    def allow(self, network: Network, note: str) -> None:
        """Adds to the allow list, for good."""
        key = network_key(network)
        known = self._allow.entries.get(key)
        self._allow.put(key, Allowed(network, note, configured=known is not None and known.configured))
        self.dirty.add(key)

    def restore(self, network: Network, note: str) -> None:
        """Puts back what `changes` gave; the configuration's own entries stay."""
        key = network_key(network)
        if key not in self._allow.entries:
            self._allow.put(key, Allowed(network, note))

    def disallow(self, network: Network) -> bool:
        """Removes from the allow list; False if it was not there or stands in the configuration."""
        key = network_key(network)
        known = self._allow.entries.get(key)
        if known is None or known.configured:
            return False
        self._allow.pop(key)
        self.dirty.add(key)
        return True

    def listed(self) -> list[Allowed]:
        """The allow list, by network."""
        return sorted(self._allow.entries.values(), key=lambda entry: entry.network)

    def expose(self, networks: Iterable[Network]) -> None:
        """For a drill: these are bannable although `never_ban` covers them."""
        for network in networks:
            self._exposed.put(network_key(network), network)

    def unexpose(self, networks: Iterable[Network]) -> None:
        """The drill is over."""
        for network in networks:
            self._exposed.pop(network_key(network))

    def changes(self) -> list[tuple[int, str | None]]:
        """(network's key, note or None) of what changed since the last call."""
        dirty, self.dirty = self.dirty, set()
        entries = self._allow.entries
        return [(key, entries[key].note if key in entries else None) for key in dirty]
