"""Network addresses as integers: what the guard counts by.

An IPv4 source counts as its /32, an IPv6 source as its /64 (RIPE-690: a site gets at least a /64); an IPv4-mapped
IPv6 address is IPv4. Not here: DNS names, ports, mail addresses (see `mailaddr`).
"""

from __future__ import annotations

import socket
from functools import lru_cache

import msgspec

_BITS = {4: 32, 6: 128}
_MAPPED = 0xFFFF << 32  # ::ffff:0:0/96


class BadAddress(ValueError):
    """The text is not an IP address or network."""


class Network(msgspec.Struct, frozen=True, order=True):
    """A prefix: `value` is the whole address as an integer with its host bits zero, `length` the prefix length in bits."""

    version: int
    value: int
    length: int

    def contains(self, other: Address | Network) -> bool:
        """Whether `other` (an address or a smaller network) lies within this one."""
        if self.version != other.version or (isinstance(other, Network) and other.length < self.length):
            return False
        shift = _BITS[self.version] - self.length
        return (other.value >> shift) == (self.value >> shift)

    def parent(self, length: int) -> Network:
        """The enclosing network of `length` bits. Raises ValueError if that is longer than this one."""
        if length > self.length:
            raise ValueError(f"/{length} does not enclose /{self.length}")
        shift = _BITS[self.version] - length
        return Network(self.version, (self.value >> shift) << shift, length)

    @property
    def single(self) -> bool:
        """Whether it is one address only."""
        return self.length == _BITS[self.version]

    def __str__(self) -> str:
        text = str(Address(self.version, self.value))
        return text if self.single else f"{text}/{self.length}"


class Address(msgspec.Struct, frozen=True, order=True):
    """One IP address: `version` 4 or 6, `value` as an integer in network order."""

    version: int
    value: int

    @property
    def source(self) -> Network:
        """The network that counts as one source: IPv4 /32, IPv6 /64."""
        if self.version == 4:
            return Network(4, self.value, 32)
        return Network(6, (self.value >> 64) << 64, 64)

    @property
    def loopback(self) -> bool:
        """127.0.0.0/8 or ::1."""
        return (self.value >> 24) == 127 if self.version == 4 else self.value == 1

    @property
    def private(self) -> bool:
        """Loopback, RFC 1918, RFC 6598, RFC 4193 or link-local: an address that no stranger on the Internet has."""
        return self.loopback or any(network.contains(self) for network in _PRIVATE)

    def network(self, length: int) -> Network:
        """The network of `length` bits around this address."""
        shift = _BITS[self.version] - length
        return Network(self.version, (self.value >> shift) << shift, length)

    def __str__(self) -> str:
        if self.version == 4:
            return socket.inet_ntop(socket.AF_INET, self.value.to_bytes(4, "big"))
        return socket.inet_ntop(socket.AF_INET6, self.value.to_bytes(16, "big"))


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address:
    """Read an IP address; a zone index (`%eth0`) is dropped, an IPv4-mapped address becomes IPv4. Raises BadAddress."""
    try:
        if ":" not in text:
            return Address(4, int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big"))
        value = int.from_bytes(socket.inet_pton(socket.AF_INET6, text.partition("%")[0]), "big")
    except (OSError, ValueError) as error:
        raise BadAddress(f"not an IP address: {text!r}") from error
    if value >> 32 == _MAPPED >> 32:
        return Address(4, value & 0xFFFFFFFF)
    return Address(6, value)


def parse_network(text: str) -> Network:
    """Read `ADDRESS` or `ADDRESS/LENGTH`. Host bits may be set; they are dropped. Raises BadAddress."""
    host, slash, digits = text.strip().partition("/")
    address = parse_address(host)
    bits = _BITS[address.version]
    if not slash:
        return Network(address.version, address.value, bits)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 3 and int(digits) <= bits):
        raise BadAddress(f"not a network: {text!r} (the prefix length is 0 to {bits})")
    return address.network(int(digits))


_PRIVATE = tuple(
    parse_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
