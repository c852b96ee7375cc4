"""What refusing a banned peer costs the server's process, against the least it could cost: a loop that accepts and resets.

Aim: at most 1.3 times the raw loop's CPU. Both are attacked by the same client, in turn, several times.
"""

from __future__ import annotations

import os
import selectors
import socket
import statistics
import struct
import sys

from measuring import cpu_seconds, server, table

ATTEMPTS = 20_000
ROUNDS = 3
SOURCE = "127.0.30.1"
RESET = struct.pack("ii", 1, 0)


def attempts(port: int, count: int, together: int = 64) -> None:
    """Connects `count` times, `together` at once; every connection is reset by the server."""
    selector = selectors.DefaultSelector()
    begun = ended = 0
    while ended < count:
        while begun < count and begun - ended < together:
            sock = socket.socket()
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            sock.bind((SOURCE, 0))
            sock.connect_ex(("127.0.0.1", port))
            selector.register(sock, selectors.EVENT_READ)
            begun += 1
        for key, _ in selector.select(5):
            selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]
            ended += 1


def raw_loop(listening: socket.socket) -> None:
    """Accepts and resets, for ever, as little as can be done."""
    selector = selectors.DefaultSelector()
    listening.setblocking(False)
    selector.register(listening, selectors.EVENT_READ)
    while True:
        selector.select()
        for _ in range(128):
            try:
                sock, _ = listening.accept()
            except BlockingIOError:
                break
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            sock.close()


def cost(pid: int, port: int) -> float:
    """CPU microseconds a refusal."""
    before = cpu_seconds(pid)
    attempts(port, ATTEMPTS)
    return (cpu_seconds(pid) - before) / ATTEMPTS * 1e6


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    raw_port = listening.getsockname()[1]
    child = os.fork()
    if child == 0:
        try:
            raw_loop(listening)
        finally:
            os._exit(0)
    try:
        with server() as running:
            running.command("ban", "add", SOURCE, "--for", "1h")
            # the acceptor's own refusal is measured here; bench_kernel_drop.py measures the kernel's
            raw, ours = [], []
            attempts(raw_port, 2000)
            for _ in range(ROUNDS):
                raw.append(cost(child, raw_port))
                ours.append(cost(running.pid, running.ports["imap"]))
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    ratios = [a / b for a, b in zip(ours, raw, strict=True)]
    rows = [
        (name, f"{statistics.median(values):.1f}", f"{1e6 / statistics.median(values):,.0f}")
        for name, values in (("raw accept and reset", raw), ("Gatepost, banned peer", ours))
    ]
    table(
        f"Refusing a banned peer ({ATTEMPTS:,} attempts, median of {ROUNDS})",
        ("", "CPU us each", "each CPU second"),
        rows,
    )
    print(f"  ratio, median: {statistics.median(ratios):.2f} (aim: at most 1.3)")


if __name__ == "__main__":
    sys.exit(main())
