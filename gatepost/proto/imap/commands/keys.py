"""Search keys (RFC 9051 §6.4.4; RFC 5032, 7162, 8474, 8514): a tree that still lacks what only the session knows.

What needs neither the mailbox's numbering nor the clock is a `model.search` criterion already, wrapped in `Term`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from gatepost.model import search as model
from gatepost.model.account import AccountId
from gatepost.model.flags import BadFlag, make_flags
from gatepost.model.ids import parse_email_id, parse_thread_id, split_owner
from gatepost.model.uidset import MAX_UID, UidSet
from gatepost.proto.imap.cursor import Cursor, SyntaxFault
from gatepost.proto.imap.dates import DAY, parse_date
from gatepost.proto.imap.sequence import SequenceSet

_FILTER_NAME = re.compile(rb'[^\x00-\x20(){%*"\\\]/\x7f-\xff]{1,200}')
MAX_KEYS = 1000
MAX_DEPTH = 50


class Term(msgspec.Struct, frozen=True):
    """A criterion that any store understands."""

    criterion: model.Criterion


class Numbers(msgspec.Struct, frozen=True):
    """These messages: sequence numbers, or UIDs with `uid`."""

    messages: SequenceSet
    uid: bool


class Recent(msgspec.Struct, frozen=True):
    """RECENT, which is the session's own."""


class Within(msgspec.Struct, frozen=True):
    """YOUNGER, or OLDER, than `seconds` (RFC 5032)."""

    seconds: int
    older: bool


class InMailOf(msgspec.Struct, frozen=True):
    """A criterion with numbers of one account's: `owner` as in `model.ids`. In anybody else's mail it holds nowhere."""

    owner: AccountId | None
    criterion: model.Criterion


class AllOf(msgspec.Struct, frozen=True):
    """Every one of them."""

    keys: tuple[Key, ...]


class Either(msgspec.Struct, frozen=True):
    """OR."""

    one: Key
    other: Key


class Inverse(msgspec.Struct, frozen=True):
    """NOT."""

    key: Key


class Filter(msgspec.Struct, frozen=True):
    """FILTER: a search that is kept under this name, in lower case (RFC 5466 §3.1)."""

    name: str


Key: TypeAlias = Term | Numbers | Recent | Within | InMailOf | AllOf | Either | Inverse | Filter


class Reader:
    """Reads keys within a budget of keys and levels; strings are in `charset`, a Python codec's name."""

    def __init__(self, cursor: Cursor, charset: str) -> None:
        self.cursor, self._charset = cursor, charset
        self._keys = self._depth = 0
        self.uses_modseq = False
        """Whether MODSEQ was asked for, which turns CONDSTORE on (RFC 7162 §3.1)."""

    def program(self) -> Key:
        """All keys up to the end of the command."""
        keys = [self.key()]
        while not self.cursor.ended:
            self.cursor.space()
            keys.append(self.key())
        return keys[0] if len(keys) == 1 else AllOf(tuple(keys))

    def key(self) -> Key:
        """One key."""
        self._keys += 1
        self._depth += 1
        if self._keys > MAX_KEYS or self._depth > MAX_DEPTH:
            raise SyntaxFault("Search too complex", "LIMIT", no=True)
        try:
            return self._key()
        finally:
            self._depth -= 1

    def _key(self) -> Key:
        cursor = self.cursor
        if cursor.peek(b"("):
            return AllOf(cursor.listing(self.key))
        head = cursor.text[cursor.at : cursor.at + 1]
        if head.isdigit() or head in (b"*", b"$"):
            return Numbers(cursor.sequence(), uid=False)
        parse = KEYS.get(cursor.keyword())
        if parse is None:
            raise SyntaxFault("Unknown search key")
        return parse(self)

    def filter_name(self) -> str:
        """` filter-name`. What is kept is UTF-8, and so must be the rest (RFC 5466 §3.1)."""
        if self._charset != "utf-8":
            raise SyntaxFault("FILTER needs UTF-8", "BADCHARSET (US-ASCII UTF-8)")
        self.cursor.space()
        return self.cursor.match(_FILTER_NAME, "a filter's name").decode("ascii").lower()

    def argument(self) -> str:
        """` astring` in the search's charset."""
        self.cursor.space()
        try:
            return self.cursor.astring().decode(self._charset)
        except UnicodeDecodeError:
            raise SyntaxFault("Text is not in the charset that was named") from None

    def day(self) -> float:
        """` date`, quoted or not."""
        self.cursor.space()
        day = parse_date(self.cursor.astring())
        if day is None:
            raise SyntaxFault("Expected a date")
        return day

    def flag(self) -> str:
        """` keyword` as `model.flags` spells it."""
        self.cursor.space()
        try:
            return str(make_flags([self.cursor.flag()]))
        except BadFlag:
            raise SyntaxFault("Expected a keyword") from None


def _flag(name: str, wanted: bool) -> Callable[[Reader], Key]:
    has = model.HasFlag(name)
    term = Term(has if wanted else model.Not(has))
    return lambda reader: term


def _keyword(reader: Reader) -> Key:
    return Term(model.HasFlag(reader.flag()))


def _unkeyword(reader: Reader) -> Key:
    return Term(model.Not(model.HasFlag(reader.flag())))


def _addresses(name: str) -> Callable[[Reader], Key]:
    return lambda reader: Term(model.Addresses((name,), reader.argument()))


def _subject(reader: Reader) -> Key:
    return Term(model.Header("subject", reader.argument()))


def _header(reader: Reader) -> Key:
    name = reader.argument().lower()
    return Term(model.Header(name, reader.argument()))


def _body(reader: Reader) -> Key:
    return Term(model.Body(reader.argument()))


def _text(reader: Reader) -> Key:
    return Term(model.Text(reader.argument()))


_Dated: TypeAlias = type[model.Received] | type[model.Sent] | type[model.Saved]


def _before(kind: _Dated) -> Callable[[Reader], Key]:
    return lambda reader: Term(kind(before=reader.day()))


def _since(kind: _Dated) -> Callable[[Reader], Key]:
    return lambda reader: Term(kind(after=reader.day()))


def _on(kind: _Dated) -> Callable[[Reader], Key]:
    def parse(reader: Reader) -> Key:
        day = reader.day()
        return Term(kind(after=day, before=day + DAY))

    return parse


def _larger(reader: Reader) -> Key:
    reader.cursor.space()
    return Term(model.Size(over=reader.cursor.number64()))


def _smaller(reader: Reader) -> Key:
    reader.cursor.space()
    return Term(model.Size(under=reader.cursor.number64()))


def _within(older: bool) -> Callable[[Reader], Key]:
    def parse(reader: Reader) -> Key:
        reader.cursor.space()
        return Within(reader.cursor.positive(), older)

    return parse


def _uid(reader: Reader) -> Key:
    reader.cursor.space()
    return Numbers(reader.cursor.sequence(), uid=True)


def _uid_after(reader: Reader) -> Key:
    """RFC 9738 §3.2."""
    reader.cursor.space()
    uid = reader.cursor.positive()
    return Term(model.Uids(UidSet([(uid + 1, MAX_UID)]) if uid < MAX_UID else UidSet()))


def _uid_before(reader: Reader) -> Key:
    reader.cursor.space()
    uid = reader.cursor.positive()
    return Term(model.Uids(UidSet([(1, uid - 1)]) if uid > 1 else UidSet()))


def _not(reader: Reader) -> Key:
    reader.cursor.space()
    return Inverse(reader.key())


def _or(reader: Reader) -> Key:
    reader.cursor.space()
    one = reader.key()
    reader.cursor.space()
    return Either(one, reader.key())


def _new(reader: Reader) -> Key:
    return AllOf((Recent(), KEYS["UNSEEN"](reader)))


def _modseq(reader: Reader) -> Key:
    cursor = reader.cursor
    cursor.space()
    if cursor.peek(b'"'):  # RFC 7162 §3.1.5: entry name and type; one modseq a message, so they change nothing
        cursor.string()
        cursor.space()
        if cursor.keyword() not in ("PRIV", "SHARED", "ALL"):
            raise SyntaxFault("Expected priv, shared or all")
        cursor.space()
    reader.uses_modseq = True
    return Term(model.ModSeqAtLeast(cursor.number64()))


def _email(reader: Reader) -> Key:
    text, owner = split_owner(reader.argument())
    email = parse_email_id(text)
    return Term(model.Or(())) if email is None else InMailOf(owner, model.EmailIs(email))


def _thread(reader: Reader) -> Key:
    text, owner = split_owner(reader.argument())
    thread = parse_thread_id(text)
    return Term(model.Or(())) if thread is None else InMailOf(owner, model.ThreadIs(thread))


KEYS: dict[str, Callable[[Reader], Key]] = {
    "ALL": lambda reader: Term(model.Everything()),
    "ANSWERED": _flag("\\Answered", True),
    "UNANSWERED": _flag("\\Answered", False),
    "DELETED": _flag("\\Deleted", True),
    "UNDELETED": _flag("\\Deleted", False),
    "DRAFT": _flag("\\Draft", True),
    "UNDRAFT": _flag("\\Draft", False),
    "FLAGGED": _flag("\\Flagged", True),
    "UNFLAGGED": _flag("\\Flagged", False),
    "SEEN": _flag("\\Seen", True),
    "UNSEEN": _flag("\\Seen", False),
    "KEYWORD": _keyword,
    "UNKEYWORD": _unkeyword,
    "RECENT": lambda reader: Recent(),
    "OLD": lambda reader: Inverse(Recent()),
    "NEW": _new,
    "FROM": _addresses("from"),
    "TO": _addresses("to"),
    "CC": _addresses("cc"),
    "BCC": _addresses("bcc"),
    "SUBJECT": _subject,
    "HEADER": _header,
    "BODY": _body,
    "TEXT": _text,
    "BEFORE": _before(model.Received),
    "SINCE": _since(model.Received),
    "ON": _on(model.Received),
    "SENTBEFORE": _before(model.Sent),
    "SENTSINCE": _since(model.Sent),
    "SENTON": _on(model.Sent),
    "SAVEDBEFORE": _before(model.Saved),
    "SAVEDSINCE": _since(model.Saved),
    "SAVEDON": _on(model.Saved),
    "SAVEDATESUPPORTED": lambda reader: Term(model.Everything()),
    "LARGER": _larger,
    "SMALLER": _smaller,
    "YOUNGER": _within(older=False),
    "OLDER": _within(older=True),
    "UID": _uid,
    "UIDAFTER": _uid_after,
    "UIDBEFORE": _uid_before,
    "FILTER": lambda reader: Filter(reader.filter_name()),
    "NOT": _not,
    "OR": _or,
    "MODSEQ": _modseq,
    "EMAILID": _email,
    "THREADID": _thread,
}
