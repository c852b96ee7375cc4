"""The one way a message enters: MX, submission and (later) the queue hand messages in here.

The order: everything is decided first (each recipient's Sieve script), then everything is stored; success means that it
is on disk for every recipient. If storing fails half-way, the sender is told to try again and those who have it already
are remembered, so that the second try gives nobody a second copy.
"""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import itertools
import re
from collections import OrderedDict

import msgspec

from gatepost.journal import Journal
from gatepost.mail.filing import Delivery, Filing, FilingDecision
from gatepost.mail.mailbox import MailboxDoor
from gatepost.model.account import Account, AccountId
from gatepost.model.connection import Connection
from gatepost.model.envelope import Envelope, Receipt
from gatepost.model.errors import (
    GatepostError,
    MailboxExists,
    MessageRefused,
    MessageTooLarge,
    NoSuchAccount,
    NoSuchMailbox,
    NotLocal,
    OverQuota,
    StorageUnavailable,
    Temporary,
)
from gatepost.model.events import Delivered, DeliveryFailed, ScriptTrouble
from gatepost.model.flags import Flags
from gatepost.model.ids import email_object_id
from gatepost.model.mail import Draft, MailboxId
from gatepost.model.mailaddr import BadMailAddress
from gatepost.model.message import MessageIndex
from gatepost.ports.clock import Clock
from gatepost.ports.directory import Directory
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.mime import header_fields, index_message

MAX_HOPS = 100
"""Received fields above which a message is taken to loop (RFC 5321 §6.3)."""
MAX_REDIRECTS = 4
"""Redirects that one message may pass through on this server."""
REMEMBER_TRIES = 1000


_CONTROLS = re.compile(r"(?!^\t)[\x00-\x1f\x7f]")
"""Nothing of an envelope may end a header line."""
INLINE = 256 * 1024
"""Octets up to which a message is indexed on the event loop (about a millisecond); a larger one is given to a thread."""


class MailLoop(GatepostError):
    """The message has passed through too many servers."""


class _Job(msgspec.Struct, frozen=True):
    """One recipient's copy: who, as which address, and what their script decided."""

    account: Account
    recipient: str
    decision: FilingDecision


class Intake:
    """Takes messages for local accounts; success means on disk for every recipient."""

    def __init__(
        self,
        *,
        directory: Directory,
        mailboxes: MailboxDoor,
        filing: Filing,
        journal: Journal,
        clock: Clock,
        hostname: str,
        max_message: int,
    ) -> None:
        self.max_message = max_message
        self._directory, self._mailboxes, self._filing = directory, mailboxes, filing
        self._journal, self._clock, self._hostname = journal, clock, hostname
        self._numbers = itertools.count(1)
        self._half_done: OrderedDict[bytes, set[AccountId]] = OrderedDict()

    def check_recipient(self, connection: Connection, address: str) -> tuple[Account, ...]:
        """Who gets mail for `address`. Raises NotLocal, NoSuchAccount, BadMailAddress. `postmaster` without a domain is
        the default domain's (RFC 5321 §4.5.1)."""
        if address.lower() == "postmaster":
            domains = self._directory.domains()
            if not domains:
                raise NoSuchAccount(address)
            address = f"postmaster@{domains[0]}"
        return self._directory.recipients(address)

    async def take(self, connection: Connection, envelope: Envelope, content: bytes) -> Receipt:
        """Adds Return-Path and Received, runs each recipient's Sieve script, stores. Raises MessageTooLarge, MailLoop,
        MessageRefused (every recipient's script refuses it), OverQuota, StorageUnavailable, Overloaded."""
        if len(content) > self.max_message:
            raise MessageTooLarge(f"{len(content)} octets, {self.max_message} are taken")
        identity = f"{connection.id}.{next(self._numbers)}"
        now = self._clock.now()
        stored = self._trace(connection, envelope, identity, now) + content
        try:
            index = await indexed(stored)
            if sum(name.lower() == "received" for name, _ in header_fields(stored, index.root)) > MAX_HOPS:
                raise MailLoop("too many hops")
            jobs = await self._decide(connection, envelope, stored, index)
            key = hashlib.sha256(repr((envelope.sender, envelope.recipients)).encode() + content).digest()
            await self._store_all(connection, envelope, stored, index, jobs, key, now)
        except GatepostError as error:
            self._journal.note(
                DeliveryFailed(
                    at=now,
                    connection=connection.id,
                    sender=envelope.sender,
                    recipient=", ".join(envelope.recipients[:5]),
                    size=len(content),
                    why=f"{type(error).__name__}: {error}",
                    temporary=isinstance(error, Temporary),
                )
            )
            raise
        return Receipt(identity, len(jobs))

    # -- deciding -------------------------------------------------------------------------------------------------------
    async def _decide(
        self, connection: Connection, envelope: Envelope, stored: bytes, index: MessageIndex
    ) -> list[_Job]:
        jobs: dict[AccountId, _Job] = {}
        waiting = [(recipient, 0) for recipient in envelope.recipients]
        while waiting:
            recipient, depth = waiting.pop(0)
            for account in self.check_recipient(connection, recipient):
                if account.id in jobs:
                    continue
                mail = self._mailboxes.open(account)
                decision = await self._filing.decide(mail, account, envelope.sender, recipient, stored, index)
                decision, onward = self._redirects(account, decision, depth, jobs)
                waiting += [(address, depth + 1) for address in onward]
                jobs[account.id] = _Job(account, recipient, decision)
        return self._refusals(list(jobs.values()))

    def _refusals(self, jobs: list[_Job]) -> list[_Job]:
        refusals = [job for job in jobs if job.decision.reject is not None]
        if refusals and len(refusals) == len(jobs):
            raise MessageRefused(refusals[0].decision.reject or "")
        return [self._kept_though_refused(job) if job in refusals else job for job in jobs]

    def _redirects(
        self, owner: Account, decision: FilingDecision, depth: int, jobs: dict[AccountId, _Job]
    ) -> tuple[FilingDecision, list[str]]:
        """Redirects to our own addresses are followed; elsewhere nothing is sent yet, and a circle leads nowhere: the
        message is kept then."""
        onward: list[str] = []
        stuck: list[str] = []
        for address in decision.redirects:
            try:
                targets = self._directory.recipients(address)
            except (NotLocal, NoSuchAccount, BadMailAddress):
                targets = ()
            if depth < MAX_REDIRECTS and any(target.id != owner.id and target.id not in jobs for target in targets):
                onward.append(address)
            elif not any(target.id in jobs and jobs[target.id].decision.deliveries for target in targets):
                stuck.append(address)
        if stuck:
            decision = msgspec.structs.replace(
                decision,
                deliveries=decision.deliveries or (Delivery("INBOX"),),
                trouble=decision.trouble or f"cannot redirect to {', '.join(stuck)}: kept",
            )
        return decision, onward

    def _kept_though_refused(self, job: _Job) -> _Job:
        """Others accept the message, so its sender is told that it arrived: it may not vanish for this one (there is no
        queue yet to send the refusal by mail)."""
        decision = msgspec.structs.replace(
            job.decision,
            reject=None,
            deliveries=(Delivery("INBOX"),),
            trouble="could not refuse a message that other recipients accept: kept",
        )
        return _Job(job.account, job.recipient, decision)

    # -- storing --------------------------------------------------------------------------------------------------------
    async def _store_all(
        self,
        connection: Connection,
        envelope: Envelope,
        stored: bytes,
        index: MessageIndex,
        jobs: list[_Job],
        key: bytes,
        now: float,
    ) -> None:
        done = self._half_done.pop(key, set())
        failed: GatepostError | None = None
        for job in jobs:
            if job.account.id in done:
                continue
            try:
                await self._store(connection, envelope, stored, index, job, now)
            except (OverQuota, StorageUnavailable) as error:
                failed = error
                continue
            done.add(job.account.id)
        if failed is not None:
            if done:
                self._half_done[key] = done
                while len(self._half_done) > REMEMBER_TRIES:
                    self._half_done.popitem(last=False)
            raise failed

    async def _store(
        self,
        connection: Connection,
        envelope: Envelope,
        stored: bytes,
        index: MessageIndex,
        job: _Job,
        now: float,
    ) -> None:
        if job.decision.trouble:
            self._journal.note(
                ScriptTrouble(at=now, account=job.account.email, script=job.decision.script, text=job.decision.trouble)
            )
        mail = self._mailboxes.open(job.account)
        by_flags: dict[Flags, list[tuple[MailboxId, str]]] = {}
        for delivery in job.decision.deliveries:
            mailbox, path = await self._mailbox(mail, delivery)
            places = by_flags.setdefault(delivery.flags, [])
            if all(mailbox != place for place, _ in places):
                places.append((mailbox, path))
        drafts = [
            Draft(stored, tuple(mailbox for mailbox, _ in places), flags, now, index)
            for flags, places in by_flags.items()
        ]
        email_id = ""
        if drafts:
            kept = await mail.append_all(drafts)
            email_id = email_object_id(kept[0].email)
        self._journal.note(
            Delivered(
                at=now,
                connection=connection.id,
                sender=envelope.sender,
                recipient=job.recipient,
                size=len(stored),
                message_id=index.message_id,
                mailboxes=tuple(path for places in by_flags.values() for _, path in places),
                email=email_id,
                client=str(connection.client),
            )
        )

    async def _mailbox(self, mail: AccountMail, delivery: Delivery) -> tuple[MailboxId, str]:
        try:
            mailbox = await mail.mailbox(delivery.mailbox)
        except NoSuchMailbox:
            if not delivery.create:
                mailbox = await mail.mailbox("INBOX")
            else:
                try:
                    mailbox = await mail.create_mailbox(delivery.mailbox, subscribed=True)
                except MailboxExists:
                    mailbox = await mail.mailbox(delivery.mailbox)
        return mailbox.id, mailbox.path

    # -- trace fields -----------------------------------------------------------------------------------------------------
    def _trace(self, connection: Connection, envelope: Envelope, identity: str, now: float) -> bytes:
        """Return-Path and Received (RFC 5321 §4.4); with several recipients nobody is told of the others."""
        client = f"IPv6:{connection.client}" if connection.client.version == 6 else str(connection.client)
        date = email.utils.formatdate(now, localtime=False, usegmt=False)
        one = envelope.recipients[0] if len(envelope.recipients) == 1 else ""
        lines = [
            f"Return-Path: <{envelope.sender}>",
            f"Received: from {envelope.helo or 'unknown'} ([{client}])",
            f"\tby {self._hostname} with {envelope.protocol} id {identity}",
        ]
        if connection.tls:
            lines.append(f"\t({connection.tls})")
        if one:
            lines.append(f"\tfor <{one}>")
        lines[-1] += ";"
        lines.append(f"\t{date}")
        return b"".join(_CONTROLS.sub("", line).encode() + b"\r\n" for line in lines)


async def indexed(content: bytes) -> MessageIndex:
    """The index of a message, made without keeping the event loop waiting."""
    if len(content) <= INLINE:
        return index_message(content)
    return await asyncio.to_thread(index_message, content)
