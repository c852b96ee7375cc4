"""Password hashing in a bounded pool of threads, the owner's lane first.

Hashing is slow on purpose, so it stands behind the guard and behind a queue with an end: what finds the queue full is told
to come back, and nothing is computed for it. Not here: which attempt may be checked at all (the guard), and the memory of
right passwords (`mail/auth`).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import resources
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gatepost.adapters import importedhashes
from gatepost.model.account import ScramKeys
from gatepost.model.errors import Overloaded, WeakPassword
from gatepost.model.secret import Secret
from gatepost.proto.sasl.saslprep import Unpreparable, saslprep

T = TypeVar("T")

SCRAM_SHA256, SCRAM_SHA1 = "SCRAM-SHA-256", "SCRAM-SHA-1"
_DIGESTS = {SCRAM_SHA256: "sha256", SCRAM_SHA1: "sha1"}
SCRAM_ITERATIONS = 10_000
"""RFC 7677 §4 asks for 4,096 at least. Computed here once, when a password is set; afterwards the client computes them."""
MIN_LENGTH = 8
MAX_OCTETS = 1024
"""A longer secret is wrong; it costs the same as any other."""
MAX_WAITING = 128
"""Checks that wait, in each of the two lanes."""
_MIN_LOCAL = 4
NICENESS = 15
"""Of the threads: on a busy machine those who are signed in already, whom the event loop serves, come before guesses."""


class _Waiting:
    """A computation in the queue; `counts` if it checks a password."""

    __slots__ = ("counts", "future", "work")

    def __init__(self, work: Callable[[], Any], counts: bool) -> None:
        self.work, self.counts = work, counts
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


class HashedPasswords:
    """See `gatepost.ports.passwords.Passwords`. `threads`: computations at once, by default one a core."""

    def __init__(self, threads: int | None = None, scram: tuple[str, ...] = (SCRAM_SHA256,)) -> None:
        importedhashes.assert_libpass()
        self.evaluations = 0
        self.scram = scram
        self._threads = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._threads, "hash", initializer=_step_back)
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._dummy = self._hasher.hash(os.urandom(16))
        self._urgent: deque[_Waiting] = deque()
        self._ordinary: deque[_Waiting] = deque()
        self._running = 0
        self._closed = False
        self._common = _common_passwords()

    async def verify(self, hashed: str, secret: Secret, urgent: bool = False) -> bool:
        """See the port. A hash of a kind that is unknown here is computed against the dummy and is wrong."""

        def work() -> bool:
            octets = secret.reveal()
            if not hashed or len(octets) > MAX_OCTETS:
                self._argon2(self._dummy, octets[:MAX_OCTETS])
                return False
            if hashed.startswith("$argon2"):
                return self._argon2(hashed, octets)
            answer = importedhashes.verify(hashed, octets)
            if answer is None:
                self._argon2(self._dummy, octets)
            return bool(answer)

        return await self._run(work, urgent, counts=True)

    def _argon2(self, hashed: str, octets: bytes) -> bool:
        try:
            return self._hasher.verify(hashed, octets)
        except (VerificationError, InvalidHashError):
            return False

    async def hash(self, secret: Secret) -> str:
        """Raises WeakPassword for a secret longer than MAX_OCTETS, Overloaded."""
        _check_size(secret)
        return await self._run(lambda: self._hasher.hash(secret.reveal()), urgent=True)

    async def scram_keys(self, secret: Secret) -> tuple[ScramKeys, ...]:
        """See the port. Raises WeakPassword for a secret longer than MAX_OCTETS, Overloaded."""
        _check_size(secret)
        try:
            prepared = saslprep(secret.reveal().decode())
        except (UnicodeDecodeError, Unpreparable):
            return ()
        password = prepared.encode()
        return await self._run(
            lambda: tuple(_scram_keys(name, password, os.urandom(16)) for name in self.scram), urgent=True
        )

    def check_new(self, secret: Secret, login: str) -> None:
        """Raises WeakPassword; the text says why and never holds the password."""
        _check_size(secret)
        text = secret.reveal().decode(errors="replace")
        if len(text) < MIN_LENGTH:
            raise WeakPassword(f"a password needs at least {MIN_LENGTH} characters")
        if self.is_common(secret):
            raise WeakPassword("this password is among the commonest")
        local = login.partition("@")[0].casefold()
        if len(local) >= _MIN_LOCAL and local in text.casefold():
            raise WeakPassword("the password contains the login")

    def is_common(self, secret: Secret) -> bool:
        """Whether it is among the 10,000 commonest passwords, in any case."""
        return secret.reveal().lower() in self._common

    def knows_form(self, hashed: str) -> bool:
        """Whether an imported hash can be checked here."""
        return hashed.startswith("$argon2") or importedhashes.knows(hashed)

    async def close(self) -> None:
        """What runs is finished; what waits is refused."""
        self._closed = True
        for lane in (self._urgent, self._ordinary):
            while lane:
                waiting = lane.popleft()
                if not waiting.future.done():
                    waiting.future.set_exception(Overloaded("the server is stopping"))
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)

    # -- the queue, on the loop ------------------------------------------------------------------------------------
    async def _run(self, work: Callable[[], T], urgent: bool, counts: bool = False) -> T:
        lane = self._urgent if urgent else self._ordinary
        if self._closed or (self._running >= self._threads and len(lane) >= MAX_WAITING):
            raise Overloaded("too many passwords are being checked")
        waiting = _Waiting(work, counts)
        lane.append(waiting)
        self._start()
        result: T = await waiting.future
        return result

    def _start(self) -> None:
        """Fills the free threads, urgent ones first."""
        while self._running < self._threads and (self._urgent or self._ordinary):
            waiting = (self._urgent or self._ordinary).popleft()
            if waiting.future.done():  # nobody waits any more
                continue
            self._running += 1
            self.evaluations += waiting.counts
            running = asyncio.get_running_loop().run_in_executor(self._pool, waiting.work)
            running.add_done_callback(partial(self._done, waiting))

    def _done(self, waiting: _Waiting, done: asyncio.Future[Any]) -> None:
        self._running -= 1
        self._start()
        error = done.exception()
        if waiting.future.done():
            return
        if error is not None:
            waiting.future.set_exception(error)
        else:
            waiting.future.set_result(done.result())


def _step_back() -> None:
    """Linux keeps a niceness for each thread; elsewhere it would be the whole process's."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


def _check_size(secret: Secret) -> None:
    if len(secret) > MAX_OCTETS:
        raise WeakPassword(f"a password has at most {MAX_OCTETS} octets")


def _scram_keys(mechanism: str, password: bytes, salt: bytes) -> ScramKeys:
    """RFC 5802 §3."""
    digest = _DIGESTS[mechanism]
    salted = hashlib.pbkdf2_hmac(digest, password, salt, SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", digest)
    server_key = hmac.digest(salted, b"Server Key", digest)
    return ScramKeys(mechanism, salt, hashlib.new(digest, client_key).digest(), server_key, SCRAM_ITERATIONS)


def _common_passwords() -> frozenset[bytes]:
    """The shipped list (data/README.md says whose it is)."""
    octets = resources.files("gatepost.adapters").joinpath("data/common_passwords.txt").read_bytes()
    return frozenset(octets.lower().split())
