"""One line -> one command or fault. A new verb is a reader and one line in `VERBS`.

The line comes without its CRLF. Verbs and keywords are ASCII without regard to case; arguments are never re-cased.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from gatepost.proto.sasl_response import read_initial
from gatepost.proto.smtp.address import read_mailbox, take_path
from gatepost.proto.smtp.commands import (
    Auth,
    Bdat,
    Command,
    Data,
    Fault,
    FaultKind,
    Hello,
    Help,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Reset,
    StartTls,
    Verify,
)
from gatepost.proto.smtp.parameters import MAIL, RCPT, BadParameter, UnknownParameter, read_parameters

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NAME = re.compile(r"[A-Za-z0-9_\-.:\[\]]{1,255}", re.ASCII)
_BDAT = re.compile(r"([0-9]{1,18})(?: +([A-Za-z]{4}))?", re.ASCII)
_MECHANISM = re.compile(r"[A-Za-z0-9_\-]{1,20}", re.ASCII)


class _Bad(Exception):
    def __init__(self, kind: FaultKind) -> None:
        self.kind = kind


def parse_command(line: bytes) -> Command | Fault:
    """Never raises."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return Fault(FaultKind.OCTETS, _known_verb(line))
    text = text.rstrip(" \t")  # RFC 5321 §4.1.1: trailing white space is tolerated
    verb, _, argument = text.partition(" ")
    verb = verb.upper() if verb.isascii() else ""
    if _CONTROL.search(text):
        return Fault(FaultKind.OCTETS, _known_verb(line))
    reader = VERBS.get(verb)
    if reader is None:
        return Fault(FaultKind.NOT_OFFERED if verb in LEFT_OUT else FaultKind.UNKNOWN)
    try:
        return reader(argument)
    except _Bad as bad:
        return Fault(bad.kind, verb)
    except UnknownParameter:
        return Fault(FaultKind.PARAMETER, verb)
    except BadParameter:
        return Fault(FaultKind.SYNTAX, verb)


def _known_verb(line: bytes) -> str:
    word = re.match(rb"[A-Za-z]{4,8}(?![A-Za-z])", line)
    verb = word[0].decode("ascii").upper() if word else ""
    return verb if verb in VERBS else ""


def _hello(extended: bool) -> Callable[[str], Command]:
    def read(argument: str) -> Command:
        # RFC 5321 §4.1.1.1 wants a domain or a literal; real clients send host names with `_`, bare addresses, and
        # worse. Whatever is safe in a Received field is taken: the name proves nothing anyway.
        name = argument.strip(" ")
        if not _NAME.fullmatch(name):
            raise _Bad(FaultKind.SYNTAX)
        return Hello(name, extended)

    return read


def _path(argument: str, keyword: str, kind: FaultKind) -> tuple[str, str, bool]:
    head, colon, rest = argument.partition(":")
    if not colon or not head.isascii() or head.strip(" ").upper() != keyword:
        raise _Bad(FaultKind.SYNTAX)
    cut = take_path(rest.lstrip(" "))
    if cut is None:
        raise _Bad(kind)
    return *cut, rest.startswith(" ")


def _mail(argument: str) -> Command:
    path, rest, spaced = _path(argument, "FROM", FaultKind.SENDER)
    sender, international = "", False
    if path:
        name = read_mailbox(path)
        if name is None:
            raise _Bad(FaultKind.SENDER)
        sender, international = name.address, name.international
    values = read_parameters(rest, MAIL)
    size, body = values.get("SIZE"), values.get("BODY", "7BIT")
    return Mail(
        sender,
        size=size if isinstance(size, int) else None,
        body=str(body),
        smtputf8="SMTPUTF8" in values,
        international=international,
        spaced=spaced,
    )


def _rcpt(argument: str) -> Command:
    path, rest, spaced = _path(argument, "TO", FaultKind.RECIPIENT)
    read_parameters(rest, RCPT)
    if path.isascii() and path.lower() == "postmaster":  # RFC 5321 §4.5.1: without a domain, in any case
        return Rcpt("postmaster", spaced=spaced)
    name = read_mailbox(path)
    if name is None:
        raise _Bad(FaultKind.RECIPIENT)
    return Rcpt(name.address, name.international, spaced)


def _bdat(argument: str) -> Command:
    match = _BDAT.fullmatch(argument.strip(" "))
    if not match or (match[2] or "LAST").upper() != "LAST":
        raise _Bad(FaultKind.SYNTAX)
    return Bdat(int(match[1]), match[2] is not None)


def _auth(argument: str) -> Command:
    mechanism, space, initial = argument.partition(" ")
    if not _MECHANISM.fullmatch(mechanism):
        raise _Bad(FaultKind.SYNTAX)
    word = initial.strip(" ").encode()
    return Auth(mechanism.upper(), read_initial(word) if space and word else None)


def _bare(value: Command) -> Callable[[str], Command]:
    def read(argument: str) -> Command:
        if argument.strip(" "):
            raise _Bad(FaultKind.SYNTAX)
        return value

    return read


def _any(value: Command) -> Callable[[str], Command]:
    return lambda argument: value


def _some(value: Command) -> Callable[[str], Command]:
    def read(argument: str) -> Command:
        if not argument.strip(" "):
            raise _Bad(FaultKind.SYNTAX)
        return value

    return read


VERBS: Mapping[str, Callable[[str], Command]] = {
    "EHLO": _hello(True),
    "HELO": _hello(False),
    "MAIL": _mail,
    "RCPT": _rcpt,
    "DATA": _bare(Data()),
    "BDAT": _bdat,
    "RSET": _bare(Reset()),
    "NOOP": _any(Noop()),
    "HELP": _any(Help()),
    "VRFY": _some(Verify()),
    "QUIT": _bare(Quit()),
    "STARTTLS": _bare(StartTls()),
    "AUTH": _auth,
}

LEFT_OUT = frozenset({"EXPN", "TURN", "ETRN", "SEND", "SOML", "SAML"})
"""Known and not offered: EXPN tells strangers who reads a list, the others are history (RFC 5321 appendix F)."""
