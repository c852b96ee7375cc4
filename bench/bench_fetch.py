"""FETCH 1:* (UID FLAGS) of 10,000 messages over a real socket. Aim: 30 ms."""

from __future__ import annotations

import imaplib
import statistics
import sys
import time

from measuring import ADA, ADA_PASSWORD, server, table

MESSAGES = 10_000
COMMANDS = (
    "UID FETCH 1:* (FLAGS)",
    "FETCH 1:* (UID FLAGS)",
    "FETCH 1:* (UID RFC822.SIZE INTERNALDATE)",
    "FETCH 1:* (ENVELOPE)",
    "SEARCH UNSEEN",
)


def fill(port: int) -> None:
    """Appends in pipelined batches."""
    client = imaplib.IMAP4("127.0.0.1", port)
    client.login(ADA, ADA_PASSWORD)
    letter = b"From: a@elsewhere.example\r\nTo: ada@example.org\r\nSubject: number %d\r\n\r\nbody\r\n"
    for start in range(0, MESSAGES, 500):
        out = b""
        for number in range(start, start + 500):
            text = letter % number
            out += b"p%d APPEND INBOX {%d+}\r\n%s\r\n" % (number, len(text), text)
        client.send(out)
        seen = 0
        while seen < 500:
            line = client.readline()
            seen += line.startswith(b"p")
    client.logout()


def main() -> None:
    with server() as running:
        port = running.ports["imap"]
        began = time.perf_counter()
        fill(port)
        print(f"filled with {MESSAGES / (time.perf_counter() - began):,.0f} APPENDs a second (pipelined)")
        client = imaplib.IMAP4("127.0.0.1", port)
        client.login(ADA, ADA_PASSWORD)
        rows = []
        selects = []
        for _ in range(5):
            began = time.perf_counter()
            client.select()
            selects.append(time.perf_counter() - began)
        rows.append(("SELECT", f"{statistics.median(selects) * 1e3:.1f}"))
        for command in COMMANDS:
            times = []
            for turn in range(7):
                tag = b"q%d" % turn
                client.send(tag + b" " + command.encode() + b"\r\n")
                began = time.perf_counter()
                held = b""
                while b"\r\n" + tag + b" OK" not in held[-200:]:
                    held = held[-200:] + client.sock.recv(1 << 20)
                times.append(time.perf_counter() - began)
            rows.append((command, f"{statistics.median(times) * 1e3:.1f}"))
    table(f"IMAP on {MESSAGES:,} messages (median of 7)", ("", "ms"), rows)


if __name__ == "__main__":
    sys.exit(main())
