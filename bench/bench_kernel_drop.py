"""What a banned peer costs: dropped by the kernel, or accepted and reset by this process. And what the bans cost.

    python bench/bench_kernel_drop.py [--attempts 100000] [--bans 1000000]

needs root (CAP_BPF) and Linux; without, it says so and ends. Attempts come from a child process on loopback, which
opens them without waiting, some at a time. On loopback the kernel answers a SYN on the sender's account: what it does
for a dropped packet is in the child's column, as it would be in no process's account on a real network.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import random
import resource
import select
import socket
import struct
import sys
import time
from multiprocessing.connection import Connection

from gatepost.adapters.kernel.drop import KernelDrop, KernelDropUnavailable
from gatepost.model.address import Network, parse_address, parse_network

BANNED, OTHER = "127.0.0.2", "127.0.0.3"
_RESET = struct.pack("ii", 1, 0)
_NO_PORT_YET = 24  # IP_BIND_ADDRESS_NO_PORT: ports are chosen at connect, so that they don't run out
_AT_ONCE = 128
_PATIENCE = 120.0


def main() -> int:
    """Prints the tables; exit status 1 where there is no kernel drop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--attempts", type=int, default=100_000)
    parser.add_argument("--bans", type=int, default=1_000_000)
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        try:
            drop = KernelDrop.attach([listener], capacity=options.bans + 100_000)
        except KernelDropUnavailable as error:
            print(f"no kernel drop here: {error}")
            return 1
        with contextlib.closing(drop):
            print_bans(drop, options.bans)
            print()
            print_attempts(drop, listener, options.attempts)
    return 0


# -- the bans --------------------------------------------------------------------------------------------------------------
def print_bans(drop: KernelDrop, count: int) -> None:
    """How long it takes to tell the kernel."""
    draw = random.Random(1)  # the same bans each time
    scattered = [Network(4, value, 32) for value in draw.sample(range(0x0B000000, 0x7F000000), count)]
    single = [Network(4, value, 32) for value in draw.sample(range(0x80000000, 0xDF000000), 50_000)]
    print(f"{'bans':<44}{'seconds':>10}{'CPU s':>10}{'a second':>12}")
    for name, networks, action in (
        (f"load {count:,} at once, in any order", scattered, drop.load),
        (f"ban {len(single):,}, one by one", single, lambda networks: [drop.ban(each) for each in networks]),
        (f"lift {len(single):,}, one by one", single, lambda networks: [drop.lift(each) for each in networks]),
    ):
        began, cpu = time.perf_counter(), time.process_time()
        action(networks)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(f"{name:<44}{took:>10.2f}{cpu:>10.2f}{len(networks) / took:>12,.0f}")
    assert drop.working
    assert not drop.left_out


# -- the attempts ------------------------------------------------------------------------------------------------------------
def print_attempts(drop: KernelDrop, listener: socket.socket, count: int) -> None:
    """Processor time that refusing takes, each way."""
    drop.ban(parse_network(BANNED))
    print(
        f"{f'{count:,} attempts':<34}{'answered':>10}{'seconds':>9}{'listener CPU s':>16}{'us each':>9}{'sender CPU s':>14}"
    )
    for name, source in (("dropped by the kernel", BANNED), ("accepted and reset", OTHER)):
        refused, took, ours, theirs = attempts(listener, source, count)
        print(f"{name:<34}{refused:>10,}{took:>9.2f}{ours:>16.2f}{ours / count * 1e6:>9.2f}{theirs:>14.2f}")


def attempts(listener: socket.socket, source: str, count: int) -> tuple[int, float, float, float]:
    """(connections that reached us, seconds, processor seconds of this process, of the sender)."""
    here, there = multiprocessing.Pipe()
    target = listener.getsockname()
    child = multiprocessing.get_context("fork").Process(target=attack, args=(there, target, source, count))
    child.start()
    began, before = time.perf_counter(), spent()
    refused = refuse(listener, here)
    ours, took = spent() - before, time.perf_counter() - began
    theirs: float = here.recv()
    child.join(_PATIENCE)
    return refused, took, ours, theirs


def refuse(listener: socket.socket, done: Connection) -> int:
    """The acceptor's way: raw accept, the address read, a reset; until the sender is done."""
    listener.setblocking(False)
    refused = 0
    ready = select.poll()
    ready.register(listener, select.POLLIN)
    ready.register(done, select.POLLIN)
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        events = dict(ready.poll(1000))
        while listener.fileno() in events:
            try:
                sock, name = listener.accept()
            except BlockingIOError:
                break
            parse_address(name[0])
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            sock.close()
            refused += 1
        if done.fileno() in events and listener.fileno() not in events:
            break
    return refused


def spent() -> float:
    """Processor seconds of this process, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def attack(done: Connection, target: tuple[str, int], source: str, count: int) -> None:
    """The child: connections opened without waiting; where the first are answered, the answer is awaited each time."""
    before, left, answered = spent(), count, True
    while left:
        peers = []
        for _ in range(min(_AT_ONCE, left)):
            peer = socket.socket()
            peer.setblocking(False)
            peer.setsockopt(socket.IPPROTO_IP, _NO_PORT_YET, 1)
            peer.bind((source, 0))
            peer.connect_ex(target)
            peers.append(peer)
        left -= len(peers)
        if answered:
            answered = await_resets(peers)
        for peer in peers:
            peer.close()
    done.send(spent() - before)


def await_resets(peers: list[socket.socket]) -> bool:
    """Waits until all are reset, half a second at most; whether any was."""
    ready = select.poll()
    for peer in peers:
        ready.register(peer, select.POLLIN)
    waiting, ends = len(peers), time.monotonic() + 0.5
    while waiting and time.monotonic() < ends:
        for number, _ in ready.poll(100):
            ready.unregister(number)
            waiting -= 1
    return waiting < len(peers)


if __name__ == "__main__":
    sys.exit(main())
