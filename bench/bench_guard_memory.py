"""The guard with a million sources and a million bans: memory, the cost of a decision, and how long a start takes.

The floor is what Python itself asks for: a dict of as many `int` keys, each with one object of as many `__slots__`, of which
two are floats of its own (how many points, as of when). Aims: 15 us for a decision (admit, reserve and settle), 3 s to load
a million bans.

    python bench/bench_guard_memory.py [--count 1000000] [--profile]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import os
import pstats
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from measuring import percentile, resident_kib, table

from gatepost.adapters.kernel.drop import KernelDrop, KernelDropUnavailable
from gatepost.adapters.sqlite import SqliteGuardStore
from gatepost.guard.engine import Guard
from gatepost.guard.fingerprints import Fingerprints
from gatepost.guard.options import FullOptions, GuardOptions
from gatepost.guard.sources import Source
from gatepost.guard.verdicts import Attempt, Outcome, Tags, Ticket
from gatepost.model.account import AccountId, Login
from gatepost.model.address import Address, Network
from gatepost.model.units import Rate

KEY = b"k" * 32
LOGINS = [Login(f"user{n}@example.org", AccountId(f"u{n}")) for n in range(1000)]
SAMPLES = 20_000
NOW = 1e9


def options(count: int, policy: str = "simple") -> GuardOptions:
    """Room for `count` of each (0: as it is by default), and accounts that never close."""
    many = count + count // 10
    tables = {"max_sources": many, "max_networks": 2 * many, "max_bans": many} if count else {}
    return GuardOptions(
        policy=policy,  # type: ignore[arg-type]
        **tables,
        account_limit=Rate(10**9, 86400.0),
        full=FullOptions(total=Rate(10**9, 86400.0)),
        never_ban=(),
    )


def source(number: int) -> Address:
    """Scattered over all of IPv4, each number another one."""
    return Address(4, number * 2_654_435_761 & 0xFFFFFFFF)


def attempts(first: int, count: int, prints: Fingerprints) -> Iterator[Attempt]:
    """One of each source, each with a password of its own."""
    for number in range(first, first + count):
        login = LOGINS[number % len(LOGINS)]
        tags: Tags = prints.tags(login.key, b"p%d" % number)
        yield Attempt(source(number), login, "imap", "PLAIN", "", tags)


def fill(guard: Guard, count: int, prints: Fingerprints) -> None:
    """One wrong password from each of `count` sources."""
    for number, attempt in enumerate(attempts(0, count, prints)):
        now = NOW + number * 0.001
        ticket = guard.reserve(attempt, now)
        if isinstance(ticket, Ticket):
            guard.settle(ticket, Outcome.WRONG, now, attempt.tags)
        if number % 5000 == 0:
            guard.tick(now)
            guard.changed()


# -- memory -----------------------------------------------------------------------------------------------------------------
def slots_of(kind: type) -> int:
    """All the slots of an object."""
    return sum(len(getattr(each, "__slots__", ())) for each in kind.__mro__)


def floor(count: int) -> float:
    """Octets for each of `count` objects in a dict, with as many slots as a Source has."""
    names = tuple(f"slot{n}" for n in range(slots_of(Source)))
    kind = type("Plain", (), {"__slots__": names})
    before, kept = resident_kib(os.getpid()), {}
    for number in range(count):
        each = kind()
        for name in names:
            setattr(each, name, None)
        each.slot0, each.slot1 = number * 0.5, number * 0.25  # type: ignore[attr-defined]
        kept[number << 40] = each
    return (resident_kib(os.getpid()) - before) * 1024 / len(kept)


# -- decisions --------------------------------------------------------------------------------------------------------------
def decisions(
    name: str, policy: str, room: int, count: int, profiled: bool
) -> tuple[float, int, list[tuple[str, ...]]]:
    """Octets for each source, how many are held, and the cost of each step with so many; what the collector adds."""
    guard, prints = Guard(options(room, policy), KEY), Fingerprints(KEY, KEY)
    before = resident_kib(os.getpid())
    fill(guard, count, prints)
    guard.changed()
    held = len(guard._state.sources.entries)
    octets = (resident_kib(os.getpid()) - before) * 1024 / held
    gc.collect()
    rows = []
    now = NOW + count * 0.001
    cases = (
        ("known sources", list(attempts(0, SAMPLES, prints))),
        ("new ones", list(attempts(count, SAMPLES, prints))),
    )
    profile = cProfile.Profile()
    for which, cases_ in cases:
        if profiled:
            profile.enable()
        rows.append(row(f"{name}: {which}", *steps(guard, cases_, now)))
        profile.disable()
        now += 1.0
    if profiled:
        pstats.Stats(profile).sort_stats("tottime").print_stats(16)
    began = time.perf_counter()
    guard.tick(now)
    ticked = time.perf_counter() - began
    began = time.perf_counter()
    changed = len(guard.changed())
    print(
        f"  {name}: a tick takes {ticked * 1e3:.1f} ms; taking {changed:,} changes for the store "
        f"{(time.perf_counter() - began) * 1e3:.0f} ms"
    )
    began = time.perf_counter()
    gc.collect()
    print(f"  {name}: a full garbage collection takes {(time.perf_counter() - began) * 1e3:.0f} ms")
    return octets, held, rows


def steps(guard: Guard, cases: list[Attempt], now: float) -> tuple[list[float], list[float], list[float]]:
    """Microseconds that each admit, reserve and settle took."""
    admitted, reserved, settled = [], [], []
    clock = time.perf_counter_ns
    for attempt in cases:
        began = clock()
        guard.admit(attempt.source, now)
        first = clock()
        ticket = guard.reserve(attempt, now)
        second = clock()
        if isinstance(ticket, Ticket):
            guard.settle(ticket, Outcome.WRONG, now, attempt.tags)
        ended = clock()
        admitted.append((first - began) / 1e3)
        reserved.append((second - first) / 1e3)
        settled.append((ended - second) / 1e3)
    return admitted, reserved, settled


def row(name: str, *values: list[float]) -> tuple[str, ...]:
    sums = [sum(each) for each in zip(*values, strict=True)]
    cells = [f"{statistics.median(each):.1f}" for each in (*values, sums)]
    return (name, *cells, f"{statistics.mean(sums):.1f}", f"{percentile(sums, 99):.1f}", f"{max(sums):,.0f}")


# -- a start with bans --------------------------------------------------------------------------------------------------------
def start(count: int) -> list[tuple[str, str]]:
    """Bans in the store, then the guard's and the kernel's start."""
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-") as name:
        path = Path(name) / "gatepost.db"
        asyncio.run(store_bans(path, count))
        gc.collect()
        gc.disable()  # as `gatepost serve` does while it starts
        rows = []
        store, began = SqliteGuardStore(path), time.perf_counter()
        records = list(store.load())
        read = time.perf_counter() - began
        guard, began = Guard(options(count), KEY), time.perf_counter()
        guard.load(records, NOW + 1)
        took = time.perf_counter() - began
        rows.append(("read from the store", f"{read:.2f}"))
        rows.append(("into the guard", f"{took:.2f}"))
        rows.append(("together (aim: 3)", f"{read + took:.2f}"))
        began = time.perf_counter()
        guard.tick(NOW + 2)
        rows.append(("first tick", f"{time.perf_counter() - began:.2f}"))
        del records
        began = time.perf_counter()
        bans = guard.bans(NOW + 2)
        assert len(bans) == count, len(bans)
        rows.append(("listed, for the kernel or the administrator", f"{time.perf_counter() - began:.2f}"))
        rows.append(("into the kernel", kernel(count, [ban.network for ban in bans])))
        asyncio.run(store.close())
    rows.append(("peak of memory, MiB", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}"))
    return rows


async def store_bans(path: Path, count: int) -> None:
    """`count` bans that a guard made, as it saves them."""
    guard, store = Guard(options(count), KEY), SqliteGuardStore(path)
    for number in range(count):
        guard.ban(Network(4, source(number).value, 32), NOW, 86400.0 + number % 1000, "guesses", "guard")
        if number % 100_000 == 99_999:
            await store.save(guard.changed())
    await store.save(guard.changed())
    await store.close()


def kernel(count: int, networks: list[Network]) -> str:
    """Seconds to load the kernel's table."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        try:
            drop = KernelDrop.attach([listener], capacity=count + count // 10)
        except KernelDropUnavailable as error:
            return f"not here: {error}"
        began = time.perf_counter()
        drop.load(networks)
        took = time.perf_counter() - began
        drop.close()
        return f"{took:.2f}"


# -- each in a process of its own, so that one's memory is not another's --------------------------------------------------------
def apart(function: object, *arguments: object) -> object:
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)  # type: ignore[arg-type]


def print_decisions(count: int, profiled: bool) -> None:
    least = apart(floor, count)
    assert isinstance(least, float)
    memory = [("the floor: a dict of objects with as many slots", f"{least:.0f}", "")]
    rows: list[tuple[str, ...]] = []
    for name, policy, room in (
        ("simple, few tracked", "simple", 10_000),
        (f"simple, {count:,} tracked", "simple", count),
        (f"full, {count:,} tracked", "full", count),
        ("full, tables of the default size, full", "full", 0),
    ):
        many = count if room == count else 1000 if room else 30_000
        octets, held, more = apart(decisions, name, policy, room, many, profiled)  # type: ignore[misc]
        rows += more
        if room == count:
            what = f"{policy}: {held:,} sources that failed once" + (", and their networks" if policy == "full" else "")
            memory.append((what, f"{octets:.0f}", f"{octets - least:.0f}"))
    table(f"Memory of {count:,} sources", ("", "octets each", "beyond the floor"), memory)
    table(
        f"Decisions, us ({SAMPLES:,} each; wrong passwords; aim: 15 in all)",
        ("", "admit", "reserve", "settle", "all", "mean", "p99", "most"),
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("decisions", "start"), default="")
    parser.add_argument("--profile", action="store_true", help="of the decisions, function by function")
    asked = parser.parse_args()
    if asked.only in ("", "decisions"):
        print_decisions(asked.count, asked.profile)
    if asked.only in ("", "start"):
        rows = apart(start, asked.count)  # type: ignore[assignment]
        table(f"A start with {asked.count:,} bans", ("", "seconds"), rows)


if __name__ == "__main__":
    sys.exit(main())
