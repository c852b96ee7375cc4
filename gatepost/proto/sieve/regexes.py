"""The match type `:regex` (draft-ietf-sieve-regex): POSIX extended expressions, by RE2, which is linear on any of them.

Law: a bad or too large expression is refused; no expression can take long.
"""

from __future__ import annotations

from typing import Any

import re2

MAX_PATTERN = 2048
"""Octets of an expression."""
MAX_MEMORY = 128 * 1024
"""Octets that a compiled expression and its matching may take; RE2 keeps to it."""


_compile: Any = re2.compile  # the library has no types


class BadRegex(ValueError):
    """Not an expression that is taken."""


class Regex:
    """A compiled expression, matching anywhere in a value, the longest of the leftmost matches as POSIX wants it."""

    __slots__ = ("_compiled",)

    def __init__(self, pattern: bytes, fold: bool) -> None:
        """`fold`: without regard to case. Raises BadRegex."""
        if len(pattern) > MAX_PATTERN:
            raise BadRegex("the regular expression is too long")
        options: Any = re2.Options()
        options.posix_syntax = options.perl_classes = options.word_boundary = True
        options.longest_match = options.dot_nl = options.one_line = True
        options.case_sensitive = not fold
        options.max_mem = MAX_MEMORY
        options.log_errors = False
        try:
            self._compiled = _compile(pattern, options)
        except re2.error as error:
            raise BadRegex("not a regular expression, or too complex a one") from error

    def match(self, value: bytes) -> list[bytes] | None:
        """The whole match and what its groups matched; None if there is no match."""
        found = self._compiled.search(value)
        if found is None:
            return None
        return [found.group(number) or b"" for number in range(self._compiled.groups + 1)]
