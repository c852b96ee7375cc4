"""What the benchmarks share: a server process of its own, its CPU time, and a table at the end."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

ADA, ADA_PASSWORD = "ada@example.org", "analytical-engine"
GRACE, GRACE_PASSWORD = "grace@example.org", "first-moth-found"
DOORS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "managesieve", "http", "https")
TICKS = os.sysconf("SC_CLK_TCK")


def raise_limits() -> None:
    """As many file descriptors as the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def waited_seconds(pid: int) -> float:
    """How long a process's first thread (the event loop's) was ready to run and had no core, so far."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9


def resident_kib(pid: int) -> int:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().split("\n"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


class BenchServer:
    """`gatepost serve` in a folder of its own, with two accounts. It logs what is at least `log` to the file `log`."""

    def __init__(self, folder: Path, extra: str = "", guard: str = "", log: str = "warning") -> None:
        self.config = folder / "gatepost.toml"
        self.log = folder / "gatepost.log"
        log_file = f'file = "{self.log}"\n' if log != "warning" else ""
        doors = "\n".join(f'{door} = ["127.0.0.1:0"]' for door in DOORS)
        self.config.write_text(
            f'hostname = "mail.example.org"\ndata = "{folder / "data"}"\n[listen]\n{doors}\n'
            f'[log]\nlevel = "{log}"\n{log_file}[drop]\nkernel = "off"\n'
            f"[limits]\nconnections_per_source = 20000\n{extra}\n[guard]\nnever_ban = []\n{guard}\n"
        )
        self.command("domain", "add", "example.org")
        for email, password in ((ADA, ADA_PASSWORD), (GRACE, GRACE_PASSWORD)):
            self.command("user", "add", email, "--password-stdin", stdin=password + "\n")
        self.ports: dict[str, int] = {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gatepost", "--config", str(self.config), "serve"], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        for part in self.process.stdout.readline().removeprefix("ready: ").strip().split(", "):
            door, _, address = part.partition(" ")
            self.ports[door] = int(address.rpartition(":")[2])
        self.pid = self.process.pid

    def command(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "gatepost", "--config", str(self.config), *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout

    def ask(self, operation: str, **arguments: Any) -> Any:
        """An operation of the administration, without a process for it."""
        with socket.socket(socket.AF_UNIX) as sock, sock.makefile("rb") as lines:
            sock.connect(str(self.config.parent / "data" / "admin.sock"))
            sock.sendall(msgspec.json.encode({"operation": operation, "arguments": arguments}) + b"\n")
            answer = msgspec.json.decode(lines.readline())
        if "refused" in answer:
            raise SystemExit(answer["refused"])
        return answer["result"]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@contextlib.contextmanager
def server(extra: str = "", guard: str = "", log: str = "warning") -> Iterator[BenchServer]:
    """A server for the time of a `with`."""
    raise_limits()
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-") as name:
        running = BenchServer(Path(name), extra, guard, log)
        try:
            yield running
        finally:
            running.stop()


def percentile(values: Sequence[float], of: float) -> float:
    """The value below which `of` percent lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * of / 100))]


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a table."""
    cells = [[str(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    print(f"\n{title}")
    for row in cells:
        print(
            "  "
            + "  ".join(
                cell.rjust(width) if i else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )
    sys.stdout.flush()
