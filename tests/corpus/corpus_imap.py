"""A small IMAP client for the corpus: it reads responses by the grammar (RFC 9051 §9), sharing no code with the server."""

from __future__ import annotations

import asyncio
import re
from typing import Any, TypeAlias

Value: TypeAlias = "bytes | int | list[Value] | None"
_LITERAL = re.compile(rb"~?\{([0-9]+)\}\r\n\Z")
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"')
_COUNT = re.compile(rb"(~?)\{([0-9]+)\}\r\n")
_NAME = re.compile(rb"[A-Z0-9.]+(?:\[[^\]]*\](?:<[0-9]+>)?)?")
_ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"]+')


class Fetched(dict[str, Any]):
    """One message's data items by name."""


class Client:
    """Signed in already."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, *pieces: bytes) -> list[bytes]:
        """A command without its tag; untagged responses, whole, and the tagged one, which must be OK."""
        for piece in (b"t ", *pieces, b"\r\n"):
            self._writer.write(piece)
            await self._writer.drain()
        answers: list[bytes] = []
        while not answers or not answers[-1].startswith(b"t "):
            answers.append(await self._response())
        assert answers[-1].startswith(b"t OK"), answers[-1]
        return answers

    async def append(self, *contents: bytes) -> None:
        """All in one command."""
        pieces = [b"APPEND INBOX"]
        for content in contents:
            pieces += [b" ~{%d+}\r\n" % len(content), content]
        await self.ask(*pieces)

    async def fetch(self, numbers: str, items: str) -> list[Fetched]:
        answers = await self.ask(f"FETCH {numbers} ({items})".encode())
        return [parse_fetch(answer) for answer in answers if b" FETCH (" in answer[:40]]

    async def _response(self) -> bytes:
        async with asyncio.timeout(50):
            line = await self._reader.readuntil(b"\r\n")
            if not line.endswith(b"}\r\n"):
                return line
            whole = [line]
            while (counted := _LITERAL.search(line)) is not None:
                whole.append(await self._reader.readexactly(int(counted[1])))
                line = await self._reader.readuntil(b"\r\n")
                whole.append(line)
            return b"".join(whole)


def parse_fetch(answer: bytes) -> Fetched:
    """`* n FETCH (...)`: every octet must be where the grammar has it."""
    at = answer.index(b"(") + 1
    found = Fetched(number=int(answer[2 : answer.index(b" ", 2)]))
    while True:
        name = _NAME.match(answer, at)
        assert name is not None, answer[at : at + 60]
        assert answer[name.end() : name.end() + 1] == b" "
        value, at = _value(answer, name.end() + 1)
        found[name[0].decode()] = value
        if answer[at : at + 1] == b")":
            assert answer[at:] == b")\r\n", answer[at : at + 60]
            return found
        assert answer[at : at + 1] == b" ", answer[at - 20 : at + 60]
        at += 1


def _value(text: bytes, at: int) -> tuple[Value, int]:
    """Lists without recursion: they may be as deep as the server lets them."""
    stack: list[list[Value]] = []
    while True:
        mark = text[at : at + 1]
        if mark == b"(":
            stack.append([])
            at += 1
            continue
        if mark == b")":
            value: Value = stack.pop()
            at += 1
        else:
            value, at = _scalar(text, at)
        if not stack:
            return value, at
        stack[-1].append(value)
        if text[at : at + 1] == b" ":
            at += 1


def _scalar(text: bytes, at: int) -> tuple[Value, int]:
    if (quoted := _QUOTED.match(text, at)) is not None:
        return re.sub(rb"\\(.)", rb"\1", quoted[1]), quoted.end()
    if (counted := _COUNT.match(text, at)) is not None:
        end = counted.end() + int(counted[2])
        octets = text[counted.end() : end]
        assert len(octets) == int(counted[2])
        assert counted[1] or b"\0" not in octets  # RFC 9051 §9: CHAR8
        return octets, end
    atom = _ATOM.match(text, at)
    assert atom is not None, text[at : at + 60]
    word = atom[0]
    return (None if word == b"NIL" else int(word) if word.isdigit() else word), atom.end()
