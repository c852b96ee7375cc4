"""The administration socket: JSON, one object a line, over a Unix socket in the data folder that only its owner may open.

Request: `{"operation": "ban.list", "arguments": {}}`. Answer: `{"result": ...}` or `{"refused": "one sentence"}`. One
operation, `guard.watch`, answers with lines until the asker hangs up (watch.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec

from gatepost.journal import Journal
from gatepost.model.events import Failed
from gatepost.ports.clock import Clock
from gatepost.services.admin import watch
from gatepost.services.admin.operations import Administration, Refused

MAX_LINE = 1024 * 1024


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line from the command line."""

    operation: str
    arguments: dict[str, Any] = {}


class AdminSocket:
    """Whoever can open the socket (mode 0600) may do everything."""

    def __init__(self, administration: Administration, path: Path, journal: Journal, clock: Clock) -> None:
        self._administration, self._path = administration, path
        self._journal, self._clock = journal, clock
        self._server: asyncio.AbstractServer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchers = watch.Watchers()
        journal.add(self._watchers)

    async def start(self) -> None:
        """Listens; a socket left by a killed server is replaced (the folder's lock says that it is nobody's)."""
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=MAX_LINE)
        finally:
            os.umask(before)

    async def stop(self) -> None:
        """Ends at once; an operation under way is finished first."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while line := await reader.readline():
                if _asks_to_watch(line) and not self._watchers.full:
                    await self._watch(writer)
                    break
                writer.write(msgspec.json.encode(await asyncio.shield(self._answer(line))) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            with contextlib.suppress(Exception):
                writer.close()

    async def _watch(self, writer: asyncio.StreamWriter) -> None:
        """Until the asker hangs up or the server stops. `drain` waits for a slow reader; the journal does not."""
        async with contextlib.aclosing(self._watchers.lines()) as lines:
            async for line in lines:
                writer.write(msgspec.json.encode(line) + b"\n")
                await writer.drain()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(line, type=Request)
            return {"result": await self._administration.call(request.operation, request.arguments)}
        except Refused as error:
            return {"refused": str(error)}
        except msgspec.MsgspecError as error:
            return {"refused": f"not a request: {error}"}
        except Exception as error:
            self._journal.note(Failed(at=self._clock.now(), topic="administration", text=repr(error)))
            return {"refused": "the server failed to do that; its log says why"}


def _asks_to_watch(line: bytes) -> bool:
    try:
        return msgspec.json.decode(line, type=Request).operation == watch.OPERATION
    except msgspec.MsgspecError:
        return False
