"""This host's own addresses, which are never banned (law 9): a webmail on the same machine may come from any of them.

Read from Linux's tables at start; elsewhere, or where they can't be read, there are none. Loopback is not among them: the
option `never_ban` decides about it.
"""

from __future__ import annotations

import re
from pathlib import Path

from gatepost.model.address import Address, Network, parse_address

_LOCAL = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL")
_IF_INET6 = re.compile(r"^([0-9a-f]{32}) ", re.MULTILINE)


def own_addresses(proc: Path = Path("/proc/net")) -> tuple[Network, ...]:
    """Each as a network of one address, sorted."""
    found = {parse_address(text) for text in _LOCAL.findall(_read(proc / "fib_trie"))}
    found |= {Address(6, int(digits, 16)) for digits in _IF_INET6.findall(_read(proc / "if_inet6"))}
    return tuple(
        sorted(address.network(32 if address.version == 4 else 128) for address in found if not address.loopback)
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
