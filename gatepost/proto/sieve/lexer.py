"""Sieve's tokens (RFC 5228 §8.1). A bare LF counts as a line's end, since scripts are also written by hand.

Law: raises BadScript with the line, nothing else; linear.
"""

from __future__ import annotations

import re

import msgspec

from gatepost.model.errors import BadScript

MAX_NUMBER = 2**63 - 1
_UNITS = {b"": 1, b"k": 1 << 10, b"m": 1 << 20, b"g": 1 << 30}

_TOKEN = re.compile(
    rb"(?P<blank>[ \t\r\n]++)"
    rb"|(?P<hash>#[^\n]*+\n?)"
    rb"|(?P<bracket>/\*(?s:.*?)\*/)"
    rb"|(?P<text>[Tt][Ee][Xx][Tt]:[ \t]*+(?:#[^\n]*+)?\r?\n)"
    rb"|(?P<word>[A-Za-z_][A-Za-z0-9_]*+)"
    rb"|:(?P<tag>[A-Za-z_][A-Za-z0-9_]*+)"
    rb"|(?P<number>[0-9]++[KkMmGg]?)(?![A-Za-z0-9_])"
    rb"|\"(?P<quoted>(?:[^\"\\\0]++|\\[^\0])*+)\""
    rb"|(?P<mark>[\[\](){},;])",
    re.DOTALL,
)
_TEXT_END = re.compile(rb"^\.\r?(?:\n|\Z)", re.MULTILINE)
_STUFFED = re.compile(rb"^\.\.", re.MULTILINE)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)


class Token(msgspec.Struct, frozen=True):
    """`kind` is word, tag, number, string or the punctuation mark itself; `end` closes the script."""

    kind: str
    value: bytes | int
    line: int


def tokens(source: bytes, limit: int) -> list[Token]:
    """All tokens of a script, at most `limit`, the last one of kind `end`. Raises BadScript."""
    found: list[Token] = []
    at, line = 0, 1
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise BadScript(_complaint(source, at), line)
        kind, text = str(match.lastgroup), match[0]
        end = match.end()
        if kind == "text":
            closing = _TEXT_END.search(source, end)
            if closing is None or b"\0" in source[end : closing.start()]:
                raise BadScript('"text:" is not ended by a line with a single dot', line)
            found.append(Token("string", _STUFFED.sub(b".", source[end : closing.start()]), line))
            end = closing.end()
            text = source[at:end]
        elif kind == "number":
            found.append(Token("number", _number(text, line), line))
        elif kind == "quoted":
            found.append(Token("string", _ESCAPE.sub(rb"\1", match["quoted"]), line))
        elif kind == "mark":
            found.append(Token(text.decode("ascii"), text, line))
        elif kind in ("word", "tag"):
            found.append(Token(kind, match[kind].lower(), line))
        if len(found) > limit:
            raise BadScript("the script has too many words", line)
        line += text.count(b"\n")
        at = end
    found.append(Token("end", b"", line))
    return found


def _number(text: bytes, line: int) -> int:
    digits = text.rstrip(b"KkMmGg")
    if len(digits.lstrip(b"0")) > 19:
        raise BadScript("the number is too large", line)
    value = int(digits) * _UNITS[text[len(digits) :].lower()]
    if value > MAX_NUMBER:
        raise BadScript("the number is too large", line)
    return value


def _complaint(source: bytes, at: int) -> str:
    if source[at] == 0x22:
        return "a string that begins here is not ended"
    if source.startswith(b"/*", at):
        return "a comment that begins here is not ended"
    shown = source[at : at + 1].decode("ascii", "backslashreplace")
    return f"unexpected character {shown!r}"
