"""What happened: the one vocabulary that the journal carries to the log, the guard, and (later) metrics and webhooks.

Every event is frozen, has `at` in seconds since the epoch, and no secret: a login that nobody has is a keyed tag
(`~4f1d…`), since it is often a password typed into the wrong field.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

import msgspec


class Severity(StrEnum):
    """How loudly the log says it."""

    DEBUG = "debug"
    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why there is a ban: at most the last 8 different logins (known ones by name, others as tags) and doors."""

    reason: str
    doors: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    failures: int = 0
    first: float = 0.0
    last: float = 0.0


class Trace(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a replay needs to know of an attempt besides what its event says. Acts are the events for which `is_act` holds,
    numbered from 1 in each process; each stands for one or two questions that the guard was asked.

    `order` is the act's own number, `after` that of the last act before the slot was reserved, `ticket` the order among
    slots (below 0: a dry run let the attempt refused by act `-ticket` go on, and nothing was charged), `reserved_at` when
    it was. `kind` and `token` as in guard.verdicts.Attempt; `charged` the login that was charged, where it is not the
    event's (app passwords); `slot` the counters that it shares with other unknown logins, -1 for known ones. `common` and
    `before` (the tags under yesterday's keys) are set of wrong passwords only: of a right one, or of one that nobody looked
    at, nothing is ever said.
    """

    order: int = 0
    after: int = 0
    ticket: int = 0
    reserved_at: float = 0.0
    kind: str = ""
    token: bool = False
    charged: str = ""
    slot: int = -1
    common: bool = False
    before: tuple[int, int] | None = None


UNTRACED = Trace()


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The server is ready: `listening` as `imap 127.0.0.1:1143`."""

    at: float
    version: str
    listening: tuple[str, ...]
    drop: str
    """How banned peers are refused: `kernel` or `acceptor`."""


class Stopping(msgspec.Struct, frozen=True, tag="stopping"):
    """The server begins to stop."""

    at: float
    reason: str


class Warned(msgspec.Struct, frozen=True, tag="warning"):
    """Something an administrator should know, in one plain sentence; `topic` is a stable word for filters."""

    at: float
    topic: str
    text: str


class Failed(msgspec.Struct, frozen=True, tag="error"):
    """Something broke. `text` may hold an exception's text: it goes to the log, never to a peer."""

    at: float
    topic: str
    text: str
    connection: str = ""


class ConnectionOpened(msgspec.Struct, frozen=True, tag="connected"):
    """A peer was let in."""

    at: float
    connection: str
    door: str
    client: str
    tls: str = ""


class ConnectionClosed(msgspec.Struct, frozen=True, tag="disconnected"):
    """A conversation ended; `why` is one of peer, quit, timeout, banned, limits, stopping, error, tls."""

    at: float
    connection: str
    door: str
    client: str
    why: str
    seconds: float
    received: int = 0
    sent: int = 0


class ConnectionsRefused(msgspec.Struct, frozen=True, tag="refused"):
    """Peers turned away at accept since the last such event: one line a second at most, however many came."""

    at: float
    count: int
    reasons: dict[str, int]
    last: str = ""


class SignedIn(msgspec.Struct, frozen=True, tag="signed-in"):
    """`lane` is the guard's word for how well the source is known; `credential` is `password`, `app:NAME` or `token`.
    `first_from_here`: nobody knew the account there; `known_elsewhere`: it was used before, so that this is news."""

    at: float
    connection: str
    door: str
    client: str
    login: str
    mechanism: str
    lane: str
    credential: str = "password"
    first_from_here: bool = False
    known_elsewhere: bool = False
    trace: Trace = UNTRACED


class SignInFailed(msgspec.Struct, frozen=True, tag="sign-in-failed"):
    """A wrong password was counted, or not: `counted` False for a repeated or previous one."""

    at: float
    connection: str
    door: str
    client: str
    login: str
    mechanism: str
    lane: str
    counted: bool
    why: str
    """wrong, unknown, disabled, repeated, previous, malformed, token, app-password; banned (right, but too late) or
    abandoned (cut off before it was known)"""
    tags: tuple[int, int] = (0, 0)
    """Short keyed fingerprints (same-wrong, spray), meaningless outside this process; they let a journal be replayed."""
    trace: Trace = UNTRACED


class SignInUntried(msgspec.Struct, frozen=True, tag="sign-in-untried"):
    """Our own overload kept a password from being looked at: nothing was counted, and the peer was told to come back."""

    at: float
    connection: str
    door: str
    client: str
    login: str
    mechanism: str
    trace: Trace = UNTRACED


class SignInsTurnedAway(msgspec.Struct, frozen=True, tag="sign-ins-turned-away"):
    """Strangers' attempts since the last such event that were told to come back because too many passwords waited already:
    the guard was not asked, nothing was looked at. One a second at most, however many came; `last` is an address."""

    at: float
    count: int
    last: str = ""


class SignInRefused(msgspec.Struct, frozen=True, tag="sign-in-refused"):
    """The guard refused it before the password was looked at; `rule` is source, account, password, network, confined or in-flight."""

    at: float
    connection: str
    door: str
    client: str
    login: str
    mechanism: str
    rule: str
    retry_after: float = 0.0
    trace: Trace = UNTRACED


class Abuse(msgspec.Struct, frozen=True, tag="abuse"):
    """A peer broke a rule that is not about passwords; `kind` names the rule (guard/rules/abuse/), which says what it weighs."""

    at: float
    connection: str
    door: str
    client: str
    kind: str


class Banned(msgspec.Struct, frozen=True, tag="banned"):
    """`network` gets nothing until `until`; `number` counts this network's bans. `by` is `guard` or who did it by hand.
    `scope`: `all` is dropped; `confined` still serves the accounts proven there; `strangers` is a neighbourhood whose
    strangers may not sign in, and which must not be dropped."""

    at: float
    network: str
    until: float
    number: int
    by: str
    evidence: Evidence
    enforced: bool = True
    scope: str = "all"


class BanEnded(msgspec.Struct, frozen=True, tag="ban-ended"):
    """`why` is expired or lifted."""

    at: float
    network: str
    why: str
    by: str = ""


class AccountClosed(msgspec.Struct, frozen=True, tag="account-closed"):
    """Strangers are refused on this login from now on; `until` when the first of them may try again."""

    at: float
    login: str
    until: float
    failures: int


class GuardLoaded(msgspec.Struct, frozen=True, tag="guard-loaded"):
    """The guard begins, with `policy` (the configuration's `[guard]`) and `records` of durable state from before."""

    at: float
    policy: dict[str, Any]
    records: int


class GuardTold(msgspec.Struct, frozen=True, tag="guard-told"):
    """The guard was told something by hand, or by its host. `what`: ban, lift, close, reopen, allow, disallow, protect, expose,
    unexpose, forget, or clock (it stood still or was set, so that seconds were left out). `subject` is a network or a
    login as logs show it, `note` the reason or remark, `seconds` a ban's length, `slot` an unknown login's shared counters."""

    at: float
    what: str
    subject: str
    note: str = ""
    by: str = ""
    seconds: float | None = None
    slot: int = -1
    order: int = 0


class Delivered(msgspec.Struct, frozen=True, tag="delivered"):
    """One message in one account, durably. `mailboxes` where it lies; `client` who brought it, empty where we wrote it."""

    at: float
    connection: str
    sender: str
    recipient: str
    size: int
    message_id: str
    mailboxes: tuple[str, ...]
    email: str
    client: str = ""


class DeliveryFailed(msgspec.Struct, frozen=True, tag="delivery-failed"):
    """A message was not taken; `temporary` says whether the sender was told to try again."""

    at: float
    connection: str
    sender: str
    recipient: str
    size: int
    why: str
    temporary: bool


class ScriptTrouble(msgspec.Struct, frozen=True, tag="script-trouble"):
    """An account's Sieve script failed at run time; the message was kept in INBOX."""

    at: float
    account: str
    script: str
    text: str


class Administered(msgspec.Struct, frozen=True, tag="administered"):
    """Somebody changed something by command line."""

    at: float
    operation: str
    subject: str
    by: str


Event: TypeAlias = (
    Started | Stopping | Warned | Failed | ConnectionOpened | ConnectionClosed | ConnectionsRefused | SignedIn
    | SignInFailed | SignInUntried | SignInsTurnedAway | SignInRefused | Abuse | Banned | BanEnded | AccountClosed | GuardLoaded | GuardTold
    | Delivered | DeliveryFailed | ScriptTrouble | Administered
)  # fmt: skip


def is_act(event: Event) -> bool:
    """Whether a replay turns it into questions to the guard."""
    if isinstance(event, Delivered):
        return bool(event.client)
    return isinstance(event, (SignedIn, SignInFailed, SignInUntried, SignInRefused, Abuse, GuardTold))


SEVERITY: dict[type, Severity] = {
    Started: Severity.NOTICE,
    Stopping: Severity.NOTICE,
    Warned: Severity.WARNING,
    Failed: Severity.ERROR,
    ConnectionOpened: Severity.DEBUG,
    ConnectionClosed: Severity.DEBUG,
    ConnectionsRefused: Severity.INFO,
    SignedIn: Severity.INFO,
    SignInFailed: Severity.INFO,
    SignInUntried: Severity.INFO,
    SignInsTurnedAway: Severity.INFO,
    SignInRefused: Severity.INFO,
    Abuse: Severity.INFO,
    Banned: Severity.NOTICE,
    BanEnded: Severity.NOTICE,
    AccountClosed: Severity.NOTICE,
    GuardLoaded: Severity.INFO,
    GuardTold: Severity.INFO,
    Delivered: Severity.INFO,
    DeliveryFailed: Severity.NOTICE,
    ScriptTrouble: Severity.WARNING,
    Administered: Severity.NOTICE,
}
