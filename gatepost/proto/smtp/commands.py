"""What an SMTP client can say, as frozen values. Nothing here is parsed or judged: see `grammar` and the session."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from gatepost.proto.sasl_response import SaslMalformed, SaslResponse


class Hello(msgspec.Struct, frozen=True):
    """EHLO (`extended`) or HELO; `name` is what the client calls itself, safe to be put in a header field."""

    name: str
    extended: bool


class Mail(msgspec.Struct, frozen=True):
    """MAIL FROM (RFC 5321 §4.1.1.2). `sender` is empty for `<>`; `size` as declared (RFC 1870), None if not.
    `international`: the address itself holds non-ASCII characters (RFC 6531 §3.3). `spaced`: see Rcpt."""

    sender: str
    size: int | None = None
    body: str = "7BIT"
    smtputf8: bool = False
    international: bool = False
    spaced: bool = False


class Rcpt(msgspec.Struct, frozen=True):
    """RCPT TO (RFC 5321 §4.1.1.3); a source route was dropped. `Postmaster` may stand without a domain.
    `spaced`: there was a space after the colon, which RFC 5321 §3.3 forbids and PHP's mailers and old Outlooks send."""

    recipient: str
    international: bool = False
    spaced: bool = False


class Data(msgspec.Struct, frozen=True):
    """DATA; answer with `accept_content` or a refusal."""


class Bdat(msgspec.Struct, frozen=True):
    """BDAT (RFC 3030 §2): `size` octets follow at once, whatever is thought of it."""

    size: int
    last: bool


class Reset(msgspec.Struct, frozen=True):
    """RSET."""


class Noop(msgspec.Struct, frozen=True):
    """NOOP."""


class Help(msgspec.Struct, frozen=True):
    """HELP."""


class Verify(msgspec.Struct, frozen=True):
    """VRFY; the name asked for is of no interest, since it is never answered."""


class Quit(msgspec.Struct, frozen=True):
    """QUIT."""


class StartTls(msgspec.Struct, frozen=True):
    """STARTTLS (RFC 3207 §4)."""


class Auth(msgspec.Struct, frozen=True):
    """AUTH (RFC 4954 §4). `initial` is None without an initial response."""

    mechanism: str
    initial: SaslResponse | SaslMalformed | None = None


Command: TypeAlias = Hello | Mail | Rcpt | Data | Bdat | Reset | Noop | Help | Verify | Quit | StartTls | Auth


class FaultKind(StrEnum):
    """What is wrong with a line."""

    UNKNOWN = "unknown"
    NOT_OFFERED = "not-offered"
    """A verb of the standard that this server leaves out (RFC 5321 §4.2.4: 502)."""
    OCTETS = "octets"
    """Control characters, a bare CR or LF, or broken UTF-8."""
    TOO_LONG = "too-long"
    SYNTAX = "syntax"
    SENDER = "sender"
    RECIPIENT = "recipient"
    PARAMETER = "parameter"
    """A parameter that no offered extension defines (RFC 5321 §4.1.1.11: 555)."""


class Fault(msgspec.Struct, frozen=True):
    """A line that is no command. `verb` is the known verb it began with, or empty."""

    kind: FaultKind
    verb: str = ""


class Content(msgspec.Struct, frozen=True):
    """A piece of the message, dot-stuffing undone. Where the pieces are cut means nothing."""

    octets: bytes


class ContentEnd(msgspec.Struct, frozen=True):
    """The true end of DATA, or of one BDAT chunk (`last` False if others follow). `bare_line_end`: a CR or LF stood alone
    somewhere in the message so far, which RFC 5321 §2.3.8 forbids and message smuggling lives on."""

    last: bool
    bare_line_end: bool
