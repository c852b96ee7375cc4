"""A mailbox of 1,000,000 messages: what each command costs there, and the memory of it. `--messages N` for another number.

The messages are small (about 500 octets) and go in through the store's own interface, ten thousand a transaction. Their text is
indexed as far as `--index-seconds` allow (default 240); what is not indexed by then is kept out of the searches of text, whose
time would be that of reading it all.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import http.client
import json
import poplib
import socket
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from measuring import ADA, ADA_PASSWORD, BenchServer, cpu_seconds, resident_kib, server, table
from rawimap import RawImap

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore
from gatepost.model.account import AccountId
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft
from gatepost.model.message import MessageIndex
from gatepost.proto.mime import index_message

BATCH = 10_000
UNSEEN = 100
"""The last so many are unread."""
SESSIONS = 20
LARGE = 49 * 1024 * 1024


def letter(number: int) -> bytes:
    word = "biplane" if number % 200_000 == 77 else "balloon"
    return (
        f"From: Person {number % 97:02} <p{number % 97:02}@x.example>\r\nTo: Ada <ada@example.org>\r\n"
        f"Subject: report {number % 5000:04} of {number:07}\r\nDate: Mon, 1 Jan 2024 12:00:00 +0000\r\n"
        f"Message-ID: <{number:07}@x.example>\r\n\r\nThe {word} of number {number:07} is on its way, says the station.\r\n"
    ).encode()


class Indexer:
    """Indexes of these messages without reading each: they differ in a few digits only. A million would take minutes."""

    def __init__(self) -> None:
        self._pattern = index_message(letter(0))

    def index(self, number: int) -> MessageIndex:
        subject = f"report {number % 5000:04} of {number:07}"
        envelope = self._pattern.envelope.replace(b"report 0000 of 0000000", subject.encode())
        return msgspec.structs.replace(
            self._pattern,
            envelope=envelope.replace(b"<0000000@", b"<%07d@" % number),
            subject=subject,
            base_subject=subject,
            message_id=f"{number:07}@x.example",
        )


async def fill(root: Path, account: AccountId, count: int, index_seconds: float) -> tuple[float, float, int]:
    """Seconds to fill, seconds to index, and how many were indexed."""
    store = SqliteMailstore(root, SystemClock())
    mail = store.open(account)
    inbox = (await mail.mailbox("INBOX")).id
    seen, unread, indexer = make_flags(["\\Seen"]), make_flags([]), Indexer()
    began = time.perf_counter()
    for start in range(0, count, BATCH):
        drafts = [
            Draft(letter(n), (inbox,), seen if n < count - UNSEEN else unread, 1_600_000_000.0 + n, indexer.index(n))
            for n in range(start, min(count, start + BATCH))
        ]
        await mail.append_all(drafts)
    filled = time.perf_counter() - began
    began, done = time.perf_counter(), 1
    while done and time.perf_counter() - began < index_seconds:
        done = await asyncio.get_running_loop().run_in_executor(None, mail._shelf.index.step)
    took = time.perf_counter() - began
    await store.close()
    with contextlib.closing(sqlite3.connect(root / account / "mail.db")) as db:
        (waiting,) = db.execute("SELECT count(*) FROM unindexed").fetchone()
    return filled, took, count - waiting


class Bench:
    """Rows of the table."""

    def __init__(self, running: BenchServer) -> None:
        self.running = running
        self.rows: list[tuple[object, ...]] = []

    def time(self, name: str, work: Callable[[], object], rounds: int = 5) -> None:
        times = []
        cpu = cpu_seconds(self.running.pid)
        for _ in range(rounds):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        cpu = (cpu_seconds(self.running.pid) - cpu) / rounds
        self.rows.append((name, f"{statistics.median(times) * 1e3:,.1f}", f"{cpu * 1e3:,.0f}"))
        print(*self.rows[-1], sep="  ", flush=True)


def commands(bench: Bench, client: RawImap, count: int, indexed: int) -> None:
    def ask(*lines: str) -> Callable[[], object]:
        return lambda: [client.ask(line.encode()) for line in lines]

    bench.time("SELECT, the first since the start", ask("SELECT INBOX"), 1)
    bench.time("SELECT again", ask("SELECT INBOX"))
    bench.time("NOOP", ask("NOOP"))
    bench.time("STATUS (MESSAGES UNSEEN UIDNEXT)", ask("STATUS INBOX (MESSAGES UNSEEN UIDNEXT)"))
    bench.time("FETCH of the last 50 (UID FLAGS ENVELOPE)", ask(f"FETCH {count - 49}:{count} (UID FLAGS ENVELOPE)"))
    bench.time("UID FETCH of one, whole", ask(f"UID FETCH {count // 2} (BODY.PEEK[])"))
    bench.time("UID FETCH 1:* (FLAGS), all", ask("UID FETCH 1:* (FLAGS)"), 1)
    bench.time("SEARCH UNSEEN", ask("SEARCH UNSEEN"))
    bench.time("UID SEARCH UID x:y SUBJECT", ask(f"UID SEARCH UID {count - 999}:{count} SUBJECT report"))
    if indexed >= count:
        bench.time("SEARCH TEXT, a rare word", ask("SEARCH TEXT biplane"), 3)
        bench.time("SEARCH TEXT, nothing", ask('SEARCH TEXT "nowhere at all"'), 3)
        bench.time("SEARCH SUBJECT, 200 of them", ask('SEARCH SUBJECT "report 4321 of"'), 3)
    bench.time("STORE of one, there and back", ask("STORE 777 +FLAGS (\\Flagged)", "STORE 777 -FLAGS (\\Flagged)"))
    bench.time("APPEND", lambda: client.append("INBOX", letter(count + 1)))
    bench.time("NOOP after it", ask("NOOP"), 1)
    bench.time("EXPUNGE of one (with its STORE)", ask("STORE 888 +FLAGS.SILENT (\\Deleted)", "EXPUNGE"))
    tail = client.whole(b"SELECT INBOX (CONDSTORE)")
    modseq = int(tail.partition(b"HIGHESTMODSEQ ")[2].partition(b"]")[0])
    uidvalidity = tail.partition(b"UIDVALIDITY ")[2].partition(b"]")[0].decode()
    ask("STORE 1000:1009 +FLAGS.SILENT (\\Flagged)", "STORE 1020 +FLAGS.SILENT (\\Deleted)", "EXPUNGE")()
    bench.time("FETCH 1:* (FLAGS) (CHANGEDSINCE), 10 changed", ask(f"FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq})"))
    ask("ENABLE QRESYNC")()
    bench.time("SELECT (QRESYNC), 10 changed, 1 gone", ask(f"SELECT INBOX (QRESYNC ({uidvalidity} {modseq}))"))
    bench.time("STORE 1:* +FLAGS.SILENT, all", lambda: _store_all(bench.running), 1)


def _store_all(running: BenchServer) -> None:
    client = RawImap(running.ports["imap"])
    client.sock.settimeout(600)
    client.login(ADA, ADA_PASSWORD)
    client.ask(b"SELECT INBOX")
    client.ask(b"STORE 1:* +FLAGS.SILENT (\\Answered)")
    client.close()


def jmap(bench: Bench) -> None:
    token = base64.b64encode(f"{ADA}:{ADA_PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    client = http.client.HTTPConnection("127.0.0.1", bench.running.ports["http"], timeout=600)

    def call(path: str, body: object | None = None) -> dict[str, object]:
        client.request("GET" if body is None else "POST", path, json.dumps(body) if body else None, headers)
        return json.loads(client.getresponse().read())

    session = call("/jmap/session")
    account = next(iter(session["accounts"]))  # type: ignore[call-overload]
    path = "/" + str(session["apiUrl"]).split("/", 3)[-1]
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]

    def ask(method: str, **arguments: object) -> Callable[[], object]:
        body = {"using": using, "methodCalls": [[method, {"accountId": account, **arguments}, "a"]]}

        def run() -> list[object]:
            name, answer, _ = call(path, body)["methodResponses"][0]  # type: ignore[index]
            if name != method:
                raise SystemExit(f"{method}: {answer}")
            return answer

        return run

    boxes = ask("Mailbox/get", ids=None)()["list"]  # type: ignore[call-overload]
    inbox = next(box["id"] for box in boxes if box["role"] == "inbox")
    sort = [{"property": "receivedAt", "isAscending": False}]
    newest = {"filter": {"inMailbox": inbox}, "sort": sort, "limit": 50}
    bench.time("JMAP Email/query, newest 50 of INBOX", ask("Email/query", **newest))
    bench.time("... by threads", ask("Email/query", **newest, collapseThreads=True))
    bench.time("... with calculateTotal", ask("Email/query", **newest, calculateTotal=True), 1)
    bench.time("JMAP Mailbox/get", ask("Mailbox/get", ids=[inbox]), 1)


def pop3(bench: Bench) -> None:
    def run() -> None:
        client = poplib.POP3("127.0.0.1", bench.running.ports["pop3"], timeout=600)
        client.user(ADA)
        client.pass_(ADA_PASSWORD)
        client.quit()

    bench.time("POP3 sign-in, STAT, QUIT", run, 1)


def memory(bench: Bench) -> list[tuple[object, ...]]:
    """Of sessions in the mailbox, and of large messages on their way to a peer that reads slowly."""
    running = bench.running
    rows: list[tuple[object, ...]] = [("the server after all that", f"{resident_kib(running.pid) / 1024:,.0f} MiB")]
    before = resident_kib(running.pid)
    kept = []
    for _ in range(SESSIONS):
        client = RawImap(running.ports["imap"], 4096)
        client.login(ADA, ADA_PASSWORD)
        client.ask(b"SELECT INBOX")
        kept.append(client)
    rows.append(("a session with it selected", f"{(resident_kib(running.pid) - before) / SESSIONS:,.0f} KiB"))
    for client in kept:
        client.close()
    client = RawImap(running.ports["imap"])
    client.sock.settimeout(600)
    client.login(ADA, ADA_PASSWORD)
    client.append("Sent", b"Subject: large\r\n\r\n" + b"0123456789abcdef" * 4 * (LARGE // 64))
    client.ask(b"SELECT Sent")
    time.sleep(3)
    for name, item in (
        ("BODY[] of 49 MiB, read slowly", "BODY.PEEK[]"),
        ("BODY[]<1000.40000000>", "BODY.PEEK[]<1000.40000000>"),
    ):
        before = most = resident_kib(running.pid)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.sock.sendall(f"Q7 UID FETCH 1 ({item})\r\n".encode())
        got = 0
        tail = b""
        while b"\r\nQ7 OK" not in tail:
            part = client.sock.recv(1 << 18)
            got += len(part)
            tail = (tail + part)[-200:]
            most = max(most, resident_kib(running.pid))
            time.sleep(0.002)
        rows.append((f"{name}: most beyond before", f"{(most - before) / 1024:,.1f} MiB"))
    client.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--index-seconds", type=float, default=240.0)
    asked = parser.parse_args()
    with server() as running:
        data = running.config.parent / "data"
        with contextlib.closing(sqlite3.connect(f"file:{data / 'gatepost.db'}?mode=ro", uri=True)) as db:
            (account,) = db.execute("SELECT id FROM account WHERE email = ?", (ADA,)).fetchone()
        filled, indexing, indexed = asyncio.run(
            fill(data / "mail", AccountId(account), asked.messages, asked.index_seconds)
        )
        size = sum(path.stat().st_size for path in (data / "mail" / account).glob("mail.db*"))
        print(
            f"{asked.messages:,} messages in {filled:,.0f} s ({asked.messages / filled:,.0f} a second), {size / 1e9:.2f} GB;"
            f" text of {indexed:,} indexed in {indexing:,.0f} s",
            flush=True,
        )
        bench = Bench(running)
        client = RawImap(running.ports["imap"])
        client.sock.settimeout(600)
        client.login(ADA, ADA_PASSWORD)
        commands(bench, client, asked.messages, indexed)
        client.close()
        jmap(bench)
        pop3(bench)
        rows = memory(bench)
    table(f"One mailbox of {asked.messages:,} messages", ("", "ms", "CPU ms"), bench.rows)
    table("Memory", ("", ""), rows)


if __name__ == "__main__":
    sys.exit(main())
