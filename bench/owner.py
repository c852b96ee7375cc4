"""The owner of an account, reading mail while the benchmarks make trouble: what each sign-in and FETCH takes."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator

SOURCE = "127.0.41.1"
_LETTER = b"From: a@elsewhere.example\r\nTo: ada@example.org\r\nSubject: bench\r\n\r\n" + b"line of text\r\n" * 100
_EVERY = 0.008
"""Seconds between two samples."""


def always() -> bool:
    """For samples that need nothing else to go on."""
    return True


class Session:
    """A blocking IMAP connection: nothing in it that would blur a millisecond."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(SOURCE, 0))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._until(b"* OK")

    def ask(self, command: bytes) -> bytes:
        """Sends a command and reads to its end."""
        self._sock.sendall(b"q " + command)
        heard = self._until(b"\r\nq ")
        assert b"\r\nq OK" in heard, heard[-200:]
        return heard

    def close(self) -> None:
        """Leaves."""
        self._sock.close()

    def _until(self, mark: bytes) -> bytes:
        heard = b"\r\n"
        while mark not in heard or not heard.endswith(b"\n"):
            octets = self._sock.recv(1 << 16)
            if not octets:
                raise ConnectionResetError
            heard += octets
        return heard


class Owner:
    """Signs in once, so that the password is remembered and the place familiar, and puts 20 messages into the INBOX."""

    def __init__(self, port: int, login: str, password: str) -> None:
        self._port = port
        self._login = f'LOGIN "{login}" "{password}"\r\n'.encode()
        self._reading = Session(port)
        self._reading.ask(self._login)
        for _ in range(20):
            self._reading.ask(b"APPEND INBOX {%d+}\r\n%s\r\n" % (len(_LETTER), _LETTER))
        self._reading.ask(b"SELECT INBOX\r\n")

    def sample(self, count: int, going: Callable[[], bool] = always) -> dict[str, list[float]]:
        """Seconds that each took; at most `count`, as long as `going`. First in line for its core."""
        calls: dict[str, Callable[[], object]] = {
            "connect and LOGIN": self._sign_in,
            "FETCH of 20 messages' flags": lambda: self._reading.ask(b"FETCH 1:* (UID FLAGS)\r\n"),
            "FETCH of one message": lambda: self._reading.ask(b"FETCH 7 (BODY.PEEK[])\r\n"),
        }
        times: dict[str, list[float]] = {name: [] for name in calls}
        with first_in_line():
            for _ in range(count):
                if not going():
                    break
                for name, call in calls.items():
                    began = time.perf_counter()
                    call()
                    times[name].append(time.perf_counter() - began)
                    time.sleep(_EVERY)
        return times

    def _sign_in(self) -> None:
        session = Session(self._port)
        session.ask(self._login)
        session.close()


@contextlib.contextmanager
def first_in_line() -> Iterator[None]:
    """Before every other process of this core, so that not the attacker's use of it is measured."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
