"""The server's side of ManageSieve without a socket: lines and literals in, typed events out, replies queued.

Strings of one command are held together within `room` octets; what is over it is swallowed and reported once, at the
command's end. It doesn't know who may do what (the session does). Cutting the input differently changes nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TypeAlias

from gatepost.proto.engine import LineBuffer
from gatepost.proto.managesieve.commands import Command, Fault, FaultKind
from gatepost.proto.managesieve.grammar import parse_command
from gatepost.proto.managesieve.lexer import Line, String, Word, read_line
from gatepost.proto.managesieve.reply import Reply, encode_literal, encode_string
from gatepost.proto.sasl_response import SaslCancelled, SaslMalformed, SaslResponse, read_response

MAX_LINE = 16384
"""Octets of a line without its literals: a SASL response of 12,288 octets in quotes fits."""
MAX_WORDS = 16
"""Words of one command; none has more than three."""
BEFORE_SIGN_IN = 16384
"""Octets of one command's literals before somebody has signed in."""

SieveEvent: TypeAlias = Command | Fault | SaslResponse | SaslCancelled | SaslMalformed


class ManageSieveEngine:
    """See the module. `room` is the session's to set: octets of literals in one command."""

    def __init__(self) -> None:
        self.room = BEFORE_SIGN_IN
        self._input = LineBuffer()
        self._output = bytearray()
        self._words: list[Word] = []
        self._held = 0
        self._fault: FaultKind | None = None
        self._literal: int | None = None
        self._skip = 0
        self._awaits_response = False

    # -- input ------------------------------------------------------------------------------------------------------
    def receive_data(self, data: bytes) -> None:
        """Octets from the client."""
        self._input.feed(data)

    def receive_eof(self) -> None:
        """An unfinished command is none."""
        self._input.eof = True

    def next_event(self) -> SieveEvent | None:
        """The next thing said, or None until there is more."""
        while True:
            if not self._take_literal():
                return None
            raw = self._input.take_line(MAX_LINE)
            if raw is None:
                return None
            line = read_line(raw) if isinstance(raw, bytes) else Line(None, lost=True)
            if line.lost:
                self._fault = FaultKind.LOST
            elif line.words is None:
                self._fault = self._fault or FaultKind.SYNTAX
            else:
                self._keep(line.words, 0)
            if line.literal is None or line.lost:
                return self._finish()
            self._announce(line.literal)

    @property
    def pending(self) -> int:
        """Octets held that belong to no event yet."""
        return len(self._input) + self._held

    @property
    def queued(self) -> int:
        """Octets of output not yet taken."""
        return len(self._output)

    # -- output -----------------------------------------------------------------------------------------------------
    def send(self, reply: Reply) -> None:
        """Queues a reply."""
        self._output += reply.encode()

    def send_strings(self, strings: Iterable[str], atom: str = "") -> None:
        """A line of data before the reply: strings, then an atom if there is one (capabilities, LISTSCRIPTS)."""
        words = [encode_string(string.encode()) for string in strings]
        if atom:
            words.append(atom.encode("ascii"))
        self._output += b" ".join(words) + b"\r\n"

    def send_script(self, content: bytes) -> None:
        """A script, before the reply to GETSCRIPT (§2.9)."""
        self._output += encode_literal(content) + b"\r\n"

    def challenge(self, data: bytes) -> None:
        """After Authenticate or a response: the server's message in base64 (§2.1); the next string is a response."""
        self._output += encode_string(base64.b64encode(data)) + b"\r\n"
        self._awaits_response = True

    def take_output(self) -> bytes:
        """Octets for the client."""
        output = bytes(self._output)
        self._output.clear()
        return output

    # -- inside -----------------------------------------------------------------------------------------------------
    def _announce(self, length: int) -> None:
        if self._fault is None and self._held + length > self.room:
            self._fault = FaultKind.TOO_LARGE
        if self._fault is None:
            self._literal = length
        else:
            self._skip = length

    def _take_literal(self) -> bool:
        """Whether no literal is outstanding any more."""
        if self._skip:
            self._skip -= len(self._input.take_upto(self._skip))
            return self._skip == 0
        if self._literal is not None:
            octets = self._input.take_exactly(self._literal)
            if octets is None:
                return False
            self._literal = None
            self._keep((String(octets),), len(octets))
        return True

    def _keep(self, words: tuple[Word, ...], size: int) -> None:
        if self._fault is not None:
            return
        if len(self._words) + len(words) > MAX_WORDS:
            self._fault = FaultKind.SYNTAX
            self._words.clear()
            self._held = 0
            return
        self._words.extend(words)
        self._held += size

    def _finish(self) -> SieveEvent:
        words, fault = self._words, self._fault
        self._words, self._held, self._fault = [], 0, None
        if self._awaits_response:
            self._awaits_response = False
            if fault is None and len(words) == 1 and isinstance(words[0], String):
                return read_response(words[0].octets)
            return SaslMalformed() if fault is not FaultKind.LOST else Fault(fault)
        return parse_command(words) if fault is None else Fault(fault)
