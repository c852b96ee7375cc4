"""What POP3 says: fixed replies, and domain errors in its words (RFC 1939, RFC 2449 §8, RFC 3206)."""

from __future__ import annotations

from gatepost.model.errors import NoSuchBlob, NoSuchEmail, NoSuchMailbox, Temporary
from gatepost.proto.pop3.commands import Fault, FaultKind
from gatepost.proto.pop3.reply import Reply, err, ok

OK = ok("Done")
CAPABILITIES = ok("Capabilities follow")
BYE = ok("Bye")
READY_FOR_TLS = ok("Begin TLS negotiation")
UTF8_ON = ok("UTF8 enabled")
LANGUAGES = ok("Languages follow")
LANGUAGE = ok("en Language is English")
NO_SUCH_LANGUAGE = err("en No such language")
MECHANISMS = ok("Mechanisms follow")
NEXT_PASSWORD = ok("Send PASS")

SIGN_IN_FAILED = err("Authentication failed", "AUTH")
TRY_LATER = err("Temporary authentication failure, try again later", "SYS/TEMP")
SIGN_IN_CANCELLED = err("Authentication cancelled")
UNKNOWN_MECHANISM = err("Unknown authentication mechanism")
ENCRYPTION_REQUIRED = err("Encryption required: STLS first")
USER_FIRST = err("USER first")
SIGN_IN_FIRST = err("Sign in first")
SIGNED_IN_ALREADY = err("Signed in already")
IN_USE = err("Another session has this maildrop open", "IN-USE")
NO_SUCH_MESSAGE = err("No such message")
TLS_ALREADY = err("TLS is active already")
NOT_OFFERED = err("Not offered here")
TOO_MANY_ERRORS = err("Too many errors")

_FAULTS = {
    FaultKind.UNKNOWN: err("Unknown command"),
    FaultKind.OCTETS: err("Characters that no command may hold"),
    FaultKind.TOO_LONG: err("Line too long"),
    FaultKind.SYNTAX: err("Syntax error in the arguments"),
}

_FAREWELLS = {
    "timeout": err("Timeout"),
    "stopping": err("Shutting down", "SYS/TEMP"),
    "busy": err("Too busy", "SYS/TEMP"),
    "error": err("Something broke here", "SYS/TEMP"),
}


def not_removed(count: int) -> Reply:
    """QUIT could not do what DELE had promised (RFC 1939 §6): all is still there."""
    return err(f"None of the {count} messages could be removed", "SYS/TEMP")


def fault_reply(fault: Fault) -> Reply:
    """What a line that is no command is told."""
    return _FAULTS[fault.kind]


def error_reply(error: Exception) -> Reply:
    """A domain error in POP3's words; what it has no words for is raised again."""
    if isinstance(error, Temporary):
        return err("Try again later", "SYS/TEMP")
    if isinstance(error, NoSuchEmail | NoSuchBlob | NoSuchMailbox):
        return err("The message is gone")
    raise error


def farewell(why: str) -> Reply:
    """The last line, unasked for."""
    return _FAREWELLS.get(why, _FAREWELLS["error"])
