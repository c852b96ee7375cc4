"""A command's words (RFC 5804 §4): atoms, quoted strings, and the announcement of a literal at a line's end."""

from __future__ import annotations

import re

import msgspec


class Atom(msgspec.Struct, frozen=True):
    """An atom or a number, as sent."""

    text: str


class String(msgspec.Struct, frozen=True):
    """A string, however it was sent: quoted or literal."""

    octets: bytes

    def __repr__(self) -> str:
        return "String(***)"  # may be a password


Word = Atom | String

_ATOM = re.compile(rb"[!#-'*-\[\]-z|-~]{1,1024}")
_QUOTED = re.compile(rb'"((?:[^"\\\x00\r\n]|\\["\\])*)"')
_LITERAL = re.compile(rb"\{([0-9]{1,10})\+\}\Z")
_UNUSABLE = re.compile(rb"\{(?:[0-9]+|[0-9]{11,}\+)\}\Z")

MAX_NUMBER = 0xFFFFFFFF
"""RFC 5804 §4: numbers have 32 bits."""


class Line(msgspec.Struct, frozen=True):
    """One line's words; None where they make no sense. `literal` is the length of the literal that follows the line, `lost`
    says that nobody knows what follows it."""

    words: tuple[Word, ...] | None
    literal: int | None = None
    lost: bool = False


def read_line(line: bytes) -> Line:
    """Never raises. The line comes without its CRLF."""
    announced = _LITERAL.search(line)
    literal = int(announced[1]) if announced else None
    if _UNUSABLE.search(line) or (literal is not None and literal > MAX_NUMBER):
        return Line(
            None, lost=True
        )  # `{5}` is the server's form only (§4): its sender waits, or has sent octets already
    words: list[Word] = []
    place, end = 0, announced.start() if announced else len(line)
    while True:
        while place < end and line[place] == 0x20:
            place += 1
        if place >= end:
            return Line(tuple(words), literal)
        quoted = _QUOTED.match(line, place, end)
        atom = None if quoted else _ATOM.match(line, place, end)
        if quoted:
            words.append(String(re.sub(rb"\\(.)", rb"\1", quoted[1])))
            place = quoted.end()
        elif atom:
            words.append(Atom(atom[0].decode("ascii")))
            place = atom.end()
        else:
            return Line(None, literal)
        if place < end and line[place] != 0x20:
            return Line(None, literal)
