"""Tells the service manager how we are, if there is one (sd_notify(3)): a datagram to the socket it named."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Sends e.g. `READY=1` or `STOPPING=1`; does nothing without NOTIFY_SOCKET, never raises."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name or name[0] not in "/@":
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.connect("\0" + name[1:] if name[0] == "@" else name)
            sock.sendall(state.encode())
    except OSError:
        return
