"""OAUTHBEARER (RFC 7628) and its predecessor XOAUTH2: the client's message read, the error challenge written.

Not here: whether the token is worth anything.
"""

from __future__ import annotations

import re

import msgspec

from gatepost.model.secret import Secret
from gatepost.proto.sasl.messages import MAX_MESSAGE, read_name

FAREWELL = b"\x01"
"""What a client answers to the error challenge (RFC 7628 §3.2.3)."""

_PAIR = re.compile(rb"([A-Za-z]+)=([\x20-\x7e\t\r\n]*)")
_PORT = re.compile(rb"[1-9][0-9]{0,4}")
_ESCAPE = re.compile(rb"=(?!2C|3D)")


class BearerGiven(msgspec.Struct, frozen=True):
    """A bearer token; `login` may be empty."""

    login: str
    token: Secret


class BearerError(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a client whose token was not taken is told (RFC 7628 §3.2.2)."""

    status: str
    scope: str = ""
    configuration: str = msgspec.field(default="", name="openid-configuration")
    schemes: str = ""
    """XOAUTH2's clients look for it; OAUTHBEARER's do not."""

    def encode(self) -> bytes:
        """As it goes into the challenge."""
        return msgspec.json.encode(self)


def read_oauthbearer(message: bytes) -> BearerGiven | None:
    """`n,a=user,^Ahost=h^Aport=993^Aauth=Bearer token^A^A` (RFC 7628 §3.1). What `host` and `port` say is not compared
    with anything: a forwarded port and a second name are no faults."""
    head, pairs = _split(message)
    if pairs is None or ("port" in pairs and not _PORT.fullmatch(pairs["port"])):
        return None
    parts = head.split(b",")
    if len(parts) != 3 or parts[0] not in (b"n", b"y") or parts[2]:  # no channel binding: RFC 5801 §4
        return None
    login = ""
    if parts[1]:
        name = parts[1][2:]
        if not parts[1].startswith(b"a=") or not name or _ESCAPE.search(name):
            return None
        login = read_name(name.replace(b"=2C", b",").replace(b"=3D", b"=")) or ""
        if not login:
            return None
    return _given(login, pairs)


def read_xoauth2(message: bytes) -> BearerGiven | None:
    """`user=user^Aauth=Bearer token^A^A`."""
    head, pairs = _split(message)
    login = read_name(head[5:]) if head.startswith(b"user=") else None
    return None if pairs is None or login is None else _given(login, pairs)


def _split(message: bytes) -> tuple[bytes, dict[str, bytes] | None]:
    """What stands before the pairs, and the pairs; None where one is malformed or comes twice."""
    if len(message) > MAX_MESSAGE or not message.endswith(b"\x01\x01"):
        return b"", None
    head, *rest = message[:-2].split(b"\x01")
    pairs: dict[str, bytes] = {}
    for pair in rest:
        match = _PAIR.fullmatch(pair)
        if match is None or match[1].decode() in pairs:
            return b"", None
        pairs[match[1].decode()] = match[2]
    return head, pairs


def _given(login: str, pairs: dict[str, bytes]) -> BearerGiven | None:
    scheme, _, token = pairs.get("auth", b"").partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip():
        return None
    return BearerGiven(login, Secret(token.strip()))
