"""What ManageSieve says: fixed replies, and domain errors in its words and response codes (RFC 5804 §1.3)."""

from __future__ import annotations

import re

from gatepost.model.errors import (
    BadScript,
    HeldBack,
    NoSuchScript,
    ScriptActive,
    ScriptExists,
    Temporary,
    TooManyScripts,
)
from gatepost.proto.managesieve.commands import Fault, FaultKind
from gatepost.proto.managesieve.reply import Reply, bye, no, ok

OK = ok()
BEGIN_TLS = ok("Begin TLS negotiation")
SIGNED_IN = ok("Signed in")
SIGNED_OUT = ok("Signed out")
BYE = ok("Bye")

SIGN_IN_FAILED = no("Authentication failed")
TRY_LATER = no("Temporary authentication failure, try again later", "TRYLATER")
SIGN_IN_CANCELLED = no("Authentication cancelled")
UNKNOWN_MECHANISM = no("Unknown authentication mechanism")
ENCRYPTION_REQUIRED = no("Encryption required: STARTTLS first", "ENCRYPT-NEEDED")
SIGN_IN_FIRST = no("Sign in first")
SIGNED_IN_ALREADY = no("Signed in already")
TLS_ALREADY = no("TLS is active already")
NOT_OFFERED = no("Not offered here")
EMPTY_SCRIPT = no("A script cannot be empty")
TOO_LARGE = no("The script is too large", "QUOTA/MAXSIZE")
TOO_MANY_ERRORS = bye("Too many errors")

_FAULTS = {
    FaultKind.UNKNOWN: no("Unknown command"),
    FaultKind.SYNTAX: no("Syntax error"),
    FaultKind.NAME: no("Not a name for a script"),
    FaultKind.TOO_LARGE: TOO_LARGE,
    FaultKind.LOST: bye("Syntax error: cannot tell where the next command begins"),
}

_FAREWELLS = {
    "timeout": bye("Timeout"),
    "stopping": bye("Shutting down", "TRYLATER"),
    "busy": bye("Too busy", "TRYLATER"),
    "error": bye("Something broke here", "TRYLATER"),
}

_ERRORS: tuple[tuple[type[Exception], Reply], ...] = (
    (NoSuchScript, no("No such script", "NONEXISTENT")),
    (ScriptExists, no("A script has this name already", "ALREADYEXISTS")),
    (ScriptActive, no("The script is active", "ACTIVE")),
    (TooManyScripts, no("Too many scripts, or too much in them", "QUOTA")),
    (
        HeldBack,
        no(
            "No new redirect for a day from a network new to this account: try again later, or from another", "TRYLATER"
        ),
    ),
    (Temporary, no("Try again later", "TRYLATER")),
)

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
MAX_TEXT = 2000
"""Characters of a script's errors or warnings."""


def fault_reply(fault: Fault) -> Reply:
    """What is no command is told."""
    return _FAULTS[fault.kind]


def error_reply(error: Exception) -> Reply:
    """A domain error in ManageSieve's words; what it has no words for is raised again."""
    if isinstance(error, BadScript):
        return no(f"line {error.line}: {plain(error.reason)}")  # RFC 5804 §2.6: the line of the first error
    for kind, answer in _ERRORS:
        if isinstance(error, kind):
            return answer
    raise error


def warned(warnings: tuple[str, ...]) -> Reply:
    """OK, with warnings if there are any (RFC 5804 §1.3 WARNINGS)."""
    if not warnings:
        return OK
    return ok("\r\n".join(plain(warning) for warning in warnings[:20]), "WARNINGS")


def plain(text: str) -> str:
    """A text that may quote the script, on one line and without control characters."""
    return _CONTROL.sub(" ", text)[:MAX_TEXT]


def farewell(why: str) -> Reply:
    """BYE, unasked for."""
    return _FAREWELLS.get(why, _FAREWELLS["error"])
