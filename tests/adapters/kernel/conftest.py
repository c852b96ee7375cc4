"""The kernel drop on loopback sockets; skipped with the reason where bpf(2) is refused."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest
from kernel_peers import listening

from gatepost.adapters.kernel.drop import KernelDrop, KernelDropUnavailable

Attach = Callable[..., KernelDrop]


@pytest.fixture
def attach() -> Iterator[Attach]:
    """`KernelDrop.attach`, closed at the end."""
    with contextlib.ExitStack() as stack:

        def made(*listeners: socket.socket, **options: object) -> KernelDrop:
            try:
                drop = KernelDrop.attach(listeners, **options)  # type: ignore[arg-type]
            except KernelDropUnavailable as error:
                pytest.skip(f"no kernel drop here: {error}")
            stack.callback(drop.close)
            return drop

        yield made


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Hears IPv6 and IPv4."""
    with listening(socket.AF_INET6, "::") as sock:
        yield sock


@pytest.fixture
def plain_listener() -> Iterator[socket.socket]:
    """Hears 127.0.0.1 only."""
    with listening(socket.AF_INET, "127.0.0.1") as sock:
        yield sock
