"""Gatepost's own guard beside fail2ban reading Gatepost's log: how long after the limit the attacker is stopped.

fail2ban runs privately (its configuration, socket, database and "firewall", a file, in a temporary folder; nothing of the
system's is touched) with maxretry 10 over our JSON log, while the server's own guard has a limit that it never reaches.
Then the same attack again with the server's own limit of 10 and no fail2ban.

The guesses have the form of app passwords with a wrong check group: they cost microseconds, so that no hashing holds the
attacker up. A ban of fail2ban's would take hold no earlier than its action is called: that moment is taken.

    python bench/bench_fail2ban.py [--rate 1000]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from flood import Flood, Guess
from measuring import ADA, BenchServer, cpu_seconds, server, table

LIMIT = 10
ROUNDS = 3
SECONDS = 3.0
DISTRIBUTION = Path("/etc/fail2ban")
PYTHON = "/usr/bin/python3"
FILTER = r"""[Definition]
failregex = "type":"sign-in-failed".*"client":"<HOST>"
datepattern = "time":"%%Y-%%m-%%dT%%H:%%M:%%S\.%%f\+00:00"
"""
ACTION = """[Definition]
actionstart =
actionstop =
actioncheck =
actionban = date +%%s.%%N | tr '\\n' ' ' >> {bans}; echo <ip> >> {bans}
actionunban =
"""
JAIL = """[gatepost]
enabled = true
filter = gatepost
action = file
logpath = {log}
backend = {backend}
maxretry = {limit}
findtime = 3600
bantime = 3600
ignoreself = false
ignoreip =
logtimezone = UTC
"""


def guesses(source: str) -> Iterator[Guess]:
    """From one address, each another app password."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    for number in itertools.count():
        digits = "".join(letters[number >> shift & 31] for shift in (15, 10, 5, 0))
        yield Guess(source, "imap", ADA, f"aaaa-bbbb-cccc-{digits}-zzzz")


# -- fail2ban ---------------------------------------------------------------------------------------------------------------
class Fail2ban:
    """A fail2ban of one's own, reading `log` with `backend`."""

    def __init__(self, folder: Path, log: Path, backend: str) -> None:
        self._folder, self.bans = folder, folder / "bans"
        self._configure(log, backend)
        self._options = ["-c", str(folder), "-s", str(folder / "socket"), "-p", str(folder / "pid")]
        self._process = subprocess.Popen(
            [PYTHON, "/usr/bin/fail2ban-server", *self._options, "-f", "start"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.pid = self._process.pid
        self._until_watching()

    def _configure(self, log: Path, backend: str) -> None:
        for name in ("filter.d", "action.d"):
            (self._folder / name).mkdir(parents=True)
        shutil.copy(DISTRIBUTION / "fail2ban.conf", self._folder)
        (self._folder / "fail2ban.local").write_text(
            f"[Definition]\nlogtarget = {self._folder / 'log'}\ndbfile = None\nloglevel = INFO\n"
        )
        (self._folder / "filter.d" / "gatepost.conf").write_text(FILTER)
        (self._folder / "action.d" / "file.conf").write_text(ACTION.format(bans=self.bans))
        (self._folder / "jail.conf").write_text(JAIL.format(log=log, backend=backend, limit=LIMIT))

    def _until_watching(self) -> None:
        for _ in range(100):
            time.sleep(0.1)
            said = (self._folder / "log").read_text() if (self._folder / "log").exists() else ""
            if "Jail 'gatepost' started" in said:
                time.sleep(1.5)
                return
            if self._process.poll() is not None:
                break
        raise SystemExit(f"fail2ban does not start: {said}")

    def banned_at(self, source: str) -> float | None:
        """When its action was called."""
        for line in self.bans.read_text().split("\n") if self.bans.exists() else ():
            at, _, address = line.partition(" ")
            if address == source:
                return float(at)
        return None

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(30)


@contextlib.contextmanager
def fail2ban(log: Path, backend: str) -> Iterator[Fail2ban]:
    """For the time of a `with`."""
    with tempfile.TemporaryDirectory(prefix="gatepost-fail2ban-") as name:
        running = Fail2ban(Path(name) / "f", log, backend)
        try:
            yield running
        finally:
            running.stop()


# -- one attack ---------------------------------------------------------------------------------------------------------------
class Result(msgspec.Struct, frozen=True):
    """`late`: seconds from the failure that reaches the limit to the ban; `past`: guesses answered beyond the limit."""

    rate: float
    late: float
    past: int
    server_us: float
    reader_us: float


def attack(running: BenchServer, source: str, rate: float, reader: Fail2ban | None) -> Result:
    """The attack of one address, until well after its ban."""
    before = cpu_seconds(running.pid)
    reading = cpu_seconds(reader.pid) if reader else 0.0
    report = Flood(running.ports, lambda: guesses(source), rate=rate, seconds=SECONDS, together=64).report()
    time.sleep(2.5)  # until all lines are read
    failures = noted(running.log, "sign-in-failed", source)
    ban = reader.banned_at(source) if reader else next(iter(noted(running.log, "banned", source)), None)
    if ban is None:
        raise SystemExit(f"never banned: {len(failures)} failures")
    return Result(
        rate=report.begun / report.seconds,
        late=ban - failures[LIMIT - 1],
        past=sum(at <= ban for at in report.times) - LIMIT if reader else max(0, len(report.times) - LIMIT),
        server_us=(cpu_seconds(running.pid) - before) / report.begun * 1e6,
        reader_us=(cpu_seconds(reader.pid) - reading) / len(failures) * 1e6 if reader else 0.0,
    )


def noted(log: Path, kind: str, source: str) -> list[float]:
    """When the server noted events of that kind about an address."""
    events = (msgspec.json.decode(line) for line in log.read_bytes().split(b"\n")[:-1])
    return [e["at"] for e in events if e["type"] == kind and source in (e.get("client"), e.get("network"))]


def series(name: str, rate: float, limit: int, backend: str = "") -> tuple[str, ...]:
    """Three attacks from three addresses; medians."""
    guard = f'policy = "simple"\naddress_limit = "{limit}/1h"\naccount_limit = "1000000/1h"\n'
    with server(guard=guard, log="info") as running:
        running.log.touch()
        with fail2ban(running.log, backend) if backend else contextlib.nullcontext() as reader:
            results = [attack(running, f"127.{70 + n}.0.1", rate, reader) for n in range(ROUNDS)]

    def middle(values: Iterator[float]) -> float:
        return statistics.median(values)

    return (
        name,
        f"{middle(each.rate for each in results):,.0f}",
        f"{middle(each.late for each in results) * 1e3:,.1f}",
        f"{max(each.late for each in results) * 1e3:,.1f}",
        f"{middle(each.past for each in results):,.0f}",
        f"{max(each.past for each in results):,}",
        f"{middle(each.server_us for each in results):.0f}",
        f"{middle(each.reader_us for each in results):.0f}" if backend else "-",
    )


def backends() -> list[str]:
    """Those that are here."""
    found = subprocess.run([PYTHON, "-c", "import pyinotify"], capture_output=True, check=False).returncode == 0
    return ["polling", "pyinotify"] if found else ["polling"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=float, default=1000.0)
    options = parser.parse_args()
    if not os.path.exists("/usr/bin/fail2ban-server"):
        raise SystemExit("fail2ban is not installed here")
    rows = [series(f"fail2ban, {backend}", options.rate, 1_000_000, backend) for backend in backends()]
    rows.append(series("Gatepost's guard", options.rate, LIMIT))
    table(
        f"An attacker past the limit of {LIMIT} ({ROUNDS} attacks each; ms from the failure that reaches it)",
        ("", "attempts/s", "ban, ms", "most", "answered past it", "most", "server us each", "reader us a failure"),
        rows,
    )


if __name__ == "__main__":
    sys.exit(main())
