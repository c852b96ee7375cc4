"""The PROXY protocol, versions 1 and 2 (HAProxy's specification), as a receiver: one header, read octet-exact.

The reader says how many octets it may be given next (`wants`), so that the socket is never read past the header's end:
what follows belongs to TLS or to the protocol. Anything but a well-formed header is BadHeader: the connection is closed
(specification §2: "the receiver must not try to guess").
"""

from __future__ import annotations

import re

import msgspec

from gatepost.model.address import Address, BadAddress, parse_address

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
MAX_V1 = 107
MAX_V2 = 16 + 4096
_PORT = re.compile(rb"[0-9]{1,5}")
_PP2_SSL = 0x20
_PP2_CLIENT_SSL = 0x01


class BadHeader(Exception):
    """Not a PROXY header, or one that is longer than is taken here."""


class ProxyHeader(msgspec.Struct, frozen=True):
    """`client` None: the proxy speaks for itself (LOCAL, UNKNOWN): the connection's own addresses count.
    `tls`: the proxy says that the client came over TLS (version 2's PP2_TYPE_SSL)."""

    client: Address | None = None
    client_port: int = 0
    local: Address | None = None
    local_port: int = 0
    tls: bool = False


class ProxyReader:
    """Feed exactly `wants` octets at most at a time until a header comes back."""

    def __init__(self) -> None:
        self._held = b""
        self.wants = len(SIGNATURE)

    def feed(self, octets: bytes) -> ProxyHeader | None:
        """The header once it is complete. Raises BadHeader."""
        self._held += octets
        held = self._held
        if held.startswith(SIGNATURE):
            return self._version_2()
        if SIGNATURE.startswith(held):
            self.wants = len(SIGNATURE) - len(held)
            return None
        if held.startswith(b"PROXY ") or b"PROXY ".startswith(held):
            return self._version_1()
        raise BadHeader("neither version's signature")

    def _version_1(self) -> ProxyHeader | None:
        if self._held.endswith(b"\r\n"):
            return _read_v1(self._held[:-2])
        if len(self._held) >= MAX_V1:
            raise BadHeader("no CRLF within 107 octets")
        self.wants = 12 - len(self._held) if len(self._held) < 12 else 1
        return None

    def _version_2(self) -> ProxyHeader | None:
        if len(self._held) < 16:
            self.wants = 16 - len(self._held)
            return None
        total = 16 + int.from_bytes(self._held[14:16], "big")
        if total > MAX_V2:
            raise BadHeader("longer than 4,112 octets")
        if len(self._held) < total:
            self.wants = total - len(self._held)
            return None
        return _read_v2(self._held)


def _read_v1(line: bytes) -> ProxyHeader:
    fields = line.split(b" ")
    if len(fields) >= 2 and fields[1] == b"UNKNOWN":
        return ProxyHeader()
    if len(fields) != 6 or fields[1] not in (b"TCP4", b"TCP6"):
        raise BadHeader("version 1 line")
    try:
        client, local = (parse_address(field.decode("ascii")) for field in fields[2:4])
    except (BadAddress, UnicodeDecodeError) as error:
        raise BadHeader("address") from error
    if fields[1] == b"TCP4" and (b":" in fields[2] or b":" in fields[3]):
        raise BadHeader("address family")
    if not all(_PORT.fullmatch(field) and int(field) <= 65535 for field in fields[4:6]):
        raise BadHeader("port")
    return ProxyHeader(client, int(fields[4]), local, int(fields[5]))


def _read_v2(held: bytes) -> ProxyHeader:
    if held[12] >> 4 != 2:
        raise BadHeader("version")
    command, family, body = held[12] & 15, held[13], held[16:]
    if command == 0:  # LOCAL: health checks of the proxy itself
        return ProxyHeader()
    if command != 1:
        raise BadHeader("command")
    width = {0x11: 4, 0x21: 16}.get(family)
    if width is None:  # UNSPEC, UDP or Unix sockets: no address that could count
        return ProxyHeader()
    if len(body) < 2 * width + 4:
        raise BadHeader("address block")
    client, local = (_packed(body[i * width : (i + 1) * width]) for i in (0, 1))
    ports = body[2 * width : 2 * width + 4]
    tls = _came_over_tls(body[2 * width + 4 :])
    return ProxyHeader(client, int.from_bytes(ports[:2], "big"), local, int.from_bytes(ports[2:], "big"), tls)


def _packed(octets: bytes) -> Address:
    value = int.from_bytes(octets, "big")
    if len(octets) == 16 and value >> 32 == 0xFFFF:
        return Address(4, value & 0xFFFFFFFF)
    return Address(4 if len(octets) == 4 else 6, value)


def _came_over_tls(tlvs: bytes) -> bool:
    at = 0
    while at + 3 <= len(tlvs):
        size = int.from_bytes(tlvs[at + 1 : at + 3], "big")
        if tlvs[at] == _PP2_SSL and size >= 5:
            return bool(tlvs[at + 3] & _PP2_CLIENT_SSL)
        at += 3 + size
    return False
