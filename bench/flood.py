"""Guesses at a set rate, from many addresses and a process of its own: `Flood` for the benchmarks.

One thread over epoll, as light as Python allows, so that the attacker's own cost does not hide the server's. A guess is one
connection: wait for the greeting, send everything, read until the answer or the end.
"""

from __future__ import annotations

import base64
import itertools
import multiprocessing
import os
import random
import select
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

import msgspec

RESET = struct.pack("ii", 1, 0)
NO_PORT_YET = 24  # IP_BIND_ADDRESS_NO_PORT: ports are chosen at connect, so that they don't run out
_PATIENCE = 10.0
_LONGEST_WAIT = 0.005


class Guess(msgspec.Struct, frozen=True):
    """One connection to make."""

    source: str
    door: str
    login: str
    password: str


class Report(msgspec.Struct, frozen=True):
    """What came of a flood. `answers`: answered, refused, dropped, unfinished; `times`: when each guess was answered."""

    begun: int
    seconds: float
    cpu: float
    answers: dict[str, int]
    times: list[float]


def words(guess: Guess) -> bytes:
    """All that is said after the greeting."""
    if guess.door.startswith("imap"):
        return f'a LOGIN "{guess.login}" "{guess.password}"\r\n'.encode()
    if guess.door.startswith("pop3"):
        return f"USER {guess.login}\r\nPASS {guess.password}\r\n".encode()
    token = base64.b64encode(f"\0{guess.login}\0{guess.password}".encode()).decode()
    return f"EHLO attacker\r\nAUTH PLAIN {token}\r\n".encode()


def verdict(heard: bytes) -> str:
    """What the answer tells a guesser; "" while there is none."""
    if b"AUTHENTICATIONFAILED" in heard or b"\r\n535" in heard or b"-ERR [AUTH]" in heard:
        return "answered"
    if b"\na " in heard or b"\r\n454" in heard or b"\r\n421" in heard or b"-ERR" in heard or b"* BYE" in heard:
        return "refused"
    return ""


class _Attempt:
    __slots__ = ("began", "guess", "heard", "sent", "sock")

    def __init__(self, sock: socket.socket, guess: Guess) -> None:
        self.sock, self.guess, self.heard, self.sent = sock, guess, b"", False
        self.began = time.monotonic()


class _Attacker:
    """Runs in the child."""

    def __init__(self, ports: dict[str, int], guesses: Iterator[Guess], together: int) -> None:
        self._ports, self._guesses, self._together = ports, guesses, together
        self._poll = select.epoll()
        self._open: dict[int, _Attempt] = {}
        self.answers: Counter[str] = Counter()
        self.times: list[float] = []
        self.begun = 0

    def run(self, rate: float, seconds: float) -> None:
        """`rate` guesses a second as long as no more than `together` are open."""
        started = time.monotonic()
        ends, swept = started + seconds, started
        while (now := time.monotonic()) < ends:
            due = int((now - started) * rate)
            while self.begun < due and len(self._open) < self._together:
                self._begin(next(self._guesses))
            self._hear(_LONGEST_WAIT if len(self._open) >= self._together else 1.0 / rate)
            if now - swept > 1.0:
                swept = now
                self._sweep(now)
        self.answers["unfinished"] += len(self._open)
        for attempt in list(self._open.values()):
            self._end(attempt, "")

    def _begin(self, guess: Guess) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, NO_PORT_YET, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        sock.bind((guess.source, 0))
        sock.connect_ex(("127.0.0.1", self._ports[guess.door]))
        self._open[sock.fileno()] = _Attempt(sock, guess)
        self._poll.register(sock.fileno(), select.EPOLLIN)
        self.begun += 1

    def _hear(self, wait: float) -> None:
        for number, _ in self._poll.poll(wait):
            attempt = self._open.get(number)
            if attempt is None:
                continue
            try:
                octets = attempt.sock.recv(4096)
                if octets and not attempt.sent and octets.endswith(b"\n"):
                    attempt.sent = True
                    attempt.sock.send(words(attempt.guess))
                    continue
            except BlockingIOError:
                continue
            except OSError:
                octets = b""
            attempt.heard += octets
            answer = verdict(b"\r\n" + attempt.heard) if octets else "dropped"
            if answer:
                self._end(attempt, answer)

    def _sweep(self, now: float) -> None:
        for attempt in [each for each in self._open.values() if now - each.began > _PATIENCE]:
            self._end(attempt, "unfinished")

    def _end(self, attempt: _Attempt, answer: str) -> None:
        del self._open[attempt.sock.fileno()]
        attempt.sock.close()
        if answer:
            self.answers[answer] += 1
        if answer == "answered":
            self.times.append(time.time())


class Flood:
    """A child process that attacks for `seconds`; `report` waits for it. `core`: where it may run, None for anywhere."""

    def __init__(
        self,
        ports: dict[str, int],
        guesses: Callable[[], Iterator[Guess]],
        *,
        rate: float,
        seconds: float,
        together: int = 512,
        core: int | None = None,
    ) -> None:
        self._here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        self._child = context.Process(target=_attack, args=(there, ports, guesses, rate, seconds, together, core))
        self._child.start()
        self._seconds = seconds

    def report(self) -> Report:
        """What came of it. Raises EOFError where the child broke."""
        assert self._here.poll(self._seconds + 30), "the flood never ended"
        report: Report = self._here.recv()
        self._child.join()
        return report

    def running(self) -> bool:
        """Whether it goes on."""
        return self._child.is_alive() and not self._here.poll(0)


def _attack(
    there: Connection,
    ports: dict[str, int],
    guesses: Callable[[], Iterator[Guess]],
    rate: float,
    seconds: float,
    together: int,
    core: int | None,
) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    attacker = _Attacker(ports, guesses(), together)
    began, cpu = time.perf_counter(), time.process_time()
    attacker.run(rate, seconds)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    there.send(Report(attacker.begun, took, cpu, dict(attacker.answers), attacker.times))


def botnet(banned: list[str], share: float, account: str, seed: int = 1) -> Iterator[Guess]:
    """`share` of the guesses from addresses that are banned already, the others from addresses never seen before; each
    fourth at `account`, the others at as many logins as there are guesses; at three doors."""
    draw, doors = random.Random(seed), itertools.cycle(("imap", "submission", "pop3"))
    for number in itertools.count(1):
        fresh = f"127.{128 + (number >> 16) % 100}.{number >> 8 & 255}.{number & 255}"
        source = draw.choice(banned) if draw.random() < share else fresh
        login = account if draw.random() < 0.25 else f"user{number}@example.org"
        yield Guess(source, next(doors), login, f"guess-{number}")
