"""Gatepost beside Dovecot: the same mailbox of 10,000 messages, the same client, in the same run, turn by turn.

Each server gets core 0, the client core 1. What is appended is on disk before its OK, with both. Dovecot's caches are warm, and
Gatepost's index of text is complete, before anything is measured. `--only WORD` runs the measures whose name holds the word,
`--rounds N`, `--messages N`, `--format maildir`, `--gatepost` without Dovecot.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import dovecot
from letters import Letters
from measuring import ADA, ADA_PASSWORD, BenchServer, raise_limits, server, table
from rawimap import RawImap

FILL_AT_ONCE = 50
IDLERS = 1000
FIELDS = "FROM TO SUBJECT DATE"


class Rival(Protocol):
    """One of the two."""

    name: str
    port: int
    pid: int


class Side(NamedTuple):
    """A server as it is measured."""

    name: str
    port: int
    pid: int

    def client(self, select: bool = True) -> RawImap:
        client = RawImap(self.port)
        client.login(ADA, ADA_PASSWORD)
        if select:
            client.ask(b"SELECT INBOX")
        return client


class Measure(NamedTuple):
    """`run` gives how often it did it. `per` is what the figure is per; `before` is done first, unmeasured."""

    name: str
    per: str
    run: Callable[[RawImap], int]
    select: bool = True


def times(count: int, *commands: str) -> Callable[[RawImap], int]:
    """The commands one after another, `count` times."""
    octets = [command.encode() for command in commands]

    def run(client: RawImap) -> int:
        for _ in range(count):
            for command in octets:
                client.ask(command)
        return count * len(octets)

    return run


def append_one_by_one(client: RawImap, messages: list[bytes]) -> int:
    for message in messages:
        client.append("Scratch", message)
    return len(messages)


def append_together(client: RawImap, messages: list[bytes]) -> int:
    for start in range(0, len(messages), FILL_AT_ONCE):
        client.append("Scratch", *messages[start : start + FILL_AT_ONCE])
    return len(messages)


def append_and_read(client: RawImap, messages: list[bytes]) -> int:
    """With what was left for later by then."""
    append_together(client, messages)
    for command in (b"EXAMINE Scratch", b"FETCH 1:* (ENVELOPE BODYSTRUCTURE)", b"UNSELECT"):
        client.ask(command)
    return len(messages)


def sign_in(client: RawImap, port: int) -> int:
    for _ in range(100):
        other = RawImap(port, 4096)
        other.login(ADA, ADA_PASSWORD)
        other.ask(b"LOGOUT")
        other.close()
    return 100


def measures(letters: Letters) -> list[Measure]:
    few, many = (
        [letters.letter(number) for number in numbers] for numbers in (range(20_000, 20_200), range(30_000, 31_000))
    )
    one_by_one = functools.partial(append_one_by_one, messages=few)
    together, read = (functools.partial(each, messages=many) for each in (append_together, append_and_read))
    return [
        Measure("SELECT", "command", times(20, "SELECT INBOX")),
        Measure("FETCH 1:* (UID FLAGS)", "command", times(5, "FETCH 1:* (UID FLAGS)")),
        Measure("FETCH 1:* (ENVELOPE BODYSTRUCTURE)", "command", times(3, "FETCH 1:* (ENVELOPE BODYSTRUCTURE)")),
        Measure("FETCH 1:* (RFC822.SIZE INTERNALDATE)", "command", times(3, "FETCH 1:* (RFC822.SIZE INTERNALDATE)")),
        Measure("FETCH 1:* (BODY.PEEK[])", "command", times(1, "FETCH 1:* (BODY.PEEK[])")),
        Measure("FETCH 1:* (BODY.PEEK[HEADER])", "command", times(1, "FETCH 1:* (BODY.PEEK[HEADER])")),
        Measure(
            "FETCH 1:* (four header fields)", "command", times(1, f"FETCH 1:* (BODY.PEEK[HEADER.FIELDS ({FIELDS})])")
        ),
        Measure("UID FETCH of one message, whole", "command", times(300, "UID FETCH 777 (BODY.PEEK[])")),
        Measure("SEARCH SUBJECT, few", "command", times(3, "SEARCH SUBJECT quarterly")),
        Measure("SEARCH FROM, few", "command", times(3, "SEARCH FROM hopper@navy")),
        Measure("SEARCH HEADER X-Campaign, few", "command", times(3, "SEARCH HEADER X-Campaign spring")),
        Measure("SEARCH SUBJECT, nearly all", "command", times(3, "SEARCH SUBJECT report")),
        Measure("SEARCH BODY, few", "command", times(1, "SEARCH BODY zeppelin")),
        Measure("SEARCH BODY, all", "command", times(1, "SEARCH BODY everywhere")),
        Measure("SEARCH TEXT, none", "command", times(1, 'SEARCH TEXT "nowhere at all"')),
        Measure("SEARCH TEXT, all", "command", times(1, "SEARCH TEXT everywhere")),
        Measure("SEARCH UNSEEN", "command", times(20, "SEARCH UNSEEN")),
        Measure("STORE 1:* +-FLAGS.SILENT", "command", times(1, *flagging("\\Flagged", ".SILENT"))),
        Measure("STORE 1:* +-FLAGS", "command", times(1, *flagging("\\Answered", ""))),
        Measure("STORE 1:* +-FLAGS.SILENT, a keyword", "command", times(1, *flagging("$Label", ".SILENT"))),
        Measure(
            "STORE of one message", "command", times(50, *(c.replace("1:*", "777") for c in flagging("\\Draft", "")))
        ),
        Measure("APPEND one by one", "message", one_by_one, select=False),
        Measure("APPEND 50 at once (MULTIAPPEND)", "message", together, select=False),
        Measure("the same, then ENVELOPE BODYSTRUCTURE of all", "message", read, select=False),
        Measure("connect, LOGIN, LOGOUT", "session", sign_in, select=False),
    ]


def flagging(flag: str, silent: str) -> tuple[str, str]:
    return f"STORE 1:* +FLAGS{silent} ({flag})", f"STORE 1:* -FLAGS{silent} ({flag})"


def fill(side: Side, letters: Letters, count: int) -> float:
    """Puts the messages into INBOX, a third of them read; messages a second."""
    client = side.client(select=False)
    client.ask(b"CREATE Scratch")
    began = time.perf_counter()
    for start in range(0, count, FILL_AT_ONCE):
        flags = "" if start // FILL_AT_ONCE % 3 else "\\Seen"
        client.append("INBOX", *(letters.letter(number) for number in range(start, start + FILL_AT_ONCE)), flags=flags)
    took = time.perf_counter() - began
    client.close()
    return count / took


def await_index(running: BenchServer) -> None:
    """Until Gatepost has parsed all messages and indexed their text."""
    for _ in range(600):
        waiting = 0
        for path in (running.config.parent / "data" / "mail").glob("*/mail.db"):
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
                for table in ("unparsed", "unindexed WHERE long = 0"):
                    waiting += db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        if not waiting:
            return
        time.sleep(0.5)


class Result(NamedTuple):
    """Seconds and CPU seconds for one."""

    seconds: float
    cpu: float


def measure(side: Side, what: Measure) -> Result:
    client = side.client(what.select)
    run = functools.partial(what.run, port=side.port) if what.run is sign_in else what.run
    cpu, began = dovecot.family_cpu_seconds(side.pid), time.perf_counter()
    count = run(client)
    took, cpu = time.perf_counter() - began, dovecot.family_cpu_seconds(side.pid) - cpu
    if what.per == "message":
        client.ask(b"DELETE Scratch")
        client.ask(b"CREATE Scratch")
    client.close()
    return Result(took / count, cpu / count)


def compare(sides: list[Side], whats: list[Measure], rounds: int) -> None:
    """Round by round, so that whatever else the machine does meets both."""
    found: dict[tuple[str, str], list[Result]] = {}
    for number in range(rounds + 1):  # the first warms the caches
        for what in whats:
            for side in sides:
                result = measure(side, what)
                if number:
                    found.setdefault((what.name, side.name), []).append(result)
    rows = []
    for what in whats:
        row: list[object] = [what.name]
        medians = []
        for side in sides:
            results = found[what.name, side.name]
            medians.append(statistics.median(result.seconds for result in results))
            row += [_ms(medians[-1]), _ms(statistics.fmean(result.cpu for result in results))]
        if len(medians) == 2:
            row.append(f"{medians[1] / medians[0]:.2f}")
        rows.append(row)
    headings = ["ms for one", *(f"{side.name}{text}" for side in sides for text in ("", " CPU"))]
    table(f"Medians of {rounds} rounds", [*headings, "rate of Gatepost / Dovecot"][: len(rows[0])], rows)


def _ms(seconds: float) -> str:
    ms = seconds * 1e3
    return f"{ms:,.0f}" if ms >= 100 else f"{ms:.1f}" if ms >= 10 else f"{ms:.2f}"


def idle(sides: list[Side], count: int) -> None:
    """Memory of sessions in IDLE, and one change told to all of them."""
    rows = []
    for side in sides:
        first = side.client()
        before = dovecot.family_memory_kib(side.pid)
        began = time.perf_counter()
        clients = []
        for _ in range(count):
            client = RawImap(side.port, 4096)
            client.sock.sendall(f'a LOGIN "{ADA}" "{ADA_PASSWORD}"\r\n'.encode())
            clients.append(client)
        for client in clients:
            _until(client, b"a OK")
            client.sock.sendall(b"b SELECT INBOX\r\n")
        for client in clients:
            _until(client, b"b OK")
            client.sock.sendall(b"c IDLE\r\n")
        for client in clients:
            _until(client, b"+ ")
        opened = time.perf_counter() - began
        memory = (dovecot.family_memory_kib(side.pid) - before) / count
        time.sleep(1)
        told, cpus = [], []
        for turn in range(5):
            sign = "+-"[turn % 2]
            cpu, began = dovecot.family_cpu_seconds(side.pid), time.perf_counter()
            first.ask(f"UID STORE 777 {sign}FLAGS.SILENT (\\Draft)".encode())
            for client in clients:
                _until(client, b"FETCH")
            told.append(time.perf_counter() - began)
            time.sleep(0.3)
            cpus.append(dovecot.family_cpu_seconds(side.pid) - cpu)
        rows.append(
            (side.name, f"{memory:.1f}", f"{opened:.2f}", _ms(statistics.median(told)), _ms(statistics.median(cpus)))
        )
        for client in (*clients, first):
            client.close()
        time.sleep(1)
    table(
        f"{count:,} sessions in IDLE on one mailbox of 10,000",
        ("", "KiB each (PSS)", "s to open all", "ms until a change is told to all", "CPU ms of it"),
        rows,
    )


def _until(client: RawImap, text: bytes) -> None:
    held = b""
    while text not in held:
        part = client.sock.recv(4096)
        if not part:
            raise SystemExit(f"the server hung up after {held[-200:]!r}")
        held += part


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idlers", type=int, default=IDLERS)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--format", choices=("mdbox", "sdbox", "maildir"), default="mdbox")
    parser.add_argument("--gatepost", action="store_true")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    raise_limits()
    reason = None if asked.gatepost else dovecot.why_not()
    if reason is not None:
        print(f"skipped: {reason}")
        return
    letters = Letters()
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        os.sched_setaffinity(0, cores[:1])  # what is started now stays there
        running = stack.enter_context(server())
        sides = [Side("Gatepost", running.ports["imap"], running.pid)]
        if not asked.gatepost:
            rival = stack.enter_context(dovecot.dovecot(asked.format))
            sides.append(Side("Dovecot", rival.port, rival.pid))
            print(f"Dovecot {rival.version}, {asked.format}, mail_fsync=always; as {_who()}")
        os.sched_setaffinity(0, cores[-1:])
        for side in sides:
            print(
                f"{side.name}: filled with {fill(side, letters, asked.messages):,.0f} messages a second ({FILL_AT_ONCE} at once)"
            )
        began = time.perf_counter()
        await_index(running)
        print(f"index of text complete {time.perf_counter() - began:.0f} s later")
        wanted = [each for each in measures(letters) if not asked.only or any(w in each.name for w in asked.only)]
        if wanted:
            compare(sides, wanted, asked.rounds)
        if asked.idlers and (not asked.only or "IDLE" in asked.only):
            idle(sides, asked.idlers)


def _who() -> str:
    return "root" if os.geteuid() == 0 else "an ordinary user"


if __name__ == "__main__":
    sys.exit(main())
