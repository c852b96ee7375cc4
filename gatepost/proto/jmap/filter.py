"""Email/query filters and sorts as search criteria (RFC 8621 §4.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from gatepost.model.ids import parse_mailbox_id
from gatepost.model.mail import MailboxId
from gatepost.model.search import (
    Addresses,
    And,
    Body,
    Criterion,
    Everything,
    HasAttachment,
    HasFlag,
    Header,
    InMailbox,
    Not,
    Or,
    Received,
    Size,
    SortKey,
    Text,
    ThreadHasFlag,
)
from gatepost.proto.jmap.dates import parse_utc
from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.proto.jmap.keywords import keyword_flag

MAX_DEPTH = 16
MAX_CONDITIONS = 500
MAX_TOKENS = 32
_FIELD = re.compile(r"[!-9;-~]{1,200}", re.ASCII)
_TOKEN = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|(\S+)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

COMPARATORS = {
    "receivedAt": "arrival",
    "sentAt": "sent",
    "size": "size",
    "subject": "subject",
    "from": "from",
    "to": "to",
    "hasKeyword": "flag",
    "someInThreadHaveKeyword": "thread-flag",
}
"""What Email/query sorts by (emailQuerySortOptions), and the store's name for it."""
COLLATIONS = ("i;unicode-casemap",)


def tokens(text: str) -> list[str]:
    """The words and "quoted phrases" of a search text (RFC 8621 §4.4.1), at most MAX_TOKENS."""
    found = []
    for match in _TOKEN.finditer(text):
        phrase = match[1] if match[1] is not None else match[2]
        word = _ESCAPED.sub(r"\1", phrase) if phrase is not None else match[3]
        if word:
            found.append(word)
    return found[:MAX_TOKENS]


def parse_filter(value: Object | None, mailboxes: tuple[MailboxId, ...]) -> Criterion:
    """`mailboxes` are all of the account's, for inMailboxOtherThan. Raises MethodError invalidArguments (wrong names or
    types), unsupportedFilter (too deep, too long, unknown conditions)."""
    return Everything() if value is None else _Filter(mailboxes).read(value, 0)


class _Filter:
    """One filter being read, with its count of conditions."""

    def __init__(self, mailboxes: tuple[MailboxId, ...]) -> None:
        self._mailboxes = mailboxes
        self._conditions = 0

    def read(self, value: Any, depth: int) -> Criterion:
        self._conditions += 1
        if depth > MAX_DEPTH or self._conditions > MAX_CONDITIONS:
            raise MethodError("unsupportedFilter", f"At most {MAX_DEPTH} levels and {MAX_CONDITIONS} conditions.")
        if not isinstance(value, dict):
            raise _wrong("a condition is not an object")
        if "operator" not in value:
            found = [self._condition(name, item) for name, item in value.items()]
            return found[0] if len(found) == 1 else And(tuple(found))
        if set(value) != {"operator", "conditions"} or not isinstance(value["conditions"], list):
            raise _wrong("an operator has operator and conditions, nothing else")
        inner = tuple(self.read(item, depth + 1) for item in value["conditions"])
        match value["operator"]:
            case "AND":
                return And(inner)
            case "OR":
                return Or(inner)
            case "NOT":  # RFC 8620 §5.5: none of the conditions must match
                return Not(Or(inner))
        raise _wrong("operator")

    def _condition(self, name: str, value: Any) -> Criterion:
        if name == "inMailboxOtherThan":
            return self._other_than(value)
        reader = _CONDITIONS.get(name)
        if reader is None:
            raise MethodError("unsupportedFilter", "filter: a condition that this server does not know.")
        found = reader(value)
        if found is None:
            raise _wrong(name)
        return found

    def _other_than(self, value: Any) -> Criterion:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _wrong("inMailboxOtherThan")
        excluded = {parse_mailbox_id(item) for item in value}
        return Or(tuple(InMailbox(mailbox) for mailbox in self._mailboxes if mailbox not in excluded))


def _wrong(what: str) -> MethodError:
    return MethodError("invalidArguments", f"filter: {what}")


def _in_mailbox(value: Any) -> Criterion | None:
    if not isinstance(value, str):
        return None
    mailbox = parse_mailbox_id(value)
    return Or(()) if mailbox is None else InMailbox(mailbox)


def _keyword(make: Callable[[str], Criterion]) -> Callable[[Any], Criterion | None]:
    def read(value: Any) -> Criterion | None:
        flag = keyword_flag(value)
        return None if flag is None else make(flag)

    return read


def _date(make: Callable[[float], Criterion]) -> Callable[[Any], Criterion | None]:
    def read(value: Any) -> Criterion | None:
        moment = parse_utc(value)
        return None if moment is None else make(moment)

    return read


def _size(make: Callable[[int], Criterion]) -> Callable[[Any], Criterion | None]:
    def read(value: Any) -> Criterion | None:
        return make(value) if type(value) is int and 0 <= value < 2**53 else None

    return read


def _words(make: Callable[[str], Criterion]) -> Callable[[Any], Criterion | None]:
    def read(value: Any) -> Criterion | None:
        return And(tuple(make(word) for word in tokens(value))) if isinstance(value, str) else None

    return read


def _attachment(value: Any) -> Criterion | None:
    if not isinstance(value, bool):
        return None
    return HasAttachment() if value else Not(HasAttachment())


def _header(value: Any) -> Criterion | None:
    if not isinstance(value, list) or len(value) not in (1, 2) or not all(isinstance(item, str) for item in value):
        return None
    if not _FIELD.fullmatch(value[0]):
        return None
    return Header(value[0].lower(), value[1] if len(value) == 2 else "")


_CONDITIONS: dict[str, Callable[[Any], Criterion | None]] = {
    "inMailbox": _in_mailbox,
    "before": _date(lambda moment: Received(before=moment)),
    "after": _date(lambda moment: Received(after=moment)),
    "minSize": _size(lambda octets: Size(over=octets - 1)),
    "maxSize": _size(lambda octets: Size(under=octets)),
    "allInThreadHaveKeyword": _keyword(lambda flag: ThreadHasFlag(flag, every=True)),
    "someInThreadHaveKeyword": _keyword(lambda flag: ThreadHasFlag(flag, every=False)),
    "noneInThreadHaveKeyword": _keyword(lambda flag: Not(ThreadHasFlag(flag, every=False))),
    "hasKeyword": _keyword(HasFlag),
    "notKeyword": _keyword(lambda flag: Not(HasFlag(flag))),
    "hasAttachment": _attachment,
    "text": _words(Text),
    "from": _words(lambda word: Addresses(("from",), word)),
    "to": _words(lambda word: Addresses(("to",), word)),
    "cc": _words(lambda word: Addresses(("cc",), word)),
    "bcc": _words(lambda word: Addresses(("bcc",), word)),
    "subject": _words(lambda word: Header("subject", word)),
    "body": _words(Body),
    "header": _header,
}


class Comparator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One level of a sort (RFC 8620 §5.5); `keyword` for the properties that need one (RFC 8621 §4.4.2)."""

    property: str
    is_ascending: bool = msgspec.field(name="isAscending", default=True)
    collation: str | None = None
    keyword: str | None = None


def parse_sort(comparators: list[Comparator] | None) -> tuple[SortKey, ...]:
    """Raises MethodError unsupportedSort, invalidArguments (a keyword missing or none)."""
    if len(comparators or ()) > 10:
        raise MethodError("unsupportedSort", "At most 10 comparators.")
    return tuple(_sort_key(item) for item in comparators or ())


def _sort_key(item: Comparator) -> SortKey:
    by = COMPARATORS.get(item.property)
    if by is None or item.collation not in (None, *COLLATIONS):
        raise MethodError("unsupportedSort")
    if by.endswith("flag"):
        flag = keyword_flag(item.keyword)
        if flag is None:
            raise MethodError("invalidArguments", "sort: this property needs a keyword.")
        by = f"{by}:{flag}"
    return SortKey(by, descending=not item.is_ascending)


def depends_on_threads(criterion: Criterion, sort: tuple[SortKey, ...]) -> bool:
    """Whether a change of one email can change another one's place in the results."""
    if any(key.by.startswith("thread-flag") for key in sort):
        return True
    match criterion:
        case And(of=inner) | Or(of=inner):
            return any(depends_on_threads(item, ()) for item in inner)
        case Not(of=single):
            return depends_on_threads(single, ())
    return isinstance(criterion, ThreadHasFlag)
