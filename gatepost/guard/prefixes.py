"""Networks as integers, and maps from networks that find the one around an address.

A key packs a prefix into one integer: the prefix's bits, then its length (8 bits), then 1 for IPv6. It hashes fast,
sorts by nothing in particular, and can be read back. Lookups try each prefix length in use, longest first: one
dictionary look-up each, so that adding and removing cost the same at a million entries as at ten.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from gatepost.model.address import Address, Network

V = TypeVar("V")


def source_key(address: Address) -> int:
    """The key of the network that counts as one source: IPv4 /32, IPv6 /64."""
    if address.version == 4:
        return address.value << 9 | 64
    return (address.value >> 64) << 9 | 129


def address_key(address: Address, length: int) -> int:
    """The key of the network of `length` bits around `address`."""
    if address.version == 4:
        return (address.value >> (32 - length)) << 9 | length << 1
    return (address.value >> (128 - length)) << 9 | length << 1 | 1


def network_key(network: Network) -> int:
    """The key of any network."""
    return address_key(Address(network.version, network.value), network.length)


def is_key(key: int) -> bool:
    """Whether a number is a network's key."""
    length = key >> 1 & 0xFF
    return length <= (128 if key & 1 else 32) and not key >> 9 + length


def network_of(key: int) -> Network:
    """The network that a key stands for."""
    length = key >> 1 & 0xFF
    if key & 1:
        return Network(6, (key >> 9) << (128 - length), length)
    return Network(4, (key >> 9) << (32 - length), length)


class PrefixMap(Generic[V]):
    """Values by network."""

    __slots__ = ("_counts", "_lengths", "entries")

    def __init__(self) -> None:
        self.entries: dict[int, V] = {}
        self._counts: dict[int, int] = {}  # (length << 1 | v6) -> entries of that length
        self._lengths: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())  # v4, v6; longest first

    def __len__(self) -> int:
        return len(self.entries)

    def put(self, key: int, value: V) -> None:
        """Adds or replaces."""
        if key not in self.entries:
            kind = key & 0x1FF
            self._counts[kind] = self._counts.get(kind, 0) + 1
            if self._counts[kind] == 1:
                self._index()
        self.entries[key] = value

    def pop(self, key: int) -> V | None:
        """Removes; None if it was not there."""
        value = self.entries.pop(key, None)
        if value is not None:
            kind = key & 0x1FF
            self._counts[kind] -= 1
            if not self._counts[kind]:
                del self._counts[kind]
                self._index()
        return value

    def _index(self) -> None:
        ordered = sorted(self._counts, reverse=True)
        self._lengths = (tuple(k >> 1 for k in ordered if not k & 1), tuple(k >> 1 for k in ordered if k & 1))

    def find(self, address: Address) -> V | None:
        """The value of the longest prefix around `address`."""
        entries, value = self.entries, address.value
        if address.version == 4:
            for length in self._lengths[0]:
                found = entries.get((value >> (32 - length)) << 9 | length << 1)
                if found is not None:
                    return found
            return None
        for length in self._lengths[1]:
            found = entries.get((value >> (128 - length)) << 9 | length << 1 | 1)
            if found is not None:
                return found
        return None

    def keys_around(self, network: Network) -> Iterator[int]:
        """Keys of every network that contains `network` (itself too), longest first."""
        address = Address(network.version, network.value)
        for length in self._lengths[0 if network.version == 4 else 1]:
            if length <= network.length and (key := address_key(address, length)) in self.entries:
                yield key

    def around(self, network: Network) -> Iterator[V]:
        """Their values."""
        return (self.entries[key] for key in self.keys_around(network))

    def within(self, network: Network) -> list[int]:
        """Keys of every network that lies in `network` (itself too)."""
        if (key := network_key(network)) in self.entries and len(self.entries) == 1:
            return [key]
        return [key for key in self.entries if network.contains(network_of(key))]
