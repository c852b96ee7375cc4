"""Under attack: how many parallel guesses are looked at, how fast a ban bites, and what the owner notices of it all.

Aims: never more guesses than the limit; 10 ms from the last counted guess to the first dropped connection; 100 ms until the
attacker's other connections are closed; the owner's p99 at most twice what it is on a quiet server.

    python bench/bench_under_attack.py [--only guesses|ban|owner] [--rate 2000]

The server and the processes that hash for it run on core 0, attacker and owner on core 1, the owner first in line
(SCHED_FIFO, where that is allowed).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
from banround import BanRound
from flood import Flood, Report, botnet
from measuring import ADA, ADA_PASSWORD, BenchServer, cpu_seconds, percentile, server, table, waited_seconds
from owner import Owner

from gatepost.cli.knock import Answer, can_knock, knock
from gatepost.model.connection import Door

SERVER_CORE, CLIENT_CORE = 0, 1
GUESSES = 1000
ROUNDS = 20
SAMPLES = 600
BANNED = [f"127.90.{n >> 8}.{n & 255}" for n in range(200)]
SIMPLE = 'policy = "simple"\naddress_limit = "10/1h"\naccount_limit = "10/1h"\n'


@contextlib.contextmanager
def pinned(guard: str = "", extra: str = "") -> Iterator[tuple[BenchServer, Path]]:
    """A server on its own core, and where it logs; we are on the other one."""
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE} & every or every)  # what is started now stays there
    try:
        with server(extra, guard, log="info") as running:
            os.sched_setaffinity(0, {CLIENT_CORE} & every or every)
            yield running, running.log
    finally:
        os.sched_setaffinity(0, every)


def events(log: Path) -> list[dict[str, object]]:
    """What the server noted so far."""
    return [msgspec.json.decode(line) for line in log.read_bytes().split(b"\n")[:-1]]


# -- parallel guesses --------------------------------------------------------------------------------------------------------
def guesses() -> None:
    """1,000 at once from one address, over every door where one can sign in; each password another one."""
    rows = []
    for policy, guard in (("simple", SIMPLE), ("full", "")):
        for name, login in (("one account", lambda n: ADA), ("each another login", lambda n: f"user{n}@example.org")):
            with pinned(guard) as (running, log):
                answers = asyncio.run(at_once(running, login))
                noted = Counter(str(event["type"]) for event in events(log))
            evaluated = noted["sign-in-failed"] + noted["signed-in"]
            told = answers[Answer.ANSWERED] + answers[Answer.GRANTED]
            rows.append((f"{policy}, {name}", "10", evaluated, told, answers[Answer.REFUSED], answers[Answer.DROPPED]))
    table(
        f"{GUESSES:,} parallel guesses from one address over nine doors",
        ("policy", "limit", "evaluated", "answered", "refused", "dropped"),
        rows,
    )


async def at_once(running: BenchServer, login: Callable[[int], str]) -> Counter[Answer]:
    """What each guess was answered."""
    doors = [Door(name) for name in running.ports if can_knock(Door(name))]

    async def one(number: int) -> Answer:
        door = doors[number % len(doors)]
        return (
            await knock(
                door, "127.0.0.1", running.ports[door.value], "127.51.0.1", login(number), f"guess-{number}", 60
            )
        ).answer

    return Counter(await asyncio.gather(*(one(number) for number in range(GUESSES))))


# -- how fast a ban bites ----------------------------------------------------------------------------------------------------
def ban() -> None:
    """From the last counted guess to the first dropped connection, and to the end of all that was open."""
    guard = SIMPLE.replace("10/1h", "10/1h", 1).replace('account_limit = "10/1h"', 'account_limit = "9999/1h"')
    first, closed = [], []
    doors: tuple[str, ...] = ()
    with pinned(guard + 'shared_addresses = "drop"\n') as (running, log):
        for number in range(ROUNDS):
            round_ = BanRound(running.ports, f"127.{60 + number}.0.1")
            round_.run()
            last = max(
                float(str(event["at"]))
                for event in events(log)
                if event["type"] == "sign-in-failed" and event["client"] == round_.source and event["counted"]
            )
            first.append(round_.dropped - last)
            closed.append({door: ended - last for door, ended in round_.ended.items()})
            doors = tuple(round_.ended)
    rows = [("first connection dropped", *spread(first), "10")]
    rows += [(f"closed: {door}", *spread([each[door] for each in closed]), "100") for door in doors]
    rows.append(("all that was open is closed", *spread([max(each.values()) for each in closed]), "100"))
    table(
        f"After the last counted guess ({ROUNDS} rounds; as the attacker sees it)",
        ("ms", "median", "most", "aim"),
        rows,
    )


def spread(values: list[float]) -> tuple[str, str]:
    """Median and most, in milliseconds."""
    return f"{statistics.median(values) * 1e3:.2f}", f"{max(values) * 1e3:.2f}"


# -- what the owner notices --------------------------------------------------------------------------------------------------
def owner(rate: float) -> None:
    """Sign-ins and FETCHes of one who has nothing to do with it."""
    with pinned() as (running, _):
        one = Owner(running.ports["imap"], ADA, ADA_PASSWORD)
        for address in BANNED:
            running.ask("ban.add", subject=address, seconds=3600)
        quiet = one.sample(SAMPLES)
        before, waited = cpu_seconds(running.pid), waited_seconds(running.pid)
        flood = Flood(
            running.ports, partial(botnet, BANNED, 0.5, ADA), rate=rate, seconds=30, core=CLIENT_CORE, together=1024
        )
        time.sleep(1.0)
        attacked = one.sample(SAMPLES, flood.running)
        report = flood.report()
        cpu = (cpu_seconds(running.pid) - before) / report.seconds
        waiting = (waited_seconds(running.pid) - waited) / report.seconds
    print_owner(rate, quiet, attacked)
    print_flood(report, cpu, waiting)


def print_owner(rate: float, quiet: dict[str, list[float]], attacked: dict[str, list[float]]) -> None:
    rows = []
    for name in quiet:
        calm, busy = quiet[name], attacked[name]
        ratio = percentile(busy, 99) / percentile(calm, 99)
        cells = [f"{percentile(values, at) * 1e3:.2f}" for values in (calm, busy) for at in (50, 99)]
        rows.append((name, *cells, f"{ratio:.2f}", len(calm), len(busy)))
    table(
        f"The owner, on a quiet server and under {rate:,.0f} attempts a second (aim: p99 at most twice)",
        ("ms", "quiet p50", "p99", "attacked p50", "p99", "ratio of p99", "samples", "samples"),
        rows,
    )


def print_flood(report: Report, cpu: float, waiting: float) -> None:
    rows = [
        (
            f"{report.begun / report.seconds:,.0f}",
            *(f"{report.answers.get(name, 0):,}" for name in ("dropped", "refused", "answered", "unfinished")),
            f"{cpu * 100:.0f}%",
            f"{waiting * 100:.0f}%",
            f"{report.cpu / report.seconds * 100:.0f}%",
        )
    ]
    table(
        "The attack (half of it from 200 banned addresses, half from addresses never seen; many logins, the owner's too)",
        (
            "attempts a second",
            "dropped",
            "refused",
            "answered",
            "unfinished",
            "server's CPU",
            "its loop waited",
            "attacker's CPU",
        ),
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=("guesses", "ban", "owner"), default="")
    parser.add_argument("--rate", type=float, default=2000.0)
    options = parser.parse_args()
    for name, part in (("guesses", guesses), ("ban", ban), ("owner", partial(owner, options.rate))):
        if options.only in ("", name):
            part()


if __name__ == "__main__":
    sys.exit(main())
