"""Peers and listeners on loopback for the kernel drop's tests."""

from __future__ import annotations

import socket


def listening(family: socket.AddressFamily, host: str) -> socket.socket:
    """On a port of the kernel's choosing; `::` hears IPv4 too."""
    sock = socket.socket(family)
    if family is socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
    sock.bind((host, 0))
    sock.listen(16)
    return sock


def connected(listener: socket.socket, source: str, target: str | None = None) -> tuple[socket.socket, socket.socket]:
    """(the peer's end, ours), each with a timeout. Raises TimeoutError where the SYN gets no answer."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    target = target or ("::1" if family is socket.AF_INET6 else "127.0.0.1")
    peer = socket.socket(family)
    try:
        peer.bind((source, 0))
        peer.settimeout(0.3)
        peer.connect((target, listener.getsockname()[1]))
        ours, _ = listener.accept()
        ours.settimeout(0.3)
    except BaseException:
        peer.close()
        raise
    return peer, ours


def hears(listener: socket.socket, source: str) -> bool:
    """Whether a peer at `source` gets a connection."""
    try:
        peer, ours = connected(listener, source)
    except TimeoutError:
        return False
    peer.close()
    ours.close()
    return True


def arrives(peer: socket.socket, ours: socket.socket) -> bool:
    """Whether what the peer sends comes through."""
    peer.sendall(b"x")
    try:
        return ours.recv(1) == b"x"
    except TimeoutError:
        return False
