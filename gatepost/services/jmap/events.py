"""The event source: the account's states, pushed as they change (RFC 8620 §7.3).

A stream ends when the peer is gone (a ban cuts it off), when it is asked to by `closeafter`, and when the server stops.
Changes that come while the peer is slow are told as one.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gatepost.model.account import Account
from gatepost.model.errors import CannotCalculateChanges, Temporary
from gatepost.model.mail import AccountChange
from gatepost.ports.mailstore import AccountMail
from gatepost.services.jmap.limits import Busy, Concurrency
from gatepost.services.jmap.options import JmapOptions
from gatepost.services.jmap.problems import over_limit, problem

TYPES = ("Email", "Mailbox", "Thread", "EmailDelivery", "Quota")


class Ask(msgspec.Struct, frozen=True):
    """What the client wants to hear: types, one event or all, seconds between pings (0 for none), the last id it saw."""

    types: frozenset[str]
    once: bool
    ping: float
    last: str = ""


def read_ask(query: Mapping[str, str], last: str, options: JmapOptions) -> Ask | None:
    """RFC 8620 §7.3; None if it is malformed."""
    types, once, ping = query.get("types", ""), query.get("closeafter", ""), query.get("ping", "")
    if once not in ("state", "no") or not types or not (ping.isascii() and ping.isdigit() and len(ping) <= 9):
        return None
    wanted = frozenset(TYPES if types == "*" else types.split(","))
    seconds = min(max(float(ping), float(options.min_ping)), float(options.max_ping)) if int(ping) else 0.0
    return Ask(wanted & frozenset(TYPES), once == "state", seconds, last)


class Streams:
    """All event streams that are open."""

    def __init__(self, limit: int) -> None:
        self._concurrency = Concurrency(limit)
        self._open: set[EventStream] = set()
        self.stopping = False

    def stop(self) -> None:
        """Ends them all; new ones end at once."""
        self.stopping = True
        for stream in self._open:
            stream.wake()

    def open(self, account: Account, mail: AccountMail, ask: Ask | None) -> Response:
        """The stream as a response."""
        if ask is None:
            return problem(400, "types, closeafter and ping are needed (RFC 8620, section 7.3).")
        return EventStream(self, self._concurrency, account, mail, ask)

    def add(self, stream: EventStream) -> None:
        """It has begun."""
        self._open.add(stream)

    def discard(self, stream: EventStream) -> None:
        """It has ended."""
        self._open.discard(stream)


class EventStream(Response):
    """One stream; see the module."""

    def __init__(
        self, streams: Streams, concurrency: Concurrency, account: Account, mail: AccountMail, ask: Ask
    ) -> None:
        self._streams, self._concurrency = streams, concurrency
        self._account, self._mail, self._ask = account, mail, ask
        self._woken = asyncio.Event()
        self._gone = False
        self._delivered = 0

    def wake(self) -> None:
        """Something happened: look at it."""
        self._woken.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The response, from its head to its end."""
        try:
            with self._concurrency.one(self._account.id):
                await self._stream(receive, send)
        except Busy:
            refusal = over_limit("maxConcurrentRequests", "Too many event streams are open.", 429)
            await refusal(scope, receive, send)

    async def _stream(self, receive: Receive, send: Send) -> None:
        head = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        watching = self._mail.watch(self._changed)
        listening = asyncio.create_task(self._until_gone(receive))
        self._streams.add(self)
        try:
            await self._push(send)
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._streams.discard(self)
            watching()
            listening.cancel()

    def _over(self) -> bool:
        return self._gone or self._streams.stopping

    def _changed(self, change: AccountChange) -> None:
        self.wake()

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self.wake()

    async def _push(self, send: Send) -> None:
        told = await self._states()
        if self._ask.last and (missed := _missed(self._ask.last, told)):
            await self._send_state(send, missed, told)
            if self._ask.once:
                return
        else:
            # The head alone may wait in a proxy's buffer: a comment makes it go out
            await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
        while not self._over():
            if not await self._wait():
                await self._send_ping(send)
                continue
            if self._over():
                return
            states = await self._states()
            changed = {name: state for name, state in states.items() if told.get(name) != state}
            told = states
            if changed:
                await self._send_state(send, changed, states)
                if self._ask.once:
                    return

    async def _wait(self) -> bool:
        """Until something happens; False where it was time for a ping first."""
        try:
            async with asyncio.timeout(self._ask.ping or None):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    async def _states(self) -> dict[str, str]:
        """Type -> state, as each type's /get would tell it; EmailDelivery changes only with new mail (RFC 8621 §1.5)."""
        try:
            states = await self._mail.states()
            if not self._delivered:
                self._delivered = states.email
            elif "EmailDelivery" in self._ask.types and states.email != self._delivered:
                found = await self._mail.email_changes(self._delivered)
                self._delivered = found.modseq if found.created else self._delivered
        except (Temporary, CannotCalculateChanges):
            return {}
        every = {
            "Email": str(states.email),
            "Mailbox": str(states.mailbox),
            "Thread": str(states.thread),
            "EmailDelivery": str(self._delivered),
            "Quota": f"{self._account.quota}-{states.email}",
        }
        return {name: state for name, state in every.items() if name in self._ask.types}

    async def _send_state(self, send: Send, changed: dict[str, str], states: dict[str, str]) -> None:
        value = {"@type": "StateChange", "changed": {self._account.id: changed}}
        event = _event("state", msgspec.json.encode(value), event_id(states))
        await send({"type": "http.response.body", "body": event, "more_body": True})

    async def _send_ping(self, send: Send) -> None:
        data = msgspec.json.encode({"interval": math.ceil(self._ask.ping)})
        await send({"type": "http.response.body", "body": _event("ping", data), "more_body": True})


def _event(name: str, data: bytes, key: str = "") -> bytes:
    numbered = f"id: {key}\n" if key else ""
    return f"event: {name}\n{numbered}data: ".encode() + data + b"\n\n"


def event_id(states: dict[str, str]) -> str:
    """All states in one short text, which the client sends back when it comes again."""
    return ",".join(f"{name}:{state}" for name, state in sorted(states.items()))


def _missed(last: str, states: dict[str, str]) -> dict[str, str]:
    """What is another state than the client's Last-Event-ID says."""
    seen = dict(item.split(":", 1) for item in last.split(",") if ":" in item)
    return {name: state for name, state in states.items() if name in seen and seen[name] != state}
