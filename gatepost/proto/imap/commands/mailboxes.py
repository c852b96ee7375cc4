"""Commands about mailboxes (RFC 9051 §6.3). Names are octets here: their encoding depends on what the client enabled."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from gatepost.model.uidset import UidSet
from gatepost.proto.imap.cursor import MAX_NUMBER64, Cursor, SyntaxFault
from gatepost.proto.imap.sequence import parse_uids

STATUS_ITEMS = frozenset(
    {
        "MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE", "HIGHESTMODSEQ", "APPENDLIMIT",
        "MAILBOXID", "DELETED-STORAGE",
    }
)  # fmt: skip
_SELECT_OPTIONS = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
_RETURN_OPTIONS = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "MYRIGHTS"})
_MAX_PATTERNS = 64
_UIDS = re.compile(rb"[0-9:,]+")
_USE = re.compile(rb"\\[A-Za-z]{1,20}")


class Qresync(msgspec.Struct, frozen=True):
    """SELECT's QRESYNC parameter (RFC 7162 §3.2.5). `matched` pairs sequence numbers with UIDs (§3.2.5.2)."""

    uidvalidity: int
    modseq: int
    known: UidSet | None = None
    matched: tuple[tuple[int, int], ...] = ()


class Select(msgspec.Struct, frozen=True):
    """SELECT or, `read_only`, EXAMINE (§6.3.2, §6.3.3)."""

    mailbox: bytes
    read_only: bool
    condstore: bool = False
    qresync: Qresync | None = None


class Create(msgspec.Struct, frozen=True):
    """CREATE; `uses` are special-use attributes as written, `\\Sent` (RFC 6154 §3)."""

    mailbox: bytes
    uses: tuple[str, ...] = ()


class Delete(msgspec.Struct, frozen=True):
    """DELETE (§6.3.5)."""

    mailbox: bytes


class Rename(msgspec.Struct, frozen=True):
    """RENAME (§6.3.6)."""

    mailbox: bytes
    new: bytes


class Subscribe(msgspec.Struct, frozen=True):
    """SUBSCRIBE (§6.3.7)."""

    mailbox: bytes


class Unsubscribe(msgspec.Struct, frozen=True):
    """UNSUBSCRIBE (§6.3.8)."""

    mailbox: bytes


class List(msgspec.Struct, frozen=True):
    """LIST (§6.3.9, RFC 5258). `extended` where options or several patterns were used; `status` the items of
    RETURN (STATUS (...)) (RFC 5819)."""

    reference: bytes
    patterns: tuple[bytes, ...]
    select: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    extended: bool = False


class Lsub(msgspec.Struct, frozen=True):
    """LSUB (RFC 3501 §6.3.9)."""

    reference: bytes
    pattern: bytes


class Status(msgspec.Struct, frozen=True):
    """STATUS (§6.3.11)."""

    mailbox: bytes
    items: tuple[str, ...]


class Namespace(msgspec.Struct, frozen=True):
    """NAMESPACE (§6.3.10)."""


class GetQuota(msgspec.Struct, frozen=True):
    """GETQUOTA (RFC 9208 §4.1.2)."""

    root: bytes


class GetQuotaRoot(msgspec.Struct, frozen=True):
    """GETQUOTAROOT (RFC 9208 §4.1.3)."""

    mailbox: bytes


def _one_name(make: Callable[[bytes], object]) -> Callable[[Cursor], object]:
    def parse(cursor: Cursor) -> object:
        cursor.space()
        return make(cursor.astring())

    return parse


def _rename(cursor: Cursor) -> Rename:
    cursor.space()
    old = cursor.astring()
    cursor.space()
    return Rename(old, cursor.astring())


def _create(cursor: Cursor) -> Create:
    cursor.space()
    mailbox = cursor.astring()
    uses: tuple[str, ...] = ()
    if cursor.take(b" "):
        cursor.expect(b"(")
        if cursor.keyword() != "USE":
            raise SyntaxFault("Unknown CREATE parameter")
        cursor.space()
        uses = cursor.listing(lambda: cursor.match(_USE, "a special use").decode("ascii"), empty=True)
        cursor.expect(b")")
    return Create(mailbox, uses)


def _selecting(read_only: bool) -> Callable[[Cursor], Select]:
    def parse(cursor: Cursor) -> Select:
        cursor.space()
        mailbox = cursor.astring()
        found: dict[str, Qresync | None] = {}

        def parameter() -> None:
            name = cursor.keyword()
            if name in found or name not in ("CONDSTORE", "QRESYNC"):
                raise SyntaxFault("Unknown or repeated parameter")
            found[name] = _qresync(cursor) if name == "QRESYNC" else None

        if cursor.take(b" "):
            cursor.listing(parameter)
        return Select(mailbox, read_only, "CONDSTORE" in found, found.get("QRESYNC"))

    return parse


def _qresync(cursor: Cursor) -> Qresync:
    cursor.expect(b" (")
    uidvalidity = cursor.positive()
    cursor.space()
    modseq = cursor.positive(MAX_NUMBER64)
    known: UidSet | None = None
    matched: tuple[tuple[int, int], ...] = ()
    if cursor.take(b" "):
        if not cursor.peek(b"("):
            known = _known(cursor)
        if known is None or cursor.take(b" "):
            matched = _matched(cursor)
    cursor.expect(b")")
    return Qresync(uidvalidity, modseq, known, matched)


def _matched(cursor: Cursor) -> tuple[tuple[int, int], ...]:
    cursor.expect(b"(")
    numbers = _known(cursor)
    cursor.space()
    uids = _known(cursor)
    cursor.expect(b")")
    if len(numbers) != len(uids) or len(uids) > 100_000:
        raise SyntaxFault("The two sets must be of one length")
    return tuple(zip(numbers, uids, strict=True))


def _known(cursor: Cursor) -> UidSet:
    uids = parse_uids(cursor.match(_UIDS, "a set of numbers"))
    if uids is None:
        raise SyntaxFault("Expected a set of numbers")
    return uids


def _status_items(cursor: Cursor) -> tuple[str, ...]:
    items = cursor.listing(cursor.keyword)
    if not STATUS_ITEMS.issuperset(items):
        raise SyntaxFault("Unknown STATUS item")
    return tuple(dict.fromkeys(items))


def _status(cursor: Cursor) -> Status:
    cursor.space()
    mailbox = cursor.astring()
    cursor.space()
    return Status(mailbox, _status_items(cursor))


def _list(cursor: Cursor) -> List:
    cursor.space()
    extended = cursor.peek(b"(")
    select: frozenset[str] = frozenset()
    if extended:
        select = frozenset(cursor.listing(cursor.keyword, empty=True))
        # RFC 5258 §3: unknown options and RECURSIVEMATCH without a base option are BAD
        if not select <= _SELECT_OPTIONS or ("RECURSIVEMATCH" in select and not select & {"SUBSCRIBED", "SPECIAL-USE"}):
            raise SyntaxFault("Bad LIST selection options")
        cursor.space()
    reference = cursor.astring()
    cursor.space()
    if cursor.peek(b"("):
        extended = True
        patterns = cursor.listing(cursor.pattern)
        if len(patterns) > _MAX_PATTERNS:
            raise SyntaxFault("Too many patterns", "LIMIT", no=True)
    else:
        patterns = (cursor.pattern(),)
    returns: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    if cursor.take(b" "):
        extended = True
        if cursor.keyword() != "RETURN":
            raise SyntaxFault("Expected RETURN")
        cursor.space()
        returns, status = _list_returns(cursor)
    return List(reference, patterns, select, returns, status, extended)


def _list_returns(cursor: Cursor) -> tuple[frozenset[str], tuple[str, ...]]:
    status: list[str] = []

    def option() -> str:
        name = cursor.keyword()
        if name == "STATUS":
            cursor.space()
            status.extend(_status_items(cursor))
        elif name not in _RETURN_OPTIONS:
            raise SyntaxFault("Unknown LIST return option")
        return name

    names = cursor.listing(option, empty=True)
    return frozenset(names) - {"STATUS"}, tuple(status)


def _lsub(cursor: Cursor) -> Lsub:
    cursor.space()
    reference = cursor.astring()
    cursor.space()
    return Lsub(reference, cursor.pattern())


PARSERS: dict[str, Callable[[Cursor], object]] = {
    "SELECT": _selecting(read_only=False),
    "EXAMINE": _selecting(read_only=True),
    "CREATE": _create,
    "DELETE": _one_name(Delete),
    "RENAME": _rename,
    "SUBSCRIBE": _one_name(Subscribe),
    "UNSUBSCRIBE": _one_name(Unsubscribe),
    "LIST": _list,
    "LSUB": _lsub,
    "STATUS": _status,
    "NAMESPACE": lambda cursor: Namespace(),
    "GETQUOTA": _one_name(GetQuota),
    "GETQUOTAROOT": _one_name(GetQuotaRoot),
}
