"""The server's side of SMTP without a socket: lines and content in, typed events out, replies queued.

It knows which octets are commands, which content, which a SASL response; it doesn't know who may do what, nor in which
order (the session does). Every event must be answered (`send`, `accept_content`, `challenge`) before the next is asked for.
Cutting the input differently changes nothing but where `Content` is cut.
"""

from __future__ import annotations

import base64
from enum import Enum, auto
from typing import TypeAlias

from gatepost.proto.engine import LineBuffer
from gatepost.proto.sasl_response import SaslCancelled, SaslMalformed, SaslResponse, read_response
from gatepost.proto.smtp.commands import (
    Auth,
    Bdat,
    Command,
    Content,
    ContentEnd,
    Fault,
    FaultKind,
    Mail,
)
from gatepost.proto.smtp.content import DotReader, LineEndWatch
from gatepost.proto.smtp.grammar import parse_command
from gatepost.proto.smtp.reply import Reply

MAX_COMMAND = 4096
"""Octets of a command line; RFC 5321 §4.5.3.1.4 asks for 512, extensions add to it."""
MAX_AUTH = 12288
"""Octets of an AUTH command and of a SASL response (RFC 4954 §4.)"""

SmtpEvent: TypeAlias = Command | Fault | Content | ContentEnd | SaslResponse | SaslCancelled | SaslMalformed


class _Mode(Enum):
    COMMAND = auto()
    DATA = auto()
    CHUNK = auto()
    RESPONSE = auto()


class SmtpEngine:
    """See the module."""

    def __init__(self) -> None:
        self._input = LineBuffer()
        self._output = bytearray()
        self._mode = _Mode.COMMAND
        self._dots = DotReader()
        self._chunk = Bdat(0, True)
        self._left = 0
        self._line_ends = LineEndWatch()

    # -- input ------------------------------------------------------------------------------------------------------
    def receive_data(self, data: bytes) -> None:
        """Octets from the client."""
        self._input.feed(data)

    def receive_eof(self) -> None:
        """What is incomplete stays so: a message cut short is never delivered."""
        self._input.eof = True

    def next_event(self) -> SmtpEvent | None:
        """The next thing said, or None until there is more."""
        if self._mode is _Mode.DATA:
            return self._next_content()
        if self._mode is _Mode.CHUNK:
            return self._next_chunk()
        line = self._input.take_line(MAX_AUTH)
        if line is None:
            return None
        if self._mode is _Mode.RESPONSE:
            self._mode = _Mode.COMMAND
            return read_response(line) if isinstance(line, bytes) else SaslMalformed()
        if not isinstance(line, bytes):
            return Fault(FaultKind.TOO_LONG)
        command = parse_command(line)
        if len(line) > MAX_COMMAND and not isinstance(command, Auth):
            return Fault(FaultKind.TOO_LONG)
        if isinstance(command, Mail):
            self._line_ends = LineEndWatch()
        elif isinstance(command, Bdat):
            self._chunk, self._left, self._mode = command, command.size, _Mode.CHUNK
        return command

    @property
    def pending(self) -> int:
        """Octets held that belong to no event yet. In DATA the few that may be the beginning of the end don't count:
        the client is between two pieces, not in the midst of a command."""
        return 0 if self._mode is _Mode.DATA else len(self._input)

    @property
    def queued(self) -> int:
        """Octets of output not yet taken."""
        return len(self._output)

    # -- output -----------------------------------------------------------------------------------------------------
    def send(self, reply: Reply) -> None:
        """Queues a reply."""
        self._output += reply.encode()

    def accept_content(self, reply: Reply) -> None:
        """After Data: sends 354; what comes next is content."""
        self.send(reply)
        self._dots, self._mode = DotReader(), _Mode.DATA

    def challenge(self, data: bytes) -> None:
        """After Auth or a response: sends `334 base64`; the next line is a response (RFC 4954 §4)."""
        self._output += b"334 " + base64.b64encode(data) + b"\r\n"
        self._mode = _Mode.RESPONSE

    def take_output(self) -> bytes:
        """Octets for the client."""
        output = bytes(self._output)
        self._output.clear()
        return output

    # -- content ----------------------------------------------------------------------------------------------------
    def _next_content(self) -> SmtpEvent | None:
        if not self._dots.ended:
            octets = self._dots.take(self._input)
            if octets:
                return Content(octets)
            if not self._dots.ended:
                return None
        self._mode = _Mode.COMMAND
        return ContentEnd(last=True, bare_line_end=self._dots.line_ends.bare)

    def _next_chunk(self) -> SmtpEvent | None:
        if self._left:
            octets = self._input.take_upto(self._left)
            if not octets:
                return None
            self._left -= len(octets)
            self._line_ends.feed(octets)
            return Content(octets)
        self._mode = _Mode.COMMAND
        # a chunk may end between CR and LF; only the last one tells
        return ContentEnd(last=self._chunk.last, bare_line_end=self._chunk.last and self._line_ends.bare)
