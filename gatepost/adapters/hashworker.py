"""The server's end of one hashing process: starts it when it is first needed, and again when it died."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from typing import TypeVar

import msgspec

from gatepost.adapters.hashing import LARGEST, PROMPT, Request

T = TypeVar("T")
_GRACE = 2.0  # seconds for the last computation


class WorkerLost(Exception):
    """The process ended before it answered."""


class HashWorker:
    """Ask it one thing at a time. `manner` is one of hashing's."""

    def __init__(self, manner: str = PROMPT) -> None:
        self.manner = manner
        self._sock: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process, if it does not run: some milliseconds. Raises OSError."""
        if self._sock is not None:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
                [sys.executable, "-m", "gatepost.adapters.hashing", str(theirs.fileno()), self.manner],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                process_group=0,  # no new session: niceness would count for nothing against another one (autogroups)
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        self._sock = ours

    async def ask(self, request: Request, kind: type[T]) -> T:
        """The answer. Raises WorkerLost; the next question starts a new process."""
        try:
            self.start()
            assert self._sock is not None
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(self._sock, msgspec.msgpack.encode(request))
            octets = await loop.sock_recv(self._sock, LARGEST)
        except OSError as error:
            self._lose()
            raise WorkerLost(str(error)) from error
        except asyncio.CancelledError:
            self._lose()  # its answer would be taken for another's
            raise
        if not octets:
            self._lose()
            raise WorkerLost("the hashing process ended")
        return msgspec.msgpack.decode(octets, type=kind)

    def _hang_up(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _lose(self) -> None:
        self._hang_up()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Ends the process; waits for the computation under way. Not for the event loop."""
        self._hang_up()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
            self._lose()
