"""What a client wants to hear of at any time (RFC 5465, RFC 5464 §4.4), and what happened of it since it was last told.

Law: what waits is bounded; past the bound the client is told so, and no more is noted (RFC 5465 §5.8).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from gatepost.model.account import AccountId
from gatepost.model.mail import SEPARATOR, AccountChange, Annotated, Mailbox, MailboxEvent, MailboxId
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.imap.commands.fetch import Item
from gatepost.proto.imap.commands.notify import (
    MAILBOX_METADATA,
    MAILBOX_NAME,
    MESSAGE_NEW,
    SELECTED,
    SELECTED_DELAYED,
    SERVER_METADATA,
    SUBSCRIPTION_CHANGE,
)
from gatepost.services.imap.selected import Selected

MAX_WAITING = 2000
"""Mailboxes that changed, and other events, that wait to be told."""
_OF_MAILBOXES = frozenset({MAILBOX_NAME, SUBSCRIPTION_CHANGE})


class Group(msgspec.Struct, frozen=True):
    """An event group with its names decoded (RFC 5465 §6)."""

    specifier: str
    paths: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    items: tuple[Item, ...] = ()

    @property
    def of_selected(self) -> bool:
        """Whether it is about the selected mailbox."""
        return self.specifier in (SELECTED, SELECTED_DELAYED)

    def covers(self, path: str, own: bool, subscribed: bool) -> bool:
        """Whether a mailbox that is not selected is among those that it is about. Every mailbox of one's own may get mail
        (§6.3), so that `inboxes` are all of them."""
        match self.specifier:
            case "INBOXES" | "PERSONAL":
                return own
            case "SUBSCRIBED":
                return subscribed
            case "MAILBOXES":
                return path in self.paths
            case "SUBTREE":
                return any(path == top or path.startswith(top + SEPARATOR) for top in self.paths)
        return False


class Notices:
    """`groups` is None as long as NOTIFY was not used; `metadata`: METADATA was enabled. Mailboxes wait as (whose, which):
    whether messages came or went there. What others share is `shown`, by id and path as the client was told; `doubtful` are
    those where that may be something else now."""

    def __init__(self, user: AccountId) -> None:
        self._user = user
        self.groups: tuple[Group, ...] | None = None
        self.metadata = False
        self.touched: dict[tuple[AccountId, MailboxId], bool] = {}
        self.waiting: list[tuple[AccountId, MailboxEvent | Annotated]] = []
        self.doubtful: set[AccountId] = set()
        self.shown: dict[AccountId, dict[MailboxId, str]] = {}
        self.overrun = False
        self.mails: dict[AccountId, AccountMail] = {}
        self._ends: list[Callable[[], None]] = []

    # -- what is wanted --------------------------------------------------------------------------------------------------
    @property
    def of_selected(self) -> Group | None:
        """What the client wants to hear of the selected mailbox; None: nothing was said, all of it at the usual times."""
        if self.groups is None:
            return None
        return next((group for group in self.groups if group.of_selected), Group(SELECTED))

    def events_of(self, path: str, account: AccountId, subscribed: bool) -> frozenset[str]:
        """What the client wants to hear of another mailbox."""
        own = account == self._user
        found = [group.events for group in self.groups or () if group.covers(path, own, subscribed)]
        return frozenset().union(*found)

    def wants(self, *events: str) -> bool:
        """Whether one of these is wanted of any mailbox but the selected one."""
        return any(not group.of_selected and not group.events.isdisjoint(events) for group in self.groups or ())

    def of_mailbox(self, mailbox: Mailbox, account: AccountId) -> frozenset[str]:
        """As `events_of`."""
        return self.events_of(mailbox.path, account, mailbox.subscribed)

    # -- what happens ----------------------------------------------------------------------------------------------------
    def watch(
        self, mails: Sequence[AccountMail], selected: Callable[[], Selected | None], wake: Callable[[], None]
    ) -> None:
        """From now on what others do in `mails` is noted, as far as somebody wants to hear of it."""
        self.deafen()
        for mail in mails:
            self.mails[mail.account] = mail
            self._ends.append(mail.watch(self._noting(mail.account, selected, wake), others=True))

    def _noting(
        self, account: AccountId, selected: Callable[[], Selected | None], wake: Callable[[], None]
    ) -> Callable[[AccountChange], None]:
        def changed(change: AccountChange) -> None:
            before = self._waiting
            if self.wants(MESSAGE_NEW):
                self._note_messages(account, change, selected())
            if change.events and self.wants(*_OF_MAILBOXES):
                self.waiting += [(account, event) for event in change.events]
            if change.granted and account in self.shown:
                self.doubtful.add(account)
            if change.annotated and (self.metadata or self.wants(MAILBOX_METADATA, SERVER_METADATA)):
                self.waiting += [(account, each) for each in change.annotated if each.owner in ("", self._user)]
            if self._waiting > MAX_WAITING:
                self.forget()
                self.overrun = True
            if self.overrun or self._waiting > before:
                wake()

        return changed

    @property
    def _waiting(self) -> int:
        return len(self.touched) + len(self.waiting) + len(self.doubtful)

    def _note_messages(self, account: AccountId, change: AccountChange, view: Selected | None) -> None:
        for mailbox in change.mailboxes - (change.granted - change.counted):
            if view is None or view.mailbox != mailbox or view.mail.account != account:
                counted = mailbox in change.counted
                self.touched[account, mailbox] = self.touched.pop((account, mailbox), False) or counted

    def forget(self) -> None:
        """What waits is not told."""
        self.touched.clear()
        self.waiting.clear()
        self.doubtful.clear()

    def deafen(self) -> None:
        """Nothing is noted any more."""
        for end in self._ends:
            end()
        self._ends.clear()
        self.mails.clear()
        self.shown.clear()
        self.forget()
