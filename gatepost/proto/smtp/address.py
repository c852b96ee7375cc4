"""Paths and mailboxes of the envelope (RFC 5321 §4.1.2 and §4.1.3, RFC 6531 §3.3). Not the header grammar: see proto/mime.

A quoted local part comes out in its minimal quoting (RFC 5321 §4.1.2: all quoted forms are equivalent).
"""

from __future__ import annotations

import re

import msgspec

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff"
_DOT_STRING = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*")
_QUOTED = re.compile(r'"(?:[ !#-\[\]-~\u0080-\U0010ffff]|\\[ -~])*"')
_LABEL = r"[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\-\u0080-\U0010ffff]*[A-Za-z0-9\u0080-\U0010ffff])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SNUM = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LITERAL = re.compile(rf"\[(?:{_SNUM}(?:\.{_SNUM}){{3}}|[A-Za-z0-9\-]*[A-Za-z0-9]:[!-Z^-~]+)\]")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_ROUTE = re.compile(rf"@{_LABEL}(?:\.{_LABEL})*(?:,@{_LABEL}(?:\.{_LABEL})*)*:")

MAX_LOCAL = 64
MAX_DOMAIN = 255
MAX_PATH = 256
"""Octets (RFC 5321 §4.5.3.1.1 to §4.5.3.1.3); a path counts its angle brackets."""


class MailboxName(msgspec.Struct, frozen=True):
    """`address` is `local@domain`, or the local part alone for Postmaster; `international` if it is not ASCII."""

    address: str
    international: bool


def take_path(text: str) -> tuple[str, str] | None:
    """Cuts `<...>` off the front: (what is between the brackets, what follows them). None where there is no path.
    A `>` inside a quoted local part does not end it."""
    if not text.startswith("<"):
        return None
    quoted = escaped = False
    for place, char in enumerate(text[: 4 * MAX_PATH]):
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == ">" and not quoted:
            return text[1:place], text[place + 1 :]
    return None


def read_mailbox(text: str) -> MailboxName | None:
    """The mailbox of a path, with its source route dropped (RFC 5321 §4.1.1.3, appendix C). None if it is malformed."""
    if len(text.encode()) > MAX_PATH - 2:
        return None
    if text.startswith("@"):
        route = _ROUTE.match(text)
        if not route:
            return None
        text = text[route.end() :]
    local, at, domain = text.rpartition("@")
    if not at or not valid_domain(domain):
        return None
    spelled = _minimal_local(local)
    if spelled is None:
        return None
    address = f"{spelled}@{domain}"
    return MailboxName(address, not address.isascii())


def valid_domain(text: str) -> bool:
    """Whether it is a domain name or an address literal."""
    if not text or len(text.encode()) > MAX_DOMAIN:
        return False
    if text.startswith("["):
        return valid_literal(text)
    return _DOMAIN.fullmatch(text) is not None and all(len(label.encode()) <= 63 for label in text.split("."))


def valid_literal(text: str) -> bool:
    """RFC 5321 §4.1.3; `[IPv6:...]` is looked at more closely than other tags."""
    if not _LITERAL.fullmatch(text):
        return False
    tag, colon, rest = text[1:-1].partition(":")
    return not colon or tag.lower() != "ipv6" or (_IPV6.fullmatch(rest) is not None and rest.count("::") <= 1)


def _minimal_local(local: str) -> str | None:
    """The local part with no more quoting than it needs, or None if it is malformed or over 64 octets."""
    if local.startswith('"'):
        if not _QUOTED.fullmatch(local):
            return None
        plain = re.sub(r"\\(.)", r"\1", local[1:-1])
        local = plain if _DOT_STRING.fullmatch(plain) else '"' + re.sub(r'(["\\])', r"\\\1", plain) + '"'
    elif not _DOT_STRING.fullmatch(local):
        return None
    return local if len(local.encode()) <= MAX_LOCAL else None
