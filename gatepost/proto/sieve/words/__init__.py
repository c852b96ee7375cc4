"""The words of the language, one file a family. A new extension is a file here and its name in _FAMILIES; what ManageSieve
announces is computed from the words (an extension is there as soon as a word, a tag or a comparator belongs to it)."""

from __future__ import annotations

from gatepost.proto.sieve.binding import Action, Test
from gatepost.proto.sieve.comparators import COMPARATORS
from gatepost.proto.sieve.words import body, date, delivery, environment, flags, header, logic, mailbox, variables

_FAMILIES = (logic, header, delivery, flags, variables, mailbox, body, date, environment)
_WORDS: tuple[Action | Test, ...] = tuple(word for family in _FAMILIES for word in family.WORDS)

ACTIONS: dict[str, Action] = {word.name: word for word in _WORDS if isinstance(word, Action)}
TESTS: dict[str, Test] = {word.name: word for word in _WORDS if isinstance(word, Test)}

_OF_STRINGS = ("encoded-character",)
"""RFC 5228 §2.4.2.4, which changes how strings are read (strings.py)."""

KNOWN_EXTENSIONS: frozenset[str] = frozenset(
    {word.extension for word in _WORDS if word.extension}
    | {rule.extension for word in _WORDS for rule in word.tags.values() if rule.extension}
    | {f"comparator-{name.decode('ascii')}" for name in COMPARATORS}
    | set(_OF_STRINGS)
)
EXTENSIONS: tuple[str, ...] = tuple(sorted(KNOWN_EXTENSIONS))
"""What `require` takes, for the SIEVE capability (RFC 5804 §1.7)."""
