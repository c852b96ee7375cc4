"""A command's words -> a command or fault (RFC 5804 §2). A new command is a reader and one line in `VERBS`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from gatepost.proto.managesieve.commands import (
    Authenticate,
    Capability,
    CheckScript,
    Command,
    DeleteScript,
    Fault,
    FaultKind,
    GetScript,
    HaveSpace,
    ListScripts,
    Logout,
    Noop,
    PutScript,
    RenameScript,
    SetActive,
    StartTls,
    Unauthenticate,
)
from gatepost.proto.managesieve.lexer import MAX_NUMBER, Atom, String, Word
from gatepost.proto.sasl_response import SaslMalformed, SaslResponse, decode_base64

MAX_NAME = 128
"""Characters of a script name (RFC 5804 §1.6 asks for 128 at least)."""

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)


class _Bad(Exception):
    def __init__(self, kind: FaultKind = FaultKind.SYNTAX) -> None:
        self.kind = kind


def parse_command(words: Sequence[Word]) -> Command | Fault:
    """Never raises."""
    if not words or not isinstance(words[0], Atom):
        return Fault(FaultKind.SYNTAX)
    reader = VERBS.get(words[0].text.upper())
    if reader is None:
        return Fault(FaultKind.UNKNOWN)
    try:
        return reader(words[1:])
    except _Bad as bad:
        return Fault(bad.kind)


def read_name(octets: bytes, empty: bool = False) -> str | None:
    """A script name (§1.6) in NFC, as Net-Unicode (RFC 5198 §2) wants it; None if it cannot be one."""
    try:
        name = unicodedata.normalize("NFC", octets.decode("utf-8"))
    except UnicodeDecodeError:
        return None
    if len(name) > MAX_NAME or _FORBIDDEN.search(name) or (not name and not empty):
        return None
    return name


def _strings(words: Sequence[Word], least: int, most: int) -> list[bytes]:
    strings = [word.octets for word in words if isinstance(word, String)]
    if len(strings) != len(words) or not least <= len(strings) <= most:
        raise _Bad
    return strings


def _name(octets: bytes, empty: bool = False) -> str:
    name = read_name(octets, empty)
    if name is None:
        raise _Bad(FaultKind.NAME)
    return name


def _authenticate(words: Sequence[Word]) -> Command:
    mechanism, *rest = _strings(words, 1, 2)
    if not re.fullmatch(rb"[A-Za-z0-9_\-]{1,20}", mechanism):
        raise _Bad
    initial: SaslResponse | SaslMalformed | None = None
    if rest:
        data = decode_base64(rest[0])
        initial = SaslMalformed() if data is None else SaslResponse(data)
    return Authenticate(mechanism.decode("ascii").upper(), initial)


def _have_space(words: Sequence[Word]) -> Command:
    if len(words) != 2 or not isinstance(words[1], Atom) or not _NUMBER.fullmatch(words[1].text):
        raise _Bad
    size = int(words[1].text)
    if size > MAX_NUMBER:
        raise _Bad
    return HaveSpace(_name(_strings(words[:1], 1, 1)[0]), size)


def _put_script(words: Sequence[Word]) -> Command:
    name, content = _strings(words, 2, 2)
    return PutScript(_name(name), content)


def _rename_script(words: Sequence[Word]) -> Command:
    name, new = _strings(words, 2, 2)
    return RenameScript(_name(name), _name(new))


def _named(make: Callable[[str], Command], empty: bool = False) -> Callable[[Sequence[Word]], Command]:
    def read(words: Sequence[Word]) -> Command:
        return make(_name(_strings(words, 1, 1)[0], empty))

    return read


def _check_script(words: Sequence[Word]) -> Command:
    return CheckScript(_strings(words, 1, 1)[0])


def _noop(words: Sequence[Word]) -> Command:
    tags = _strings(words, 0, 1)
    return Noop(tags[0] if tags else None)


def _bare(value: Command) -> Callable[[Sequence[Word]], Command]:
    def read(words: Sequence[Word]) -> Command:
        _strings(words, 0, 0)
        return value

    return read


VERBS: Mapping[str, Callable[[Sequence[Word]], Command]] = {
    "AUTHENTICATE": _authenticate,
    "STARTTLS": _bare(StartTls()),
    "LOGOUT": _bare(Logout()),
    "CAPABILITY": _bare(Capability()),
    "HAVESPACE": _have_space,
    "PUTSCRIPT": _put_script,
    "LISTSCRIPTS": _bare(ListScripts()),
    "SETACTIVE": _named(SetActive, empty=True),
    "GETSCRIPT": _named(GetScript),
    "DELETESCRIPT": _named(DeleteScript),
    "RENAMESCRIPT": _rename_script,
    "CHECKSCRIPT": _check_script,
    "NOOP": _noop,
    "UNAUTHENTICATE": _bare(Unauthenticate()),
}
