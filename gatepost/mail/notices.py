"""Tells owners of sign-ins that may not have been theirs: one plain message, straight into INBOX.

Straight, because a script that the stranger put there must not get to see it first. Composed here, so that the stdlib's
generator is good enough (mail that came from elsewhere is never written anew). At most a few wait; past that the log must do.
"""

from __future__ import annotations

import asyncio
import email.policy
import email.utils
import os
from collections.abc import Callable
from email.message import EmailMessage

from gatepost.journal import Journal
from gatepost.mail.mailbox import MailboxDoor
from gatepost.model.account import Account
from gatepost.model.events import Delivered, Failed, SignedIn
from gatepost.model.ids import email_object_id
from gatepost.model.mail import Draft
from gatepost.model.units import Duration
from gatepost.ports.clock import Clock
from gatepost.ports.directory import Directory

WAITING = 256
"""Notices that may wait to be written."""

_TEXT = """\
Somebody signed in to your mail account {account} with the right {credential},
from a network that had not been used for this account in a month.

  When:      {when}
  Address:   {client}
  Protocol:  {protocol}
  Client:    {kind}

If this was you (a new device, a journey), there is nothing to do.{held}

If it was not you, somebody knows your {credential}:

  1. {change}
  2. See whether your mail has filters or messages that you did not make.
  3. Tell the administrator of {hostname}.
{attack}
Other new networks within {every} are not told in messages of their own.
"""
_HELD = """
For {hold} only a few messages can be sent from there, and mail cannot be
redirected elsewhere."""
_ATTACK = """
Passwords are being guessed at this server on a large scale at the moment.
"""


class Notices:
    """`tell` queues a notice, `run` writes them. `under_attack` says whether the guard's alarm is on."""

    def __init__(
        self,
        *,
        directory: Directory,
        mailboxes: MailboxDoor,
        journal: Journal,
        clock: Clock,
        hostname: str,
        hold: Duration,
        every: Duration,
        under_attack: Callable[[], bool],
    ) -> None:
        self._directory, self._mailboxes = directory, mailboxes
        self._journal, self._clock, self._hostname = journal, clock, hostname
        self._hold, self._every, self._under_attack = hold, every, under_attack
        self._waiting: asyncio.Queue[SignedIn] = asyncio.Queue(WAITING)

    def tell(self, event: SignedIn) -> None:
        """The owner of `event.login` is to hear of it."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            self._fail(event, "too many notices are waiting")

    async def run(self) -> None:
        """Writes what waits. Ends by cancellation."""
        while True:
            await self._write(await self._waiting.get())

    async def finish(self) -> None:
        """Writes what still waits."""
        while not self._waiting.empty():
            await self._write(self._waiting.get_nowait())

    async def _write(self, event: SignedIn) -> None:
        try:
            account = self._directory.find(event.login)
            await self._deliver(account, self.compose(account, event))
        except Exception as error:  # whatever it is: the next owner is to be told all the same
            self._fail(event, f"{type(error).__name__}: {error}")

    async def _deliver(self, account: Account, message: EmailMessage) -> None:
        content, now = message.as_bytes(), self._clock.now()
        mail = self._mailboxes.open(account)
        inbox = await mail.mailbox("INBOX")
        [stored] = await mail.append_all([Draft(content, (inbox.id,), received=now)])
        self._journal.note(
            Delivered(
                at=now,
                connection="",
                sender="",
                recipient=account.email,
                size=len(content),
                message_id=str(message["Message-ID"]),
                mailboxes=("INBOX",),
                email=email_object_id(stored.email),
            )
        )

    def compose(self, account: Account, event: SignedIn) -> EmailMessage:
        """RFC 5322, plain text; marked as automatic, so that nothing answers it (RFC 3834 §5)."""
        name = event.credential.removeprefix("app:")
        app = event.credential.startswith("app:")
        message = EmailMessage(email.policy.SMTP if account.email.isascii() else email.policy.SMTPUTF8)
        message["Date"] = email.utils.formatdate(self._clock.now())
        message["From"] = f"Mail server <postmaster@{account.email.rpartition('@')[2]}>"
        message["To"] = account.email
        message["Subject"] = f"Sign-in from a new network: {event.client}"
        message["Message-ID"] = f"<{os.urandom(12).hex()}@{self._hostname}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(
            _TEXT.format(
                account=account.email,
                credential=f"app password {name!r}" if app else "password",
                when=email.utils.formatdate(event.at),
                client=event.client,
                protocol=f"{event.door} ({event.mechanism})",
                kind=_shown(event.trace.kind) or "not known",
                held=_HELD.format(hold=_words(self._hold)) if self._hold else "",
                change="Have this app password revoked." if app else "Change your password now.",
                hostname=self._hostname,
                attack=_ATTACK if self._under_attack() else "",
                every=_words(self._every),
            )
        )
        return message

    def _fail(self, event: SignedIn, why: str) -> None:
        self._journal.note(
            Failed(at=self._clock.now(), topic="notice", text=f"to {event.login}: {why}", connection=event.connection)
        )


def _shown(kind: str) -> str:
    """A client's own word for itself, in a text for people."""
    return "".join(c for c in kind if c.isascii() and c.isprintable())[:60]


def _words(span: Duration) -> str:
    """A duration for people who never saw one in a configuration file."""
    for unit, seconds in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if span >= 2 * seconds:
            return f"{round(span / seconds)} {unit}"
    return {86400.0: "24 hours", 3600.0: "an hour"}.get(float(span), f"{round(span)} seconds")
