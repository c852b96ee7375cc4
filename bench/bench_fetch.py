"""FETCH 1:* (UID FLAGS) of 10,000 messages over a real socket, and some that are like it. Aims: 30 ms, and a hundredth of what
pymap takes, for which `--pymap PROGRAM` names pymap 0.36's program (an environment of its own with `pip install pymap`): it holds the
same messages in memory and is asked turn by turn with Gatepost.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from measuring import ADA, ADA_PASSWORD, server, table
from rawimap import RawImap

MESSAGES = 10_000
PIPELINED = 500
COMMANDS = (
    "SELECT INBOX",
    "UID FETCH 1:* (FLAGS)",
    "FETCH 1:* (UID FLAGS)",
    "FETCH 1:* (UID RFC822.SIZE INTERNALDATE)",
    "FETCH 1:* (ENVELOPE)",
    "SEARCH UNSEEN",
)
LETTER = b"From: a@elsewhere.example\r\nTo: ada@example.org\r\nSubject: number %d\r\n\r\nbody\r\n"


@contextlib.contextmanager
def pymap(program: str) -> Iterator[int]:
    """pymap's server with its own demonstration account; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "--host", "127.0.0.1", "--port", str(port), "--no-tls", "dict", "--demo-data"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def fill(client: RawImap) -> float:
    """Appends in pipelined batches; messages a second."""
    began = time.perf_counter()
    for start in range(0, MESSAGES, PIPELINED):
        letters = [LETTER % number for number in range(start, start + PIPELINED)]
        client.sock.sendall(b"".join(b"p APPEND INBOX {%d+}\r\n%s\r\n" % (len(letter), letter) for letter in letters))
        seen, rest = 0, b""
        while seen < PIPELINED:
            lines = (rest + client.sock.recv(1 << 16)).split(b"\r\n")
            rest = lines.pop()
            seen += sum(line.startswith(b"p OK") for line in lines)
    return MESSAGES / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pymap", metavar="PROGRAM")
    asked = parser.parse_args()
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(server())
        clients = {"Gatepost": RawImap(running.ports["imap"])}
        clients["Gatepost"].login(ADA, ADA_PASSWORD)
        if asked.pymap:
            clients["pymap"] = RawImap(stack.enter_context(pymap(asked.pymap)))
            clients["pymap"].login("demouser", "demopass")
        for name, client in clients.items():
            print(f"{name}: filled with {fill(client):,.0f} APPENDs a second (pipelined)")
            client.ask(b"SELECT INBOX")
        rounds = 3 if asked.pymap else 7
        rows = []
        for command in COMMANDS:
            times: dict[str, list[float]] = {name: [] for name in clients}
            for _ in range(rounds):
                for name, client in clients.items():
                    began = time.perf_counter()
                    client.ask(command.encode())
                    times[name].append((time.perf_counter() - began) * 1e3)
            medians = [statistics.median(taken) for taken in times.values()]
            rows.append(
                (command, *(f"{each:,.1f}" for each in medians), *(f"{each / medians[0]:,.0f}" for each in medians[1:]))
            )
        headings = ("ms", *clients, *("times as long" for _ in range(len(clients) - 1)))
        table(f"IMAP on {MESSAGES:,} messages (median of {rounds})", headings, rows)


if __name__ == "__main__":
    sys.exit(main())
