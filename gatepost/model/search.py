"""Search criteria as a tree: what IMAP SEARCH (RFC 9051 §6.4.4) and JMAP Email/query (RFC 8621 §4.4) both ask of a store.

Text is matched as a substring without regard to case, after decoding of charsets and encodings (IMAP's rule; JMAP's
`text` may be looser). Sizes in octets, times in seconds since the epoch: `after` is inclusive, `before` exclusive.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from gatepost.model.mail import EmailId, MailboxId, ThreadId
from gatepost.model.uidset import UidSet


class Everything(msgspec.Struct, frozen=True, tag=True):
    """ALL."""


class And(msgspec.Struct, frozen=True, tag=True):
    """Every one of them; none at all is true."""

    of: tuple[Criterion, ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    """One of them at least; none at all is false."""

    of: tuple[Criterion, ...]


class Not(msgspec.Struct, frozen=True, tag=True):
    """The opposite."""

    of: Criterion


class HasFlag(msgspec.Struct, frozen=True, tag=True):
    """The entry (for a search over emails: any place of the email) has this flag."""

    flag: str


class ThreadHasFlag(msgspec.Struct, frozen=True, tag=True):
    """`every` or some email of the email's thread has the flag (RFC 8621 allInThreadHaveKeyword, someInThreadHaveKeyword)."""

    flag: str
    every: bool


class Uids(msgspec.Struct, frozen=True, tag=True):
    """The entry's UID is one of these."""

    uids: UidSet


class InMailbox(msgspec.Struct, frozen=True, tag=True):
    """The email lies in this mailbox."""

    mailbox: MailboxId


class EmailIs(msgspec.Struct, frozen=True, tag=True):
    """EMAILID."""

    email: EmailId


class ThreadIs(msgspec.Struct, frozen=True, tag=True):
    """THREADID."""

    thread: ThreadId


class Header(msgspec.Struct, frozen=True, tag=True):
    """A header field of this name (lower case) exists and its decoded value contains `text` (empty text: exists)."""

    name: str
    text: str


class Addresses(msgspec.Struct, frozen=True, tag=True):
    """One of the address headers `names` (lower case: from, to, cc, bcc) contains `text`."""

    names: tuple[str, ...]
    text: str


class Body(msgspec.Struct, frozen=True, tag=True):
    """The decoded text of the body's text parts contains `text`."""

    text: str


class Text(msgspec.Struct, frozen=True, tag=True):
    """Header or body contains `text`."""

    text: str


class Received(msgspec.Struct, frozen=True, tag=True):
    """INTERNALDATE / receivedAt in [after, before)."""

    after: float | None = None
    before: float | None = None


class Sent(msgspec.Struct, frozen=True, tag=True):
    """The Date header, its own time zone set aside as IMAP asks (SENTSINCE), in [after, before)."""

    after: float | None = None
    before: float | None = None


class Saved(msgspec.Struct, frozen=True, tag=True):
    """SAVEDATE in [after, before) (RFC 8514)."""

    after: float | None = None
    before: float | None = None


class Size(msgspec.Struct, frozen=True, tag=True):
    """Octets: larger than `over` and smaller than `under`, both exclusive."""

    over: int | None = None
    under: int | None = None


class ModSeqAtLeast(msgspec.Struct, frozen=True, tag=True):
    """RFC 7162 §3.1.5."""

    modseq: int


class HasAttachment(msgspec.Struct, frozen=True, tag=True):
    """RFC 8621 hasAttachment."""


Criterion: TypeAlias = (
    Everything | And | Or | Not | HasFlag | ThreadHasFlag | Uids | InMailbox | EmailIs | ThreadIs | Header | Addresses
    | Body | Text | Received | Sent | Saved | Size | ModSeqAtLeast | HasAttachment
)  # fmt: skip


class SortKey(msgspec.Struct, frozen=True):
    """`by` is one of arrival, sent, saved, size, subject (base subject), from, to, cc, flag:NAME, thread-flag:NAME;
    ascending unless `descending`. Ties are broken by the email's id (or UID), ascending."""

    by: str
    descending: bool = False
