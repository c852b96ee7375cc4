"""The IMAP engine: octets to commands, and back. See `proto.engine` for the contract.

It assembles a command from lines and literals (RFC 9051 §4.3, RFC 7888), asks for synchronising literals itself, and
reads the two exchanges that are no commands: AUTHENTICATE's responses and IDLE's DONE. It knows no state of the session
but its `limits`, which the session widens after login. Law: no literal is taken that its command could not use.
"""

from __future__ import annotations

import binascii
import re
from enum import Enum

from gatepost.model.annotation import MAX_VALUE
from gatepost.proto.engine import LineBuffer, TooLong
from gatepost.proto.imap.deflate import BrokenStream, Deflate
from gatepost.proto.imap.events import Event, GaveUp, IdleDone, Malformed, SaslResponse
from gatepost.proto.imap.grammar import is_command, parse_command, read_head
from gatepost.proto.imap.limits import SASL_LINE, Limits

_LITERAL = re.compile(rb"\{([0-9]{1,19})(\+?)\}\Z")
_TOO_BIG = "Literal too large"


class _Mode(Enum):
    COMMAND = 1
    SASL = 2
    IDLE = 3
    OVER = 4


class ImapEngine:
    """One client's side of an IMAP connection."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._input = LineBuffer()
        self._output: list[bytes] = []
        self.queued = 0
        """Octets of output not yet taken."""
        self._mode = _Mode.COMMAND
        self._text = b""
        self._literals: list[bytes] = []
        self._held = 0
        self._wanted: int | None = None
        self._swallow = self._swallowed = 0
        self._refusal: Malformed | None = None
        self._deflate: Deflate | None = None
        self._ready = b""

    # -- contract --------------------------------------------------------------------------------------------------
    def receive_data(self, data: bytes) -> None:
        """More octets from the client."""
        if self._mode is _Mode.OVER:
            return
        if self._deflate is None:
            self._input.feed(data)
        else:
            self._deflate.feed(data)

    def receive_eof(self) -> None:
        """The client will send no more; an unfinished command is dropped."""
        self._input.eof = True

    @property
    def pending(self) -> int:
        """Octets held for a command that is not complete."""
        packed = 0 if self._deflate is None else len(self._deflate)
        return packed + len(self._input) + len(self._text) + self._held

    def take_output(self) -> bytes:
        """What is to be sent."""
        output = b"".join(self._output)
        self._output.clear()
        self.queued = 0
        if self._deflate is not None:
            output = self._deflate.pack(output)
        if self._ready:
            output, self._ready = self._ready + output, b""
        return output

    def next_event(self) -> Event | None:
        """The next event, or None until there is more input."""
        while True:
            event = self._next()
            if event is not None or self._deflate is None or self._mode is _Mode.OVER:
                return event
            try:
                data = self._deflate.take()
            except BrokenStream:
                return self._give_up("That was not compressed")
            if not data:
                return None
            self._input.feed(data)

    def _next(self) -> Event | None:
        while self._mode is not _Mode.OVER:
            if self._swallow:
                self._swallow -= len(self._input.take_upto(self._swallow))
                if self._swallow:
                    return None
            if self._wanted is not None:
                octets = self._input.take_exactly(self._wanted)
                if octets is None:
                    return None
                self._literals.append(octets)
                self._held += len(octets)
                self._wanted = None
            line = self._input.take_line(max(self.limits.line, SASL_LINE))
            if line is None:
                return None
            event = self._line(line)
            if event is not None:
                return event
        return None

    # -- for the session ---------------------------------------------------------------------------------------------
    def send(self, octets: bytes) -> None:
        """Queues rendered responses."""
        self._output.append(octets)
        self.queued += len(octets)

    def challenge(self, data: bytes) -> None:
        """Sends a SASL challenge; the next event is a SaslResponse (RFC 9051 §6.2.2)."""
        self.send(b"+ " + binascii.b2a_base64(data, newline=False) + b"\r\n")
        self._mode = _Mode.SASL

    @property
    def compressed(self) -> bool:
        """Whether `compress` was called."""
        return self._deflate is not None

    def compress(self) -> None:
        """What is sent and received from now on is compressed; what is queued already is not (RFC 4978 §3)."""
        self._ready += b"".join(self._output)
        self._output.clear()
        self._deflate = Deflate(self._input.take_upto(len(self._input)))

    def decompress(self) -> None:
        """The end of compression, after what is queued already (RFC 8437 §4.1)."""
        if self._deflate is not None:
            self._ready += self._deflate.finish(b"".join(self._output))
            self._output.clear()
            self._input.feed(self._deflate.rest)
            self._deflate = None

    def idle(self) -> None:
        """Sends IDLE's go-ahead; the next event is IdleDone, or Malformed."""
        self.send(b"+ idling\r\n")
        self._mode = _Mode.IDLE

    # -- inside ------------------------------------------------------------------------------------------------------
    def _line(self, line: bytes | TooLong) -> Event | None:
        if self._mode is _Mode.SASL:
            self._mode = _Mode.COMMAND
            return _sasl_response(line)
        if isinstance(line, TooLong):
            return self._give_up("Line too long")
        if self._mode is _Mode.IDLE:
            self._mode = _Mode.COMMAND
            return IdleDone() if line.upper() == b"DONE" else Malformed(None, "Expected DONE")
        return self._command_line(line)

    def _command_line(self, line: bytes) -> Event | None:
        self._text = self._text + line if self._text else line
        head = read_head(self._text)
        if len(self._text) > (SASL_LINE if head.name == b"AUTHENTICATE" else self.limits.line):
            return self._give_up("Command too long")
        literal = _LITERAL.search(line) if line.endswith(b"}") else None
        if literal is None:
            text, literals, refusal = self._text, self._literals, self._refusal
            self._forget()
            return refusal or parse_command(text, literals, head)
        self._text += b"\r\n"
        return self._announced(head.tag, head.name, int(literal[1]), waits=not literal[2])

    def _announced(self, tag: str | None, name: bytes, size: int, waits: bool) -> Event | None:
        refusal = self._refusal or self._judge(tag, name, size)
        if refusal is None:
            self._wanted = size
            if waits:
                self.send(b"+ OK\r\n")
            return None
        if waits:  # no go-ahead was given: the command ends here (RFC 9051 §4.3)
            self._forget()
            return refusal
        # RFC 7888 §4: a literal that comes anyway is read past, or ends the connection
        self._swallowed += size
        if self._swallowed > self.limits.swallow:
            return self._give_up(_TOO_BIG, "TOOBIG")
        self._swallow, self._refusal = size, refusal
        return None

    def _judge(self, tag: str | None, name: bytes, size: int) -> Malformed | None:
        limits = self.limits
        if tag is None:
            return Malformed(None, "Expected a tag")
        if not is_command(name):
            return Malformed(tag, "Unknown command")
        if len(self._literals) >= limits.literals:
            return Malformed(tag, "Too many literals", "LIMIT")
        if size > limits.literal_of(name) or self._held + size > 2 * limits.literal_of(name):
            # RFC 7889 §4, RFC 4469 §4; RFC 5464 §4.3
            code = f"METADATA MAXSIZE {MAX_VALUE}" if name == b"SETMETADATA" else "TOOBIG"
            return Malformed(tag, _TOO_BIG, code, no=True)
        return None

    def _give_up(self, text: str, code: str = "") -> GaveUp:
        self._forget()
        self._mode = _Mode.OVER
        self._input = LineBuffer()
        if self._deflate is not None:
            self._deflate.drop()
        return GaveUp(text, code)

    def _forget(self) -> None:
        self._text, self._literals, self._held = b"", [], 0
        self._refusal, self._swallowed = None, 0


def _sasl_response(line: bytes | TooLong) -> SaslResponse:
    if isinstance(line, TooLong):
        return SaslResponse(None)
    if line == b"*":
        return SaslResponse(None, cancelled=True)
    return SaslResponse(decode_base64(line))


def decode_base64(text: bytes) -> bytes | None:
    """Strict base64 (RFC 4648 §4), or None."""
    try:
        return binascii.a2b_base64(text, strict_mode=True) if text else b""
    except binascii.Error:
        return None
