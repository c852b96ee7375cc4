"""Message flags: one canonical text under IMAP (RFC 9051 §2.3.2) and JMAP keywords (RFC 8621 §4.1.1).

A flag set is kept as one string of flags separated by single spaces, system flags first in a fixed order, keywords
after them sorted without regard to case; "" is the empty set. The same set always has the same text, so that it can be
rendered to IMAP as it is. \\Recent is not a flag here: it belongs to a session.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NewType

Flags = NewType("Flags", str)

NO_FLAGS = Flags("")
SEEN = "\\Seen"
DELETED = "\\Deleted"
SYSTEM_FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
MAX_KEYWORDS = 64
"""Keywords on one message; more are refused as BadFlag, so that a message's row stays small."""

_ORDER = {name.lower(): (index, name) for index, name in enumerate(SYSTEM_FLAGS)}
# RFC 9051 §9 flag-keyword = atom, without "]" as RFC 8621 §4.1.1 asks; at most 100 octets here
_KEYWORD = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|~]{1,100}", re.ASCII)


class BadFlag(ValueError):
    """Not a flag that can be kept: malformed, too long, too many, or a system flag that nobody defined."""


class TooManyFlags(BadFlag):
    """More keywords than one message may have."""


def make_flags(names: Iterable[str]) -> Flags:
    """The canonical set of `names`; spelling of a keyword is the first one given. Raises BadFlag."""
    seen: dict[str, str] = {}
    for name in names:
        folded = name.lower()
        if folded in _ORDER:
            seen.setdefault(folded, _ORDER[folded][1])
        elif _KEYWORD.fullmatch(name):
            seen.setdefault(folded, name)
        else:
            raise BadFlag(f"not a flag: {name[:40]!r}")
    if len(seen) > MAX_KEYWORDS:
        raise TooManyFlags(f"more than {MAX_KEYWORDS} flags on one message")
    return Flags(" ".join(name for _, name in sorted(seen.items(), key=_rank)))


def _rank(item: tuple[str, str]) -> tuple[int, str]:
    known = _ORDER.get(item[0])
    return (known[0], "") if known else (len(_ORDER), item[0])


def split_flags(flags: Flags) -> list[str]:
    """The names in the set."""
    return flags.split(" ") if flags else []


def has_flag(flags: Flags, name: str) -> bool:
    """Whether `name` is in the set, without regard to case."""
    return f" {name.lower()} " in f" {flags.lower()} "


def add_flags(flags: Flags, more: Flags) -> Flags:
    """The union."""
    return make_flags([*split_flags(flags), *split_flags(more)]) if more else flags


def remove_flags(flags: Flags, less: Flags) -> Flags:
    """`flags` without those in `less`."""
    gone = set(less.lower().split(" "))
    return Flags(" ".join(name for name in split_flags(flags) if name.lower() not in gone))


def to_keywords(flags: Flags) -> frozenset[str]:
    """As JMAP keywords: lower case, the system flags' backslash as `$`; \\Deleted has none (RFC 8621 §4.1.1)."""
    return frozenset(
        "$" + name[1:].lower() if name.startswith("\\") else name.lower()
        for name in split_flags(flags)
        if name != DELETED
    )


def from_keywords(keywords: Iterable[str]) -> Flags:
    """The flag set of JMAP keywords. Raises BadFlag."""
    system = {"$" + name[1:].lower(): name for name in SYSTEM_FLAGS if name != DELETED}
    return make_flags(system.get(keyword.lower(), keyword) for keyword in keywords)
