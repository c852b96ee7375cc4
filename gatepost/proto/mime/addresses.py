"""Address headers (RFC 5322 §3.4 with its obsolete forms), as leniently as real mail needs. Not here: whether an address exists.

One reading serves both IMAP's ENVELOPE (names as sent) and people (names decoded). Law: linear; nothing raises; rubbish
gives the entry that a person would guess, or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from gatepost.proto.mime.charsets import guess_text
from gatepost.proto.mime.header import unfold
from gatepost.proto.mime.remembered import remembered
from gatepost.proto.mime.words import decode_text


class MimeAddress(msgspec.Struct, frozen=True):
    """One mailbox of an address header: decoded display name ("" for none) and `local@domain` (RFC 5322 §3.4).
    In a group, `group` is its decoded name; an empty group is one entry with an empty `email`."""

    name: str
    email: str
    group: str | None = None


class SentMailbox(msgspec.Struct, frozen=True):
    """A mailbox as sent: quotes and comments removed, nothing decoded. `route` is RFC 5322's obs-route without its colon.
    `domain` is None where there was no `@`."""

    name: bytes
    local: bytes
    domain: bytes | None
    route: bytes = b""


class SentGroup(msgspec.Struct, frozen=True):
    """A group's beginning (`name`) or, with None, its end."""

    name: bytes | None


MAX_FIELD = 128 * 1024
"""Octets read of one address field: some thousands of addresses."""

# What nearly all addresses look like; anything else goes to the reader below.
_SIMPLE = re.compile(
    rb"[ \t]*+(?:(?:\"([^\"\\]*+)\"|([^\"<>@,:;()\\]*+))[ \t]*+"
    rb"<([^\s\"<>@,:;()\\\[\]]++)@([^\s\"<>@,:;()\\\[\]]++)>"
    rb"|([^\s\"<>@,:;()\\\[\]]++)@([^\s\"<>@,:;()\\\[\]]++))[ \t]*+(?:,|\Z)"
)
_TOKEN = re.compile(
    rb"(?P<blank>[ \t\r\n]++)|(?P<quoted>\"(?:[^\"\\]++|\\.)*+\")|(?P<special>[<>@,:;(\"])|(?P<atom>[^ \t\r\n\"<>@,:;(]++)",
    re.DOTALL,
)
_DOMAIN_LITERAL = re.compile(rb"[ \t]*+(\[[^\[\]\s<>,]*+\])")
_PARENTHESES = re.compile(rb"[()\\]")
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_DOT_ATOM = re.compile(r"[^\s\"(),:;<>@\[\\\].]+(?:\.[^\s\"(),:;<>@\[\\\].]+)*")


@remembered
def sent_addresses(raw: bytes) -> tuple[SentMailbox | SentGroup, ...]:
    """What an address header's value holds, in order; each SentGroup with a name is followed by one with None."""
    line = unfold(raw[:MAX_FIELD])
    found: list[SentMailbox | SentGroup] = []
    at = 0
    while match := _SIMPLE.match(line, at):
        quoted, name, local, domain, bare_local, bare_domain = match.groups()
        found.append(SentMailbox(quoted or (name or b"").strip(), local or bare_local, domain or bare_domain))
        at = match.end()
    return tuple(found) if at == len(line) else (*found, *_Reader().read(line[at:]))


@remembered
def parse_addresses(raw: bytes) -> tuple[MimeAddress, ...]:
    """An address header's value, as leniently as real mail needs."""
    out: list[MimeAddress] = []
    group: str | None = None
    begun = 0
    for item in sent_addresses(raw):
        if isinstance(item, SentMailbox):
            out.append(MimeAddress(decode_text(item.name), email_text(item), group))
        elif item.name is not None:
            group, begun = decode_text(item.name), len(out)
        else:
            if len(out) == begun:
                out.append(MimeAddress("", "", group))
            group = None
    return tuple(out)


def email_text(mailbox: SentMailbox) -> str:
    """`local@domain`, the local part quoted where RFC 5322 §3.4.1 asks for it."""
    local = guess_text(mailbox.local)
    if mailbox.domain is None:
        return local
    if local and not _DOT_ATOM.fullmatch(local):
        local = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{local}@{guess_text(mailbox.domain)}" if local or mailbox.domain else ""


class _Reader:
    """Collects tokens until an address ends. Words before `<` are the name, those within it the address."""

    def __init__(self) -> None:
        self.out: list[SentMailbox | SentGroup] = []
        self.words: list[tuple[bytes, bool]] = []  # (word, whether a blank came before it)
        self.angle: list[bytes] | None = None
        self.done: list[bytes] | None = None  # what stood in <>, once it is closed
        self.comment = b""
        self.blank = False
        self.in_group = False

    def read(self, line: bytes) -> list[SentMailbox | SentGroup]:
        for kind, word in _tokens(line):
            if kind == "blank":
                self.blank = True
            elif kind == "comment":
                self.comment = self.comment or word
            elif kind == "special":
                self.special(word)
                self.blank = False
            else:
                self.word(word)
                self.blank = False
        self.finish()
        if self.in_group:
            self.out.append(SentGroup(None))
        return self.out

    def word(self, word: bytes) -> None:
        if self.angle is not None:
            self.angle.append(word)
        elif self.done is None:
            self.words.append((word, self.blank))

    def special(self, mark: bytes) -> None:
        if self.angle is not None:
            if mark == b">":
                self.done, self.angle = self.angle, None
            elif mark in b"@:" or (mark == b"," and b"@" in self.angle[:1]):
                self.angle.append(mark)
            elif mark in b",;":  # the closing bracket was forgotten
                self.done, self.angle = self.angle, None
                self.special(mark)
        elif mark == b"<":
            if self.done is None:
                self.angle = []
        elif mark == b"@":
            self.word(mark)
        elif mark == b",":
            self.finish()
        elif mark == b":" and not self.in_group and self.done is None and (b"@", False) not in self.words[-2:]:
            self.out.append(SentGroup(self.phrase(self.words)))
            self.words, self.in_group = [], True
        elif mark == b";":
            self.finish()
            if self.in_group:
                self.out.append(SentGroup(None))
                self.in_group = False

    def finish(self) -> None:
        """An address is complete, or there was none."""
        inner = self.angle if self.angle is not None else self.done
        if inner is not None:
            self.out.append(_mailbox(self.phrase(self.words) or self.comment, inner))
        elif self.words:
            self.bare()
        self.words, self.angle, self.done, self.comment = [], None, None, b""

    def bare(self) -> None:
        """No brackets: the last run of words around an `@` is the address, what stands before it the name."""
        words = self.words
        at = max((i for i, (word, _) in enumerate(words) if word == b"@"), default=-1)
        start = 0
        if at > 0:
            start = at - 1
            while start > 0 and (
                not words[start][1] or words[start][0][:1] == b"." or words[start - 1][0][-1:] == b"."
            ):
                start -= 1
            words, name = words[start:], self.phrase(words[:start])
            self.out.append(_mailbox(name or self.comment, [word for word, _ in words]))
        else:
            text = self.phrase(words)
            self.out.append(
                SentMailbox(self.comment, text, None) if at < 0 else SentMailbox(b"", b"", text[1:].strip())
            )

    @staticmethod
    def phrase(words: list[tuple[bytes, bool]]) -> bytes:
        return b"".join((b" " if blank and i else b"") + _unquote(word) for i, (word, blank) in enumerate(words))


def _mailbox(name: bytes, words: list[bytes]) -> SentMailbox:
    route = b""
    if words[:1] == [b"@"] and b":" in words:
        colon = words.index(b":")
        route, words = b"".join(words[:colon]), words[colon + 1 :]
    words = words[2:] if words[:1] == [b"mailto"] and words[1:2] == [b":"] else words
    for at in range(len(words) - 1, -1, -1):
        if words[at] == b"@":
            local = b"".join(map(_unquote, words[:at]))
            return SentMailbox(name, local, b"".join(words[at + 1 :]), route)
    return SentMailbox(name, b"".join(map(_unquote, words)), None, route)


def _unquote(word: bytes) -> bytes:
    if word[:1] != b'"' or len(word) < 2:
        return word
    return _ESCAPE.sub(rb"\1", word[1:-1]) if b"\\" in word else word[1:-1]


def _tokens(line: bytes) -> Iterator[tuple[str, bytes]]:
    """Blank, quoted, comment, special, atom. A quote that never ends is an ordinary character."""
    at, end = 0, len(line)
    quotes, after_at = True, False
    while at < end:
        if after_at and (literal := _DOMAIN_LITERAL.match(line, at)):
            yield "atom", literal[1]
            at, after_at = literal.end(), False
            continue
        match = _TOKEN.match(line, at) if quotes or line[at : at + 1] != b'"' else None
        if match is None or match[0] == b'"':
            quotes = False  # looked for its end once, in vain
            yield "atom", b'"'
            at += 1
            continue
        at, kind, word = match.end(), str(match.lastgroup), match[0]
        if word == b"(":
            at, word = _comment(line, at)
            kind = "comment"
        after_at = word == b"@" or (after_at and kind == "blank")
        yield kind, word


def _comment(line: bytes, at: int) -> tuple[int, bytes]:
    """Where the comment that opened before `at` ends, and its text; comments nest (RFC 5322 §3.2.2)."""
    depth, start = 1, at
    while match := _PARENTHESES.search(line, at):
        at = match.end()
        if match[0] == b"\\":
            at += 1
        elif match[0] == b"(":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return at, _ESCAPE.sub(rb"\1", line[start : at - 1]).strip()
    return len(line), line[start:].strip()
