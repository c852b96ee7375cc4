"""Searches that are kept under a name (RFC 5466): what a value means, and putting values in the place of names.

Law: a name that is part of itself, or too deep, is one that does not exist (§3.1); the work is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gatepost.proto.imap.commands.keys import AllOf, Either, Filter, Inverse, Key, Reader
from gatepost.proto.imap.cursor import Cursor, SyntaxFault

MAX_DEPTH = 10
"""Names within names; RFC 5466 §3.1 asks for 3 at least."""
MAX_SUBSTITUTIONS = 64
"""Names in one search, however they come into it."""
_LITERAL = re.compile(rb"\{([0-9]{1,9})\+?\}\r\n")


class UndefinedFilter(Exception):
    """There is no search of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def parse_filter(value: bytes) -> tuple[Key, bool]:
    """The search, and whether MODSEQ is part of it. Raises SyntaxFault."""
    text, literals = b"", []
    while found := _LITERAL.search(value):
        end = found.end() + int(found[1])
        if end > len(value):
            raise SyntaxFault("Expected a string")
        literals.append(value[found.end() : end])
        text += value[: found.end()]
        value = value[end:]
    reader = Reader(Cursor(text + value, literals), "utf-8")
    return reader.program(), reader.uses_modseq


def names_in(key: Key) -> bool:
    """Whether a name stands in the search."""
    match key:
        case Filter():
            return True
        case AllOf(keys):
            return any(names_in(one) for one in keys)
        case Either(one, other):
            return names_in(one) or names_in(other)
        case Inverse(one):
            return names_in(one)
        case _:
            return False


class Expansion:
    """Puts values in the place of names; `value_of` gives None for a name that is not known."""

    def __init__(self, value_of: Callable[[str], bytes | None]) -> None:
        self._value_of = value_of
        self._left = MAX_SUBSTITUTIONS
        self.uses_modseq = False

    def expand(self, key: Key, within: tuple[str, ...] = ()) -> Key:
        """Raises UndefinedFilter; also for a value that is no search."""
        match key:
            case Filter(name):
                return self._substitute(name, within)
            case AllOf(keys):
                return AllOf(tuple(self.expand(one, within) for one in keys))
            case Either(one, other):
                return Either(self.expand(one, within), self.expand(other, within))
            case Inverse(one):
                return Inverse(self.expand(one, within))
            case _:
                return key

    def _substitute(self, name: str, within: tuple[str, ...]) -> Key:
        value = self._value_of(name)
        self._left -= 1
        if value is None or name in within or len(within) >= MAX_DEPTH or self._left < 0:
            raise UndefinedFilter(name)
        try:
            key, modseq = parse_filter(value)
        except SyntaxFault:
            raise UndefinedFilter(name) from None
        self.uses_modseq = self.uses_modseq or modseq
        return self.expand(key, (*within, name))
