"""Script strings: encoded characters (RFC 5228 §2.4.2.4) and variables in them (RFC 5229 §3)."""

from __future__ import annotations

import re
from typing import Protocol

import msgspec

from gatepost.model.errors import BadScript

MAX_MATCH_VARIABLE = 99
"""RFC 5229 §6 asks for 9."""
MAX_EXPANDED = 256 * 1024
"""Octets of a string with its variables put in; RFC 5229 §6 has long values cut."""

_ENCODED = re.compile(rb"\$\{(hex|unicode):([ \t\r\n]*[0-9a-f]+(?:[ \t\r\n]+[0-9a-f]+)*[ \t\r\n]*)\}", re.IGNORECASE)
_REFERENCE = re.compile(
    rb"\$\{((?:[A-Za-z_][A-Za-z0-9_]*+\.(?:(?:[A-Za-z_][A-Za-z0-9_]*+|[0-9]++)\.)*+)?)([A-Za-z_][A-Za-z0-9_]*+|[0-9]++)\}"
)
_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*+")


class Variables(Protocol):
    """Where a string's variables come from."""

    def variable(self, name: bytes) -> bytes:
        """By lower-case name; empty for unknown ones."""
        ...

    def match_variable(self, index: int) -> bytes:
        """The text that a wildcard stood for; empty out of range."""
        ...


class Text(msgspec.Struct, frozen=True):
    """A string of the script: pieces of text, names of variables (str) and numbers of match variables."""

    pieces: tuple[bytes | str | int, ...]

    @property
    def constant(self) -> bytes | None:
        """Its value if it has no variables in it, else None."""
        if not self.pieces:
            return b""
        first = self.pieces[0]
        return first if len(self.pieces) == 1 and isinstance(first, bytes) else None

    def value(self, variables: Variables) -> bytes:
        """As it reads now; cut where it grows beyond MAX_EXPANDED."""
        out: list[bytes] = []
        room = MAX_EXPANDED
        for piece in self.pieces:
            if isinstance(piece, bytes):
                text = piece
            elif isinstance(piece, int):
                text = variables.match_variable(piece)
            else:
                text = variables.variable(piece.encode("ascii"))
            out.append(text)
            room -= len(text)
            if room < 0:
                break
        return b"".join(out)


def decode_characters(raw: bytes, line: int) -> bytes:
    """`${hex:...}` and `${unicode:...}` undone. Raises BadScript for what is no Unicode character."""

    def decoded(match: re.Match[bytes]) -> bytes:
        numbers = match[2].split()
        if match[1].lower() == b"hex":
            if any(len(number) > 2 for number in numbers):
                return match[0]
            return bytes(int(number, 16) for number in numbers)
        out = ""
        for number in numbers:
            code = int(number.lstrip(b"0")[:7] or b"0", 16)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise BadScript("no such Unicode character", line)
            out += chr(code)
        return out.encode()

    return _ENCODED.sub(decoded, raw) if b"${" in raw else raw


def parse_text(raw: bytes, line: int) -> Text:
    """A string with its variable references found. Raises BadScript for an unknown namespace or too high a number."""
    pieces: list[bytes | str | int] = []
    at = 0
    for match in _REFERENCE.finditer(raw):
        if match[1]:
            raise BadScript(f"unknown namespace {match[1].decode('ascii', 'replace')!r}", line)
        if match.start() > at:
            pieces.append(raw[at : match.start()])
        name = match[2].lower()
        if name[:1].isdigit():
            digits = name.lstrip(b"0") or b"0"
            if len(digits) > 2:
                raise BadScript(f"match variables go up to {MAX_MATCH_VARIABLE}", line)
            pieces.append(int(digits))
        else:
            pieces.append(name.decode("ascii"))
        at = match.end()
    if at < len(raw):
        pieces.append(raw[at:])
    return Text(tuple(pieces))


def variable_name(text: Text, line: int) -> bytes:
    """A constant that may name a variable, in lower case (RFC 5229 §4). Raises BadScript."""
    name = text.constant
    if name is None or not _IDENTIFIER.fullmatch(name):
        raise BadScript("not a variable's name", line)
    return name.lower()
