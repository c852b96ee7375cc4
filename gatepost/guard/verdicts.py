"""What the guard is asked and what it answers."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gatepost.model.account import Login
from gatepost.model.address import Address
from gatepost.model.events import UNTRACED, Event, Trace


class Admission(StrEnum):
    """Whether a connection, or a request on one, is served."""

    SERVE = "serve"
    CONFINED = "confined"
    """Banned, but accounts signed in rightly from here: only those may (law 3)."""
    DROP = "drop"


class Lane(StrEnum):
    """How well an account knows a source (GUARD.md, Lanes)."""

    FAMILIAR = "familiar"
    NEAR = "near"
    SEEN = "seen"
    STRANGER = "stranger"


class Rule(StrEnum):
    """Which rule refused an attempt before its password was looked at."""

    SOURCE = "source"
    NETWORK = "network"
    ACCOUNT = "account"
    PASSWORD = "password"  # noqa: S105 - a rule's name
    CONFINED = "confined"
    IN_FLIGHT = "in-flight"


class Tags(msgspec.Struct, frozen=True):
    """Short keyed fingerprints of a submitted password (guard/fingerprints.py): under today's key and yesterday's.
    0 is never a tag: it stands for "no such key yet"."""

    same: tuple[int, int]
    """16 bits, bound to the account: told "the same wrong password again"."""
    spray: tuple[int, int]
    """32 bits, bound to nothing else: told "this password is being tried on many accounts"."""


class Attempt(msgspec.Struct, frozen=True):
    """A guess about to be checked. `tags` is None for mechanisms that never show the password (SCRAM), for tokens and
    app passwords; `kind` is the coarse client fingerprint. `token` marks app passwords and bearer tokens: they are
    charged to the source only, and work on a closed account. `common` says whether the password is among the commonest."""

    source: Address
    login: Login
    door: str
    mechanism: str
    kind: str
    tags: Tags | None = None
    common: bool = False
    token: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """Not evaluated. `retry_after` in seconds, 0 where waiting does not help. `close`: end the connection without a word
    (a newly banned, never-proven source). Rule PASSWORD must be answered exactly as a wrong password."""

    rule: Rule
    retry_after: float = 0.0
    close: bool = False
    events: tuple[Event, ...] = ()
    """What this refusal led to (a ban)."""


class Outcome(StrEnum):
    """How an attempt that was evaluated ended."""

    RIGHT = "right"
    WRONG = "wrong"
    PREVIOUS = "previous"
    """Not the password any more, but it was within 30 days: a stale device."""
    ABANDONED = "abandoned"
    """Cancelled, crashed, disconnected: the charge stays (law 2)."""
    UNTRIED = "untried"
    """Our own overload kept it from being evaluated: everything is released, nothing is learnt."""


class Ticket(msgspec.Struct, frozen=True):
    """A reserved attempt: hand it back to `Guard.settle` exactly once. `number` is unique in the process. `trace` is the
    gate's own note for the journal."""

    number: int
    attempt: Attempt
    lane: Lane
    at: float
    trace: Trace = UNTRACED


class Settlement(msgspec.Struct, frozen=True):
    """What an outcome did. `counted` says whether the charge stayed; `why` is wrong, repeated, previous or empty.
    `first_from_here`: a right password from where nobody knew the account, which
    was `known_elsewhere` (it has signed in before) or is new. `too_late`: the source was banned while
    the attempt was in flight, so that even a right password must not be accepted (law 3)."""

    counted: bool = False
    why: str = ""
    first_from_here: bool = False
    known_elsewhere: bool = False
    too_late: bool = False
    events: tuple[Event, ...] = ()
