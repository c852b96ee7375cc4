"""One line -> one command or fault (RFC 1939 §3). A new command is a reader and one line in `VERBS`.

Keywords are ASCII without regard to case; a password is never trimmed or re-cased.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from gatepost.proto.pop3.commands import (
    Auth,
    Capa,
    Command,
    Dele,
    Fault,
    FaultKind,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from gatepost.proto.sasl_response import read_initial

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_LANGUAGE = re.compile(r"\*|[A-Za-z0-9\-]{1,60}", re.ASCII)  # RFC 6856 §3.2
_MECHANISM = re.compile(r"[A-Za-z0-9_\-]{1,20}", re.ASCII)


class _Bad(Exception):
    pass


def parse_command(line: bytes) -> Command | Fault:
    """Never raises. The line comes without its CRLF."""
    try:
        text = line.decode("utf-8")  # RFC 6856 §2.2: broken UTF-8 is rejected
    except UnicodeDecodeError:
        return Fault(FaultKind.OCTETS)
    if _CONTROL.search(text):
        return Fault(FaultKind.OCTETS)
    verb, space, argument = text.partition(" ")
    reader = VERBS.get(verb.upper()) if verb.isascii() else None
    if reader is None:
        return Fault(FaultKind.UNKNOWN)
    try:
        return reader(argument if space else "")
    except _Bad:
        return Fault(FaultKind.SYNTAX)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _Bad
    return int(text)


def _words(argument: str, least: int, most: int) -> list[str]:
    words = [word for word in argument.split(" ") if word]
    if not least <= len(words) <= most:
        raise _Bad
    return words


def _user(argument: str) -> Command:
    if not argument:
        raise _Bad
    return User(argument)


def _pass(argument: str) -> Command:
    if not argument:
        raise _Bad
    return Pass(argument.encode())


def _auth(argument: str) -> Command:
    words = _words(argument, 0, 2)
    if not words:
        return Auth()
    if not _MECHANISM.fullmatch(words[0]):
        raise _Bad
    return Auth(words[0].upper(), read_initial(words[1].encode()) if len(words) > 1 else None)


def _lang(argument: str) -> Command:
    words = _words(argument, 0, 1)
    if words and not _LANGUAGE.fullmatch(words[0]):
        raise _Bad
    return Lang(words[0] if words else None)


def _list(argument: str) -> Command:
    words = _words(argument, 0, 1)
    return List(_number(words[0]) if words else None)


def _uidl(argument: str) -> Command:
    words = _words(argument, 0, 1)
    return Uidl(_number(words[0]) if words else None)


def _retr(argument: str) -> Command:
    return Retr(_number(_words(argument, 1, 1)[0]))


def _dele(argument: str) -> Command:
    return Dele(_number(_words(argument, 1, 1)[0]))


def _top(argument: str) -> Command:
    number, lines = _words(argument, 2, 2)
    return Top(_number(number), _number(lines))


def _bare(value: Command) -> Callable[[str], Command]:
    def read(argument: str) -> Command:
        _words(argument, 0, 0)
        return value

    return read


VERBS: Mapping[str, Callable[[str], Command]] = {
    "USER": _user,
    "PASS": _pass,
    "AUTH": _auth,
    "STLS": _bare(Stls()),
    "CAPA": _bare(Capa()),
    "UTF8": _bare(Utf8()),
    "LANG": _lang,
    "STAT": _bare(Stat()),
    "LIST": _list,
    "UIDL": _uidl,
    "RETR": _retr,
    "TOP": _top,
    "DELE": _dele,
    "NOOP": _bare(Noop()),
    "RSET": _bare(Rset()),
    "QUIT": _bare(Quit()),
}
