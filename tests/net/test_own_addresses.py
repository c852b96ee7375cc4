"""The host's own addresses from the kernel's tables."""

from __future__ import annotations

import socket
from pathlib import Path

from gatepost.model.address import parse_address
from gatepost.net.own import own_addresses

FIB = """Main:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
     +-- 192.0.2.0/24 2 0 2
           |-- 192.0.2.2
              /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
"""
INET6 = "fd000000000000000000000000000002 04 40 00 82     eth0\n00000000000000000000000000000001 01 80 10 80       lo\n"


def test_tables_are_read(tmp_path: Path) -> None:
    (tmp_path / "fib_trie").write_text(FIB)
    (tmp_path / "if_inet6").write_text(INET6)
    assert [str(network) for network in own_addresses(tmp_path)] == ["192.0.2.2", "fd00::2"]
    assert own_addresses(tmp_path / "missing") == ()


def test_this_host_has_itself() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # nothing is sent: the kernel chooses the address it would use
        except OSError:
            return
        mine = parse_address(sock.getsockname()[0])
    assert mine.loopback or any(network.contains(mine) for network in own_addresses())
