"""What becomes of a message for one account: its active Sieve script decides; without one, INBOX.

Law: no message is lost. Whatever is wrong with a script (it does not compile, it fails, it names a mailbox that cannot be
had), the message is kept in INBOX and `trouble` says why (RFC 5228 §2.10.6). Nothing is stored here: see intake.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Sequence

import msgspec

from gatepost import __version__
from gatepost.model.account import Account
from gatepost.model.errors import BadMailboxName, BadScript, MailboxExists, NoSuchMailbox
from gatepost.model.flags import NO_FLAGS, Flags
from gatepost.model.mail import Mailbox
from gatepost.model.message import MessageIndex
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.sieve import (
    Action,
    Discard,
    FileInto,
    Keep,
    Limits,
    Outcome,
    Program,
    Redirect,
    Reject,
    RunError,
    StoredMessage,
    compile_script,
)

INBOX = "INBOX"
REMEMBERED = 128
"""Compiled scripts kept, over all accounts."""
INLINE_SCRIPT = 8 * 1024
INLINE_HEADER = 32 * 1024
"""A script and a header of at most so many octets take well under a millisecond together and run on the event loop; a
script that reads bodies, or anything larger, may use up `Limits.steps` (about half a second) and runs in a thread."""
MAX_REASON = 2000
"""Characters of a refusal's reason."""

_UNPRINTABLE = re.compile(r"[^\S\n]+|[\x00-\x09\x0b-\x1f\x7f]+")


class Delivery(msgspec.Struct, frozen=True):
    """One place for the message: a mailbox's path, made if it is missing by then and `create`."""

    mailbox: str
    flags: Flags = NO_FLAGS
    create: bool = False


class FilingDecision(msgspec.Struct, frozen=True):
    """No deliveries, no redirects and no `reject`: the owner's script discards the message. `redirects` are addresses;
    whoever cannot follow them keeps the message (RFC 5228 §4.2). `script` is the active script's name."""

    deliveries: tuple[Delivery, ...] = ()
    reject: str | None = None
    redirects: tuple[str, ...] = ()
    trouble: str = ""
    script: str = ""

    @property
    def discard(self) -> bool:
        """Whether nothing at all is to be done."""
        return not self.deliveries and not self.redirects and self.reject is None


class Filing:
    """Runs each recipient's script. `now` tells the time (tests bring their own)."""

    def __init__(
        self, limits: Limits | None = None, *, hostname: str = "", now: Callable[[], float] = time.time
    ) -> None:
        self._limits = limits or Limits()
        self._hostname, self._now = hostname, now
        self._programs: OrderedDict[bytes, Program | BadScript] = OrderedDict()

    async def decide(
        self,
        mail: AccountMail,
        account: Account,
        envelope_sender: str,
        envelope_recipient: str,
        content: bytes,
        index: MessageIndex,
    ) -> FilingDecision:
        """What the account's script says. Raises what reading the store raises (StorageUnavailable), nothing else."""
        script = next((script for script in await mail.scripts() if script.active), None)
        if script is None:
            return FilingDecision((Delivery(INBOX),))
        around = _Around(
            envelope_sender, envelope_recipient, await mail.mailboxes(), account, self._hostname, self._now
        )
        message = StoredMessage(content, index.root, around)
        try:
            program = await self._program(script.content)
            outcome = await self._run(program, message, script.content)
        except (BadScript, RunError) as error:
            return FilingDecision((Delivery(INBOX),), trouble=str(error), script=script.name)
        return await _decision(mail, outcome, script.name)

    async def _program(self, source: bytes) -> Program:
        """Compiled, from memory if it was compiled before. Raises BadScript."""
        digest = hashlib.sha256(source).digest()
        known = self._programs.get(digest)
        if known is None:
            try:
                if len(source) <= INLINE_SCRIPT:
                    known = compile_script(source, self._limits)
                else:
                    known = await asyncio.to_thread(compile_script, source, self._limits)
            except BadScript as error:
                known = BadScript(error.reason, error.line)
            self._programs[digest] = known
            while len(self._programs) > REMEMBERED:
                self._programs.popitem(last=False)
        else:
            self._programs.move_to_end(digest)
        if isinstance(known, BadScript):
            raise BadScript(known.reason, known.line)  # a new one: a raised exception holds on to its frames
        return known

    async def _run(self, program: Program, message: StoredMessage, source: bytes) -> Outcome:
        header = message.root.body - message.root.start
        if program.reads_body or len(source) > INLINE_SCRIPT or header > INLINE_HEADER:
            return await asyncio.to_thread(program.run, message, self._limits)
        return program.run(message, self._limits)


class _Around:
    """Implements sieve.Surroundings for one delivery."""

    def __init__(
        self,
        envelope_from: str,
        envelope_to: str,
        mailboxes: Sequence[Mailbox],
        account: Account,
        hostname: str,
        now: Callable[[], float],
    ) -> None:
        self.envelope_from, self.envelope_to = envelope_from, envelope_to
        self._paths = {_path_key(mailbox.path) for mailbox in mailboxes}
        self._now = now
        self._items = {  # RFC 5183 §4.1
            "name": "Gatepost",
            "version": __version__,
            "location": "MDA",
            "phase": "during",
            "domain": account.email.rpartition("@")[2],
            "host": hostname,
        }

    def mailbox_exists(self, path: str) -> bool:
        """INBOX in any case, as everywhere."""
        return _path_key(path) in self._paths

    def environment(self, item: str) -> str | None:
        """None for what is not known; the client's address and name are not told to scripts."""
        return self._items.get(item)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now()

    def utc_offset(self, at: float) -> int:
        """The server's own time zone, in minutes."""
        try:
            return time.localtime(at).tm_gmtoff // 60
        except (OverflowError, OSError, ValueError):
            return 0


def _path_key(path: str) -> str:
    first, slash, rest = unicodedata.normalize("NFC", path).partition("/")
    return (INBOX if first.upper() == INBOX else first) + slash + rest


async def _decision(mail: AccountMail, outcome: Outcome, script: str) -> FilingDecision:
    """An outcome with its mailboxes found or made."""
    places: dict[str, Delivery] = {}  # one copy a mailbox; the last flags win (RFC 5228 §2.10.3, RFC 5232 §3)
    redirects: list[str] = []
    reject: str | None = None
    troubles: list[str] = []
    for action in outcome.actions:
        if isinstance(action, Keep | FileInto):
            path, trouble = await _place(mail, action)
            places[path] = Delivery(path, action.flags, _creates(action) and not trouble)
            troubles += [trouble] if trouble else []
        elif isinstance(action, Redirect):
            redirects.append(action.address)
        elif isinstance(action, Reject):
            reject = _UNPRINTABLE.sub(" ", action.reason.strip())[:MAX_REASON] or "The message is refused"
        else:
            assert isinstance(action, Discard)  # it only cancels the implicit keep, which is done (RFC 5228 §4.4)
    return FilingDecision(tuple(places.values()), reject, tuple(redirects), "; ".join(troubles), script)


def _creates(action: Action) -> bool:
    return isinstance(action, FileInto) and action.create


async def _place(mail: AccountMail, action: Keep | FileInto) -> tuple[str, str]:
    """The path that a message goes to, and what went wrong on the way there: a missing mailbox is INBOX
    (RFC 5228 §4.1 leaves that open), and so is one that cannot be made (RFC 5490 §3.2 calls that an error)."""
    if isinstance(action, Keep):
        return INBOX, ""
    shown = action.mailbox[:100]
    try:
        return (await mail.mailbox(action.mailbox)).path, ""
    except (NoSuchMailbox, BadMailboxName):
        if not action.create:
            return INBOX, f"no mailbox {shown!r}: kept in INBOX"
    try:
        return (await mail.create_mailbox(action.mailbox, subscribed=True)).path, ""
    except MailboxExists:
        return action.mailbox, ""
    except BadMailboxName:
        return INBOX, f"cannot make mailbox {shown!r}: kept in INBOX"
