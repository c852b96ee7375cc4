"""The PROXY reader: octet-exact, both versions, against another implementation, and for any input."""

from __future__ import annotations

import ipaddress
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxyprotocol.result import ProxyResultIPv4, ProxyResultIPv6
from proxyprotocol.v1 import ProxyProtocolV1
from proxyprotocol.v2 import ProxyProtocolV2

from gatepost.proto.proxy import SIGNATURE, BadHeader, ProxyHeader, ProxyReader


def read(octets: bytes, piece: int = 1 << 20) -> tuple[ProxyHeader | None, bytes]:
    """What the reader makes of a stream, taking no more than it wants and `piece` at most; and what it left."""
    reader = ProxyReader()
    while octets:
        take = min(reader.wants, piece)
        header = reader.feed(octets[:take])
        octets = octets[take:]
        if header is not None:
            return header, octets
    return None, b""


RESULTS = [
    ProxyResultIPv4(
        (ipaddress.IPv4Address("198.51.100.7"), 40000),
        (ipaddress.IPv4Address("192.0.2.1"), 993),
        protocol=socket.SOCK_STREAM,
    ),
    ProxyResultIPv6(
        (ipaddress.IPv6Address("2001:db8::7"), 1),
        (ipaddress.IPv6Address("2001:db8::1"), 65535),
        protocol=socket.SOCK_STREAM,
    ),
]


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64, 1 << 20])
@pytest.mark.parametrize("version", [ProxyProtocolV1(), ProxyProtocolV2()])
@pytest.mark.parametrize("result", RESULTS)
def test_reads_what_another_implementation_writes(version: object, result: object, piece: int) -> None:
    octets = version.pack(result)  # type: ignore[attr-defined]
    header, rest = read(octets + b"\x16\x03\x01 hello", piece)
    assert header is not None
    assert (str(header.client), header.client_port) == (str(result.source[0]), result.source[1])  # type: ignore[attr-defined]
    assert (str(header.local), header.local_port) == (str(result.dest[0]), result.dest[1])  # type: ignore[attr-defined]
    assert rest == b"\x16\x03\x01 hello"


def test_a_mapped_address_is_ipv4() -> None:
    block = socket.inet_pton(socket.AF_INET6, "::ffff:198.51.100.7") + bytes(16) + struct.pack("!HH", 1, 2)
    header, _ = read(SIGNATURE + b"\x21\x21" + struct.pack("!H", len(block)) + block)
    assert header is not None
    assert str(header.client) == "198.51.100.7"
    header, _ = read(b"PROXY TCP6 ::ffff:198.51.100.7 ::1 1 2\r\n")
    assert header is not None
    assert str(header.client) == "198.51.100.7"


@pytest.mark.parametrize(
    "octets", [b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", SIGNATURE + b"\x20\x00\x00\x00"]
)
def test_the_proxy_speaking_for_itself(octets: bytes) -> None:
    header, rest = read(octets + b"next")
    assert header == ProxyHeader()
    assert rest == b"next"


def test_tls_at_the_proxy_is_told() -> None:
    addresses = bytes(8) + struct.pack("!HH", 1, 2)
    tlv = b"\x20" + struct.pack("!H", 5) + b"\x01\x00\x00\x00\x00"
    header, _ = read(SIGNATURE + b"\x21\x11" + struct.pack("!H", len(addresses + tlv)) + addresses + tlv)
    assert header is not None
    assert header.tls


@pytest.mark.parametrize(
    "octets",
    [
        b"EHLO stranger\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
        b"PROXY TCP4 ::1 ::1 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 70000\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
        b"PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n",
        b"PROXY " + b"A" * 200,
        SIGNATURE + b"\x11\x11\x00\x0c" + bytes(12),
        SIGNATURE + b"\x21\x11\x00\x04" + bytes(4),
        SIGNATURE + b"\x21\x11\xff\xff",
    ],
)
def test_anything_else_is_refused(octets: bytes) -> None:
    with pytest.raises(BadHeader):
        read(octets)


@given(st.binary(max_size=300), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11"]))
def test_no_input_does_more_than_be_refused(octets: bytes, prefix: bytes) -> None:
    try:
        whole: object = read(prefix + octets)
    except BadHeader:
        whole = None
    try:
        cut: object = read(prefix + octets, 1)
    except BadHeader:
        cut = None
    assert whole == cut
