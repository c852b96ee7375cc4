"""What SMTP says: fixed replies, and domain errors in its codes (RFC 5321 §4.2.2, RFC 3463)."""

from __future__ import annotations

import re

from gatepost.mail.intake import MailLoop
from gatepost.model.errors import (
    GatepostError,
    HeldBack,
    MessageRefused,
    MessageTooLarge,
    NoSuchAccount,
    NotLocal,
    NotYourAddress,
    OverQuota,
    Temporary,
)
from gatepost.model.mailaddr import BadMailAddress
from gatepost.proto.smtp.commands import Fault, FaultKind
from gatepost.proto.smtp.reply import Reply, reply

OK = reply(250, "2.0.0", "Ok")
SENDER_OK = reply(250, "2.1.0", "Sender ok")
RECIPIENT_OK = reply(250, "2.1.5", "Recipient ok")
GO_AHEAD = reply(354, "", "Go ahead; end with <CRLF>.<CRLF>")
BYE = reply(221, "2.0.0", "Bye")
HELP = reply(214, "2.0.0", "See RFC 5321")
CANNOT_VERIFY = reply(252, "2.0.0", "Send some mail and see")
READY_FOR_TLS = reply(220, "2.0.0", "Ready to start TLS")
SIGNED_IN = reply(235, "2.7.0", "Authentication succeeded")

SIGN_IN_FAILED = reply(535, "5.7.8", "Authentication failed")
TRY_LATER = reply(454, "4.7.0", "Temporary authentication failure, try again later")
SIGN_IN_MALFORMED = reply(501, "5.5.2", "Cannot read that response")
SIGN_IN_CANCELLED = reply(501, "5.7.0", "Authentication cancelled")
UNKNOWN_MECHANISM = reply(504, "5.5.4", "Unknown authentication mechanism")
ENCRYPTION_REQUIRED = reply(538, "5.7.11", "Encryption required: STARTTLS first")
SIGN_IN_REQUIRED = reply(530, "5.7.0", "Authentication required")
ALREADY_SIGNED_IN = reply(503, "5.5.1", "Already authenticated")

HELLO_FIRST = reply(503, "5.5.1", "Say EHLO first")
MAIL_FIRST = reply(503, "5.5.1", "MAIL first")
ONE_AT_A_TIME = reply(503, "5.5.1", "A transaction is under way")
CHUNKS_BEGUN = reply(503, "5.5.1", "BDAT and DATA do not mix")
NO_RECIPIENTS = reply(554, "5.5.1", "No valid recipients")
NOT_OFFERED = reply(502, "5.5.1", "Not offered here")
TLS_ALREADY = reply(503, "5.5.1", "TLS is active already")
TOO_MANY_RECIPIENTS = reply(452, "4.5.3", "Too many recipients")
NEEDS_SMTPUTF8_SENDER = reply(550, "5.6.7", "This address needs SMTPUTF8")
NEEDS_SMTPUTF8_RECIPIENT = reply(553, "5.6.7", "This address needs SMTPUTF8")
TOO_LARGE = reply(552, "5.3.4", "Message too large")
NO_ROOM_NOW = reply(452, "4.3.1", "Too much mail at once, try again later")
BARE_LINE_END = reply(554, "5.6.0", "The message has a CR or LF outside CRLF (RFC 5321 section 2.3.8)")
TOO_MANY_ERRORS = reply(421, "4.7.0", "Too many errors")
TOO_MUCH_CHATTER = reply(421, "4.7.0", "Too many commands without mail")
NOT_YOUR_TURN = reply(554, "5.5.1", "You talked before the greeting")

_FAULTS = {
    FaultKind.UNKNOWN: reply(500, "5.5.1", "Unknown command"),
    FaultKind.NOT_OFFERED: NOT_OFFERED,
    FaultKind.OCTETS: reply(501, "5.5.2", "Characters that no command may hold"),
    FaultKind.TOO_LONG: reply(500, "5.5.2", "Line too long"),
    FaultKind.SYNTAX: reply(501, "5.5.4", "Syntax error in the arguments"),
    FaultKind.SENDER: reply(501, "5.1.7", "Not a sender address"),
    FaultKind.RECIPIENT: reply(501, "5.1.3", "Not a recipient address"),
    FaultKind.PARAMETER: reply(555, "5.5.4", "Unknown parameter"),
}

_ERRORS: tuple[tuple[type[Exception], Reply], ...] = (
    (NoSuchAccount, reply(550, "5.1.1", "No such recipient here")),
    (NotLocal, reply(550, "5.7.1", "Relaying denied")),
    (NotYourAddress, reply(553, "5.7.1", "Not an address of yours")),
    (OverQuota, reply(452, "4.2.2", "Mailbox full")),
    (MessageTooLarge, TOO_LARGE),
    (HeldBack, reply(451, "4.7.1", "Too much for a first day on a network new to this account, try again later")),
    (Temporary, reply(451, "4.3.0", "Cannot take it now, try again later")),
    (MailLoop, reply(554, "5.4.6", "The message has passed through too many servers")),
    (BadMailAddress, reply(501, "5.1.3", "Not a mail address")),
    (GatepostError, reply(554, "5.3.0", "Cannot take it")),
)

_FAREWELLS = {
    "timeout": ("4.4.2", "Timeout"),
    "stopping": ("4.3.2", "Shutting down"),
    "busy": ("4.3.2", "Too busy"),
    "error": ("4.3.0", "Something broke here"),
}

_REFUSED = "Message refused by its recipient"
MAX_REASON_LINE = 400
_CONTROL = re.compile("[\x00-\x1f\x7f]+")


def fault_reply(fault: Fault) -> Reply:
    """What a line that is no command is told."""
    return _FAULTS[fault.kind]


def error_reply(error: Exception) -> Reply:
    """A domain error in SMTP's words. Raises `error` again if it is none that SMTP has words for."""
    if isinstance(error, MessageRefused):
        return reply(550, "5.7.1", *_reason_lines(str(error)))
    for kind, answer in _ERRORS:
        if isinstance(error, kind):
            return answer
    raise error


def content_error_reply(error: Exception) -> Reply:
    """The same after the message's end, where 501 and 553 have no place (RFC 5321 §4.3.2)."""
    answer = error_reply(error)
    return reply(550, answer.status, *answer.lines) if answer.code in (501, 553) else answer


def farewell(why: str, hostname: str) -> Reply:
    """421 in its shades (RFC 5321 §3.8)."""
    status, text = _FAREWELLS.get(why, _FAREWELLS["error"])
    return reply(421, status, f"{hostname} {text}")


def _reason_lines(text: str) -> list[str]:
    """A script's reason as a multi-line reply (RFC 5429 §2.1.1); one that is not ASCII is not repeated."""
    if not text.isascii():
        return [_REFUSED]
    words = [_CONTROL.sub(" ", line).strip() for line in re.split(r"\r\n|\r|\n", text)]
    lines = [line[begin : begin + MAX_REASON_LINE] for line in words for begin in range(0, len(line), MAX_REASON_LINE)]
    return lines[:20] or [_REFUSED]
