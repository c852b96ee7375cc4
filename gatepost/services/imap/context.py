"""What commands are given: the house, the client's connection, and what is known of the client so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from gatepost.journal import Journal
from gatepost.mail.access import AccessLists
from gatepost.mail.auth import AuthDoor
from gatepost.mail.mailbox import MailboxDoor, lies_with_others
from gatepost.mail.shared import require
from gatepost.model.account import Account, AccountId
from gatepost.model.errors import NoSuchMailbox
from gatepost.model.mail import Mailbox
from gatepost.net.conversation import FLUSH_AT, Budget, Conversation
from gatepost.net.wire import Wire
from gatepost.ports.clock import Clock
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.imap.commands.notify import SELECTED
from gatepost.proto.imap.engine import ImapEngine
from gatepost.proto.imap.events import Event
from gatepost.proto.imap.names import BadName, NotUtf8, decode_name, kept_form
from gatepost.proto.imap.render.status import Status, bad, no, ok
from gatepost.services.imap.notices import Notices
from gatepost.services.imap.options import ImapOptions
from gatepost.services.imap.selected import Selected


class Refused(Exception):
    """A command's early end; `status` is its answer."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.text)
        self.status = status


class Place(NamedTuple):
    """A mailbox, and the mail that it lies in."""

    mail: AccountMail
    mailbox: Mailbox


@dataclass(frozen=True, slots=True)
class House:
    """What every IMAP session shares."""

    auth: AuthDoor
    mailboxes: MailboxDoor
    access: AccessLists
    journal: Journal
    clock: Clock
    budget: Budget
    hostname: str
    options: ImapOptions
    max_message: int


@dataclass(slots=True)
class Context:
    """One client's session. `enabled` holds what ENABLE turned on, and CONDSTORE however it came on. `kind` is the
    coarse fingerprint that the guard gets. `notices` are what NOTIFY and ENABLE METADATA ask for. `over` ends the
    conversation, `upgrade` asks for TLS, `compressed` for compression."""

    house: House
    wire: Wire
    engine: ImapEngine
    talk: Conversation[Event]
    account: Account | None = None
    mail_of: AccountMail | None = None
    view: Selected | None = None
    enabled: set[str] = field(default_factory=set)
    kind: str = "imap"
    tag: str = ""
    idling: bool = False
    over: bool = False
    upgrade: bool = False
    compressed: bool = False
    unwatch: Callable[[], None] | None = None
    notices: Notices | None = None

    # -- who and where -------------------------------------------------------------------------------------------------
    @property
    def mail(self) -> AccountMail:
        """The signed-in account's own mail; the command table sees to it that somebody is signed in. What a command's
        mailbox lies in is `place`'s answer, and for the selected one `selected.mail`."""
        assert self.mail_of is not None
        return self.mail_of

    @property
    def user(self) -> AccountId:
        """Who is signed in."""
        assert self.account is not None
        return self.account.id

    @property
    def selected(self) -> Selected:
        """The selected mailbox. Raises Refused where it was deleted under the command."""
        if self.view is None:
            raise Refused(no("The selected mailbox was deleted", "NONEXISTENT"))
        return self.view

    @property
    def writable(self) -> Selected:
        """The selected mailbox, unless it was opened by EXAMINE. Raises Refused."""
        if self.selected.read_only:
            raise Refused(no("The mailbox is open read-only", "NOPERM"))
        return self.selected

    # -- what was enabled ------------------------------------------------------------------------------------------------
    @property
    def rev2(self) -> bool:
        """Whether the client enabled IMAP4rev2."""
        return "IMAP4REV2" in self.enabled

    @property
    def utf8(self) -> bool:
        """Whether names and strings are UTF-8 (RFC 9051 §5.1, RFC 6855 §3)."""
        return self.rev2 or "UTF8=ACCEPT" in self.enabled

    @property
    def qresync(self) -> bool:
        """Whether expunges are told as VANISHED (RFC 7162 §3.2.3)."""
        return "QRESYNC" in self.enabled

    @property
    def condstore(self) -> bool:
        """Whether the client knows modseqs (RFC 7162 §3.1)."""
        return "CONDSTORE" in self.enabled

    def use_condstore(self) -> None:
        """A CONDSTORE-enabling command came; the first one in a selected mailbox is told its HIGHESTMODSEQ
        (RFC 7162 §3.1)."""
        if not self.condstore:
            self.enabled.add("CONDSTORE")
            if self.view is not None:
                self.send(ok("Highest modseq", f"HIGHESTMODSEQ {max(1, self.view.modseq)}").render())

    # -- names -------------------------------------------------------------------------------------------------------------
    def name(self, octets: bytes) -> str:
        """A mailbox's path from a command. Raises Refused."""
        try:
            path = decode_name(octets, self.utf8)
        except NotUtf8:  # RFC 6855 §3
            raise Refused(bad("That is not UTF-8", "CLIENTBUG")) from None
        except BadName:
            raise Refused(no("That is no mailbox name", "CANNOT")) from None
        return kept_form(path)

    async def mail_at(self, path: str) -> AccountMail:
        """The mail that a path lies in, whether there is a mailbox of that name or not. Raises NoSuchMailbox."""
        if not lies_with_others(path):
            return self.mail
        assert self.account is not None
        found = await self.house.mailboxes.at(self.account, path)
        if found.account == self.mail.account:
            return self.mail
        return found if self.notices is None else self.notices.mails.get(found.account, found)

    async def place(self, octets: bytes, *rights: str) -> Place:
        """The mailbox that a command names, and for which it needs `rights`. Raises Refused, NoSuchMailbox, NotPermitted."""
        path = self.name(octets)
        mail = await self.mail_at(path)
        mailbox = await mail.mailbox(path)
        if rights:
            await require(mail, mailbox.id, *rights)
        return Place(mail, mailbox)

    def owner_of(self, mail: AccountMail) -> AccountId | None:
        """Whose mail it is where it is another's: what object ids are given with (`model.ids`)."""
        return None if mail.account == self.mail.account else mail.account

    async def target(self, octets: bytes) -> Place:
        """The mailbox that a message is to go to. Raises Refused with TRYCREATE, NoSuchMailbox never."""
        try:
            return await self.place(octets)
        except NoSuchMailbox:
            raise Refused(no("There is no such mailbox", "TRYCREATE")) from None

    # -- being told at any time (RFC 5465) ---------------------------------------------------------------------------------
    @property
    def listening(self) -> bool:
        """Whether the client takes notifications while it waits."""
        return self.idling or (self.notices is not None and self.notices.groups is not None)

    @property
    def deaf(self) -> bool:
        """Whether the client does not want to hear of messages in the selected mailbox."""
        wanted = None if self.notices is None else self.notices.of_selected
        return wanted is not None and not wanted.events

    @property
    def told_at_once(self) -> bool:
        """Whether EXPUNGE is told between commands too."""
        wanted = None if self.notices is None else self.notices.of_selected
        return wanted is not None and wanted.specifier == SELECTED and bool(wanted.events)

    def rouse(self) -> None:
        """Something happened that a listening client is to be told at once."""
        if self.listening:
            self.wire.wake()

    # -- output --------------------------------------------------------------------------------------------------------------
    def send(self, octets: bytes) -> None:
        """Queues rendered responses."""
        self.engine.send(octets)

    async def relieve(self) -> None:
        """Flushes what is queued once it is much, so that memory stays flat."""
        if self.engine.queued > FLUSH_AT:
            await self.talk.flush()

    # -- the selected mailbox ----------------------------------------------------------------------------------------------
    def unselect(self) -> None:
        """Forgets the selected mailbox."""
        if self.unwatch is not None:
            self.unwatch()
        self.view = self.unwatch = None

    def deafen(self) -> None:
        """Forgets what the client wanted to hear."""
        if self.notices is not None:
            self.notices.deafen()
        self.notices = None
