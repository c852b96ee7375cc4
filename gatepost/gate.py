"""The gate: the guard with a clock, keys, a journal and a memory on disk. What the doors and the listener ask.

The guard decides (pure, in `gatepost.guard`); the gate gives it the time, notes what came of it in the journal, keeps
its state durable (bans at once, counters within a second), and applies `enforce = false`. Nothing here waits: every
question is answered from memory on the event loop, which is what makes one attempt atomic over all its keys (law 2).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec

from gatepost.guard.familiarity import Tagger
from gatepost.guard.fingerprints import Fingerprints
from gatepost.guard.options import GuardOptions
from gatepost.guard.verdicts import Admission, Attempt, Lane, Outcome, Refusal, Rule, Settlement, Tags, Ticket
from gatepost.journal import Journal
from gatepost.model.account import Login
from gatepost.model.address import Address, Network, parse_address
from gatepost.model.connection import Connection
from gatepost.model.errors import StorageUnavailable
from gatepost.model.events import (
    Abuse,
    BanEnded,
    Banned,
    Delivered,
    Event,
    Failed,
    GuardLoaded,
    GuardTold,
    SignedIn,
    SignInFailed,
    SignInRefused,
    SignInsTurnedAway,
    SignInUntried,
    Trace,
    Warned,
    is_act,
)
from gatepost.model.secret import Secret
from gatepost.ports.clock import Clock
from gatepost.ports.guardstore import GuardStore, Record
from gatepost.recorded import RecordedGuard, Seconds, as_noted, slot_of

KEY_LIFE = 86400.0
"""Seconds that a fingerprint key is current; it stays readable as long again (GUARD.md, Secrets 2)."""


class Companion(Protocol):
    """Another's state that is kept with the guard's own, in a table of its own."""

    def load(self, records: Iterable[Record]) -> None:
        """Everything the store holds, at start; other tables' records are to be passed over."""
        ...

    def changed(self) -> list[Record]:
        """What changed since the last call."""
        ...


class Gate:
    """One a process. `is_common` tells whether a password is among the commonest; `companion`s are saved along."""

    def __init__(
        self,
        options: GuardOptions,
        *,
        journal: Journal,
        clock: Clock,
        store: GuardStore,
        key: bytes,
        is_common: Callable[[Secret], bool],
        companions: tuple[Companion, ...] = (),
    ) -> None:
        self.options = options
        self._journal, self._clock, self._store = journal, clock, store
        self._tag_key, self._is_common = key, is_common
        self._tagger = Tagger(key)
        self._acts = 0
        self._seconds = Seconds(clock.now())
        self.guard = RecordedGuard(options, key, self._moment, self._told)
        self._fingerprints = Fingerprints(os.urandom(32), os.urandom(32))
        self._rotated = clock.now()
        self._flush = asyncio.Event()
        self._failing = False
        self._turned_away = 0
        self._last_turned_away: Address | None = None
        journal.add(self._learn)
        now, records = clock.now(), tuple(store.load())
        self.guard.load(records, now)
        self._companions = companions
        for companion in companions:
            companion.load(records)
        journal.note(GuardLoaded(now, as_noted(options), len(records)))

    # -- asked at the listener and at every HTTP request -----------------------------------------------------------
    def admit(self, client: Address) -> Admission:
        """Whether a peer is served. Never raises, never waits."""
        if not self.options.enforce:
            return Admission.SERVE
        return self.guard.admit(client, self._clock.now())

    # -- asked by the door `mail.auth` --------------------------------------------------------------------------------
    def turn_away(self, connection: Connection, login: Login, kind: str) -> bool:
        """While too many passwords wait to be looked at: whether to send this attempt away without a charge and without
        looking at its password. Strangers only; one nobody knows and one who is known take the same time."""
        if self.guard.knows(connection.client, login, kind, self._clock.now()):
            return False
        if not self._turned_away:
            asyncio.get_running_loop().call_later(1.0, self._report_turned_away)
        self._turned_away += 1
        self._last_turned_away = connection.client
        return True

    def _report_turned_away(self) -> None:
        count, self._turned_away = self._turned_away, 0
        self._journal.note(SignInsTurnedAway(self._clock.now(), count, str(self._last_turned_away or "")))

    def reserve(
        self,
        connection: Connection,
        login: Login,
        mechanism: str,
        kind: str,
        secret: Secret | None = None,
        token: bool = False,
        may_wait: bool = False,
    ) -> Ticket | Refusal:
        """Takes the attempt's slot, or refuses it; a refusal is in the journal already. In a dry run nothing is
        refused: what would have been is noted, and the attempt goes on uncharged. `may_wait`: the caller asks again when
        too many are in flight, so that this is no refusal yet and is not noted."""
        now = self._moment()
        known_secret = secret if secret is not None and not token else None
        attempt = Attempt(
            source=connection.client,
            login=login,
            door=connection.door,
            mechanism=mechanism,
            kind=kind,
            tags=self._tags(login, known_secret),
            common=known_secret is not None and self._is_common(known_secret),
            token=token,
        )
        answer = self.guard.reserve(attempt, now)
        if may_wait and isinstance(answer, Refusal) and answer.rule is Rule.IN_FLIGHT and not answer.events:
            return answer
        name = self.name_of(login)
        trace = Trace(
            after=self._acts,
            reserved_at=now,
            kind=kind,
            token=token,
            charged=name,
            slot=slot_of(self._tagger, login),
        )
        if isinstance(answer, Ticket):
            trace = msgspec.structs.replace(trace, ticket=answer.number)
            return msgspec.structs.replace(answer, trace=trace)
        order = self._acts + 1
        self._journal.note(
            SignInRefused(
                at=now,
                connection=connection.id,
                door=connection.door,
                client=str(connection.client),
                login=name,
                mechanism=mechanism,
                rule=answer.rule,
                retry_after=round(answer.retry_after, 3),
                trace=msgspec.structs.replace(trace, order=order, charged=""),
            )
        )
        self._perform(answer.events)
        if self.options.enforce:
            return answer
        trace = msgspec.structs.replace(trace, ticket=-order)
        return Ticket(number=0, attempt=attempt, lane=Lane.STRANGER, at=now, trace=trace)

    def settle(
        self,
        ticket: Ticket,
        outcome: Outcome,
        connection: Connection,
        why: str,
        secret: Secret | None = None,
        credential: str = "password",
    ) -> bool:
        """Tells how a reserved attempt ended; exactly once for each ticket. False: it came too late, the source was banned
        while the password was looked at, and even a right one is not to be accepted (law 3)."""
        now = self._moment()
        attempt = ticket.attempt
        # a tag is kept only of a password that was wrong (GUARD.md, Secrets 1)
        tags = self._tags(attempt.login, secret) if outcome is Outcome.WRONG else None
        settled = Settlement() if ticket.number == 0 else self.guard.settle(ticket, outcome, now, tags)
        login = self.name_of(attempt.login)
        trace = msgspec.structs.replace(
            ticket.trace,
            order=self._acts + 1,
            charged="" if ticket.trace.charged == login else ticket.trace.charged,
            common=outcome is Outcome.WRONG and attempt.common,
            before=(tags.same[1], tags.spray[1]) if tags else None,
        )
        about: dict[str, Any] = {
            "at": now,
            "connection": connection.id,
            "door": connection.door,
            "client": str(connection.client),
            "login": login,
            "mechanism": attempt.mechanism,
            "trace": trace,
        }
        if outcome is Outcome.RIGHT and not settled.too_late:
            first = settled.first_from_here
            self._journal.note(
                SignedIn(
                    **about,
                    lane=ticket.lane,
                    credential=credential,
                    first_from_here=first,
                    known_elsewhere=settled.known_elsewhere,
                )
            )
        elif outcome is Outcome.UNTRIED:
            self._journal.note(SignInUntried(**about))
        else:
            self._journal.note(
                SignInFailed(
                    **about,
                    lane=ticket.lane,
                    counted=settled.counted,
                    why=_reason(settled, why),
                    tags=(tags.same[0], tags.spray[0]) if tags else (0, 0),
                )
            )
        self._perform(settled.events)
        return not settled.too_late

    def name_of(self, login: Login) -> str:
        """A login as it may be logged: itself where it exists, else a keyed tag (it is often a mistyped password)."""
        if login.account is not None:
            return login.key
        return "~" + hmac.new(self._tag_key, login.key.encode(), hashlib.sha256).hexdigest()[:12]

    def _tags(self, login: Login, secret: Secret | None) -> Tags | None:
        return None if secret is None else self._fingerprints.tags(login.key, secret.reveal())

    # -- administration ---------------------------------------------------------------------------------------------
    async def ban(self, network: Network, seconds: float | None, reason: str, by: str) -> None:
        """By hand, durable on return. Raises guard.engine.CannotBan, StorageUnavailable."""
        self._perform(self.guard.ban(network, self._moment(), seconds, reason, by))
        await self.save()

    async def lift(self, network: Network, by: str) -> int:
        """Ends the bans on and within `network` and clears what led to them, durable on return; how many there were."""
        events = self.guard.lift(network, self._moment(), by)
        self._perform(events)
        await self.save()
        return len(events)

    async def close_login(self, login: Login, seconds: float | None, reason: str) -> float:
        """Closes an account to strangers by hand, durable on return; when they may try again. Where `seconds` is None:
        for as long as a first ban."""
        now, length = self._moment(), float(self.options.ban_time) if seconds is None else seconds
        events = self.guard.close_login(login, now, length)
        self._told(GuardTold(now, "close", self.name_of(login), reason, "", length, slot_of(self._tagger, login)))
        self._perform(events)
        await self.save()
        return now + length

    async def lift_login(self, login: Login) -> bool:
        """Reopens an account, durable on return."""
        now = self._moment()
        lifted = self.guard.lift_login(login.key, now)
        self._told(GuardTold(now, "reopen", self.name_of(login), slot=slot_of(self._tagger, login)))
        await self.save()
        return lifted

    async def save(self) -> None:
        """Writes what changed. Raises StorageUnavailable; the guard then goes on in memory and it is tried again."""
        records = [*self.guard.changed(), *(each for companion in self._companions for each in companion.changed())]
        if not records:
            return
        try:
            await self._store.save(records)
        except StorageUnavailable as error:
            self.guard.unsaved(records)
            if not self._failing:
                self._failing = True
                self._journal.note(Failed(at=self._clock.now(), topic="guard-store", text=str(error)))
            raise
        if self._failing:
            self._failing = False
            self._journal.note(Warned(at=self._clock.now(), topic="guard-store", text="guard state is durable again"))

    # -- in the background ------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Expires bans, rotates keys and saves: every second, and at once when there is a ban. Ends by cancellation."""
        while True:
            try:
                async with asyncio.timeout(1.0):
                    await self._flush.wait()
            except TimeoutError:
                pass
            self._flush.clear()
            now = self._moment()
            if now - self._rotated >= KEY_LIFE:
                self._fingerprints.rotate(os.urandom(32), os.urandom(32))
                self._rotated = now
            try:
                await self.save()
            except StorageUnavailable:
                continue

    def _moment(self) -> float:
        """The time, once the guard has ticked for every second that began meanwhile."""
        now = self._clock.now()
        self._pass(now)
        return now

    def _pass(self, now: float) -> None:
        if self._seconds.jumped(now):
            self._seconds.jump(now)
            self._told(GuardTold(now, "clock", ""))
        for second in self._seconds.until(now):
            self._perform(self.guard.tick(second))

    def _told(self, event: GuardTold) -> None:
        self._journal.note(msgspec.structs.replace(event, order=self._acts + 1))

    def _perform(self, events: Iterable[Event]) -> None:
        for event in events:
            self._journal.note(event)
            if isinstance(event, (Banned, BanEnded)):
                self._flush.set()

    def _learn(self, event: Event) -> None:
        """The guard's ear at the journal: what the doors report besides passwords."""
        if is_act(event):
            self._acts += 1
        if isinstance(event, Abuse):
            self._pass(event.at)
            self._perform(self.guard.abuse(parse_address(event.client), event.kind, event.at, event.door))
        elif isinstance(event, Delivered) and event.client:
            self._pass(event.at)
            self.guard.accepted(parse_address(event.client), event.at)


def _reason(settled: Settlement, why: str) -> str:
    if settled.too_late:
        return "banned"
    return settled.why if settled.why in ("repeated", "previous") else why


__all__ = ["Gate", "Rule"]
