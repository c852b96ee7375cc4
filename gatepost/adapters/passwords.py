"""Password hashing behind a queue with an end, the owner's lane first.

Hashing is slow on purpose, so it stands behind the guard and in processes of its own (`hashing`): what finds the queue full
is told to come back, and nothing is computed for it. Not here: which attempt may be checked at all (the guard), and the
memory of right passwords (`mail/auth`).
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from importlib import resources
from typing import Any, cast

from gatepost.adapters import importedhashes
from gatepost.adapters.hashing import (
    MAX_OCTETS,
    PATIENT,
    PROMPT,
    SCRAM_SHA256,
    MakeHash,
    MakeScramKeys,
    Request,
    Verify,
)
from gatepost.adapters.hashworker import HashWorker, WorkerLost
from gatepost.model.account import ScramKeys
from gatepost.model.errors import Overloaded, WeakPassword
from gatepost.model.secret import Secret
from gatepost.proto.sasl.saslprep import Unpreparable, saslprep

MIN_LENGTH = 8
MAX_WAITING = 128
"""Checks that wait, in each of the two lanes."""
FEW = 3
"""Checks that the prompt process is left to do by itself: one after another it does them sooner than others may."""
FLOOD = MAX_WAITING // 2
"""Checks that wait, not urgent, from which on these are left to the patient processes."""
_MIN_LOCAL = 4


class _Waiting:
    """A computation in the queue; `counts` if it checks a password. Its answer is of type `kind`."""

    __slots__ = ("counts", "future", "kind", "request")

    def __init__(self, request: Request, kind: Any, counts: bool) -> None:
        self.request, self.kind, self.counts = request, kind, counts
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


class HashedPasswords:
    """See `gatepost.ports.passwords.Passwords`. One process hashes promptly: what is urgent, and all else unless that is a
    flood. `processes` more, by default one a core, take what is too much for it, in time that nobody else wants. They are
    started when they are first needed, or by `start`."""

    def __init__(self, processes: int | None = None, scram: tuple[str, ...] = (SCRAM_SHA256,)) -> None:
        importedhashes.assert_libpass()
        self.evaluations = 0
        self.scram = scram
        self._prompt = HashWorker(PROMPT)
        self._patient = [HashWorker(PATIENT) for _ in range(processes or os.cpu_count() or 1)]
        self._free = [*self._patient, self._prompt]
        self._tasks: set[asyncio.Task[None]] = set()
        self._urgent: deque[_Waiting] = deque()
        self._ordinary: deque[_Waiting] = deque()
        self._closed = False
        self._common = _common_passwords()

    def start(self) -> None:
        """Starts the processes, so that the first sign-in need not wait for one. Raises OSError."""
        for worker in (*self._patient, self._prompt):
            worker.start()

    @property
    def crowded(self) -> bool:
        """Whether a check that is not urgent finds no place."""
        return len(self._ordinary) >= MAX_WAITING

    async def verify(self, hashed: str, secret: Secret, urgent: bool = False) -> bool:
        """See the port. A hash of a kind that is unknown here is computed against the dummy and is wrong."""
        octets = secret.reveal()[: MAX_OCTETS + 1]
        return cast(bool, await self._run(Verify(hashed, octets), bool, urgent, counts=True))

    async def hash(self, secret: Secret) -> str:
        """Raises WeakPassword for a secret longer than MAX_OCTETS, Overloaded."""
        _check_size(secret)
        return cast(str, await self._run(MakeHash(secret.reveal()), str, urgent=True))

    async def scram_keys(self, secret: Secret) -> tuple[ScramKeys, ...]:
        """See the port. Raises WeakPassword for a secret longer than MAX_OCTETS, Overloaded."""
        _check_size(secret)
        try:
            prepared = saslprep(secret.reveal().decode())
        except (UnicodeDecodeError, Unpreparable):
            return ()
        request = MakeScramKeys(self.scram, prepared.encode())
        return cast("tuple[ScramKeys, ...]", await self._run(request, tuple[ScramKeys, ...], urgent=True))

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
        if self._tasks:
            await asyncio.wait(self._tasks)
        for worker in (*self._patient, self._prompt):
            await asyncio.to_thread(worker.stop)

    # -- the queue ---------------------------------------------------------------------------------------------------
    async def _run(self, request: Request, kind: Any, urgent: bool, counts: bool = False) -> object:
        lane = self._urgent if urgent else self._ordinary
        if self._closed or len(lane) >= MAX_WAITING:
            raise Overloaded("too many passwords are being checked")
        waiting = _Waiting(request, kind, counts)
        lane.append(waiting)
        self._begin()
        return await waiting.future

    def _begin(self) -> None:
        """Gives the free processes work, urgent things first."""
        while worker := self._next_worker():
            waiting = (self._urgent or self._ordinary).popleft()
            if waiting.future.done():  # nobody waits any more
                continue
            self._free.remove(worker)
            self.evaluations += waiting.counts
            task = asyncio.get_running_loop().create_task(self._work(worker, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _next_worker(self) -> HashWorker | None:
        """Who takes what is next; None where it has to wait, or there is nothing."""
        waiting = len(self._urgent) + len(self._ordinary)
        if not waiting or not self._free:
            return None
        if self._prompt in self._free and (self._urgent or len(self._ordinary) < FLOOD):
            return self._prompt
        return next((worker for worker in self._free if worker is not self._prompt), None) if waiting > FEW else None

    async def _work(self, worker: HashWorker, waiting: _Waiting) -> None:
        try:
            answer = await worker.ask(waiting.request, waiting.kind)
        except WorkerLost as error:
            if not waiting.future.done():
                waiting.future.set_exception(Overloaded(f"hashing failed: {error}"))
        else:
            if not waiting.future.done():
                waiting.future.set_result(answer)
        finally:
            self._free.append(worker)
            self._begin()


def _check_size(secret: Secret) -> None:
    if len(secret) > MAX_OCTETS:
        raise WeakPassword(f"a password has at most {MAX_OCTETS} octets")


def _common_passwords() -> frozenset[bytes]:
    """The shipped list (data/README.md says whose it is)."""
    octets = resources.files("gatepost.adapters").joinpath("data/common_passwords.txt").read_bytes()
    return frozenset(octets.lower().split())
