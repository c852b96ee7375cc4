"""Reading one command's text from left to right: the tokens of RFC 9051 §9, as octets.

The engine has taken the literals' octets out of the text: where one was, the text says `{n}` CRLF and the octets are the
next of `literals`. A fault is `SyntaxFault` with a fixed sentence; it never leaves `grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from gatepost.proto.imap.sequence import SequenceSet, parse_sequence

T = TypeVar("T")

_ATOM = re.compile(rb'[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_ASTRING = re.compile(rb'[^\x00-\x20(){%*"\\\x7f-\xff]+')
_PATTERN = re.compile(rb'[^\x00-\x20(){"\\\x7f]+')
_QUOTED = re.compile(rb'"((?:[^\x00\r\n"\\]|\\["\\])*)"')
_UNESCAPE = re.compile(rb'\\(["\\])')
_LITERAL = re.compile(rb"(~?)\{([0-9]{1,19})\+?\}\r\n")
_NUMBER = re.compile(rb"[0-9]{1,19}(?![0-9])")
_FLAG = re.compile(rb'\\?[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_SEQUENCE = re.compile(rb"[0-9*:,]+|\$")

MAX_NUMBER = 0xFFFFFFFF
MAX_NUMBER64 = 0x7FFFFFFFFFFFFFFF


class SyntaxFault(ValueError):
    """The command is not what the grammar says; the text is fixed and safe to send. `no` asks for NO rather than BAD."""

    def __init__(self, text: str, code: str = "", no: bool = False) -> None:
        super().__init__(text)
        self.text, self.code, self.no = text, code, no


class Cursor:
    """A place in a command. Every method that reads raises SyntaxFault where the text is something else."""

    __slots__ = ("_literals", "_next", "at", "text")

    def __init__(self, text: bytes, literals: Sequence[bytes] = ()) -> None:
        self.text, self.at = text, 0
        self._literals, self._next = literals, 0

    # -- punctuation -------------------------------------------------------------------------------------------------
    def take(self, octets: bytes) -> bool:
        """Whether these octets come next; then they are read."""
        if self.text.startswith(octets, self.at):
            self.at += len(octets)
            return True
        return False

    def peek(self, octets: bytes) -> bool:
        """Whether these octets come next."""
        return self.text.startswith(octets, self.at)

    def expect(self, octets: bytes) -> None:
        """These octets, or a fault."""
        if not self.text.startswith(octets, self.at):
            raise SyntaxFault("Syntax error in the command's arguments")
        self.at += len(octets)

    def space(self) -> None:
        """Exactly one space (RFC 9051 §9, rule 2)."""
        self.expect(b" ")

    @property
    def ended(self) -> bool:
        """Whether everything is read."""
        return self.at == len(self.text)

    def end(self) -> None:
        """Nothing may follow."""
        if not self.ended:
            raise SyntaxFault("Unexpected text after the command's arguments")

    # -- words ---------------------------------------------------------------------------------------------------------
    def match(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        """What `pattern` matches here, or a fault that names `what` was expected."""
        found = pattern.match(self.text, self.at)
        if found is None:
            raise SyntaxFault(f"Expected {what}")
        self.at = found.end()
        return found[0]

    def atom(self) -> bytes:
        """An atom."""
        return self.match(_ATOM, "an atom")

    def keyword(self) -> str:
        """An atom as a protocol word, upper case (`bytes.upper` changes ASCII letters only)."""
        return self.atom().upper().decode("ascii")

    def string(self) -> bytes:
        """A quoted string or a literal."""
        found = _QUOTED.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
            return _UNESCAPE.sub(rb"\1", found[1]) if b"\\" in found[1] else found[1]
        return self.literal()

    def literal(self, eight: bool = False) -> bytes:
        """A literal; with `eight` a literal8 `~{n}` (RFC 3516 §3) is taken too."""
        found = _LITERAL.match(self.text, self.at)
        if found is None or (found[1] and not eight) or self._next >= len(self._literals):
            raise SyntaxFault("Expected a string")
        self.at = found.end()
        self._next += 1
        octets = self._literals[self._next - 1]
        if not eight and b"\0" in octets:
            raise SyntaxFault("NUL is not allowed here")
        return octets

    def astring(self) -> bytes:
        """An atom (with `]`) or a string."""
        found = _ASTRING.match(self.text, self.at)
        if found is None:
            return self.string()
        self.at = found.end()
        return found[0]

    def nstring(self) -> bytes | None:
        """A string or NIL."""
        if self.text[self.at : self.at + 3].upper() == b"NIL":
            self.at += 3
            return None
        return self.string()

    def pattern(self) -> bytes:
        """A list-mailbox: like an astring, with wildcards; octets above 127 are taken as the UTF-8 of lenient clients."""
        found = _PATTERN.match(self.text, self.at)
        if found is None:
            return self.string()
        self.at = found.end()
        return found[0]

    # -- numbers ---------------------------------------------------------------------------------------------------------
    def number(self, limit: int = MAX_NUMBER) -> int:
        """An unsigned number up to `limit`."""
        value = int(self.match(_NUMBER, "a number"))
        if value > limit:
            raise SyntaxFault("Number too large")
        return value

    def number64(self) -> int:
        """An unsigned 63-bit number."""
        return self.number(MAX_NUMBER64)

    def positive(self, limit: int = MAX_NUMBER) -> int:
        """A number that is not zero."""
        value = self.number(limit)
        if value == 0:
            raise SyntaxFault("Zero is not allowed here")
        return value

    def sequence(self) -> SequenceSet:
        """A sequence set, `$` included (RFC 5182 §2.1)."""
        parsed = parse_sequence(self.match(_SEQUENCE, "a message set"))
        if parsed is None:
            raise SyntaxFault("Expected a message set")
        return parsed

    # -- lists -------------------------------------------------------------------------------------------------------------
    def listing(self, item: Callable[[], T], empty: bool = False) -> tuple[T, ...]:
        """`(item item ...)`; without items only where `empty`."""
        self.expect(b"(")
        if empty and self.take(b")"):
            return ()
        found = [item()]
        while not self.take(b")"):
            self.space()
            found.append(item())
        return tuple(found)

    def flag(self) -> str:
        """One flag as written. What it may be is `model.flags`' to judge."""
        return self.match(_FLAG, "a flag").decode("ascii")

    def flags(self) -> tuple[str, ...]:
        """A flag list in parentheses."""
        return self.listing(self.flag, empty=True)
