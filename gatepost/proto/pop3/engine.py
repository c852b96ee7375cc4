"""The server's side of POP3 without a socket: lines in, typed events out, replies and stuffed octets queued.

It doesn't know who may do what, nor in which state (the session does). Cutting the input differently changes nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TypeAlias

from gatepost.proto.engine import LineBuffer
from gatepost.proto.pop3.commands import Auth, Command, Fault, FaultKind
from gatepost.proto.pop3.grammar import parse_command
from gatepost.proto.pop3.reply import Reply
from gatepost.proto.pop3.stuffing import DotStuffer
from gatepost.proto.sasl_response import SaslCancelled, SaslMalformed, SaslResponse, read_response

MAX_COMMAND = 1024
"""Octets of a command line. RFC 2449 §4 has 255; long UTF-8 names and passwords need more."""
MAX_AUTH = 12288
"""Octets of an AUTH command and of a SASL response."""

Pop3Event: TypeAlias = Command | Fault | SaslResponse | SaslCancelled | SaslMalformed


class Pop3Engine:
    """See the module."""

    def __init__(self) -> None:
        self._input = LineBuffer()
        self._output = bytearray()
        self._stuffer = DotStuffer()
        self._awaits_response = False

    # -- input ------------------------------------------------------------------------------------------------------
    def receive_data(self, data: bytes) -> None:
        """Octets from the client."""
        self._input.feed(data)

    def receive_eof(self) -> None:
        """An unfinished line is no command."""
        self._input.eof = True

    def next_event(self) -> Pop3Event | None:
        """The next thing said, or None until there is more."""
        line = self._input.take_line(MAX_AUTH)
        if line is None:
            return None
        if self._awaits_response:
            self._awaits_response = False
            return read_response(line) if isinstance(line, bytes) else SaslMalformed()
        if not isinstance(line, bytes):
            return Fault(FaultKind.TOO_LONG)
        command = parse_command(line)
        if len(line) > MAX_COMMAND and not isinstance(command, Auth):
            return Fault(FaultKind.TOO_LONG)
        return command

    @property
    def pending(self) -> int:
        """Octets held that belong to no event yet."""
        return len(self._input)

    @property
    def queued(self) -> int:
        """Octets of output not yet taken."""
        return len(self._output)

    # -- output -----------------------------------------------------------------------------------------------------
    def send(self, reply: Reply) -> None:
        """Queues a reply of one line, or the first line of a longer one."""
        self._output += reply.encode()

    def send_lines(self, lines: Iterable[bytes]) -> None:
        """The rest of a multi-line reply, whole. Lines come without CRLF and hold none."""
        self.begin_content()
        self.send_content(b"".join(line + b"\r\n" for line in lines))
        self.end_content()

    def begin_content(self) -> None:
        """What follows is a message's octets."""
        self._stuffer = DotStuffer()

    def send_content(self, octets: bytes) -> None:
        """A piece of it."""
        self._output += self._stuffer.feed(octets)

    def end_content(self) -> None:
        """Its end."""
        self._output += self._stuffer.end()

    def challenge(self, data: bytes) -> None:
        """After Auth or a response: `+ base64` (RFC 5034 §4); the next line is a response."""
        self._output += b"+ " + base64.b64encode(data) + b"\r\n"
        self._awaits_response = True

    def take_output(self) -> bytes:
        """Octets for the client."""
        output = bytes(self._output)
        self._output.clear()
        return output
