"""The one-message mechanisms: PLAIN (RFC 4616), LOGIN (obsolete, still what many clients speak), OAUTHBEARER (RFC 7628)
and its predecessor XOAUTH2. Each reader returns None for a malformed message, which the door counts as a failure."""

from __future__ import annotations

import msgspec

from gatepost.model.secret import Secret

MAX_MESSAGE = 9 * 1024
"""Octets of one decoded client message: 12,288 of base64, as RFC 4954 §4 asks."""
MAX_NAME = 255


class PasswordGiven(msgspec.Struct, frozen=True):
    """A login and its password; `authorize` is whom the client wants to act as, "" for itself."""

    login: str
    secret: Secret
    authorize: str = ""


class BearerGiven(msgspec.Struct, frozen=True):
    """A bearer token; `login` may be empty."""

    login: str
    token: Secret


def _name(octets: bytes) -> str | None:
    if len(octets) > MAX_NAME:
        return None
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return None
    return text if all(ord(c) >= 32 and ord(c) != 127 for c in text) else None


def read_plain(message: bytes) -> PasswordGiven | None:
    """[authzid] NUL authcid NUL passwd (RFC 4616 §2)."""
    fields = message.split(b"\0")
    if len(message) > MAX_MESSAGE or len(fields) != 3 or not fields[1] or not fields[2]:
        return None
    authorize, login = _name(fields[0]), _name(fields[1])
    if authorize is None or login is None:
        return None
    return PasswordGiven(login, Secret(fields[2]), authorize)


def read_login_pair(login: bytes, password: bytes) -> PasswordGiven | None:
    """The two answers of the LOGIN mechanism. Some clients end them with a NUL (RFC draft murchison-sasl-login)."""
    name = _name(login.rstrip(b"\0"))
    if not name or not password or len(password) > MAX_MESSAGE or b"\0" in password:
        return None
    return PasswordGiven(name, Secret(password))


def read_oauthbearer(message: bytes, gs2: bool) -> BearerGiven | None:
    """`n,a=user,^Aauth=Bearer token^A^A` (RFC 7628 §3.1) with `gs2`, else XOAUTH2's `user=user^Aauth=Bearer token^A^A`."""
    if len(message) > MAX_MESSAGE:
        return None
    head, *pairs = message.split(b"\x01")
    fields = dict(pair.partition(b"=")[::2] for pair in pairs if b"=" in pair)
    if gs2:
        parts = head.split(b",")
        if len(parts) != 3 or parts[0] not in (b"n", b"y") or parts[2]:
            return None
        user = parts[1][2:] if parts[1].startswith(b"a=") else b""
        login = _name(user.replace(b"=2C", b",").replace(b"=3D", b"="))
    else:
        login = _name(head[5:]) if head.startswith(b"user=") else None
    scheme, _, token = fields.get(b"auth", b"").partition(b" ")
    if login is None or scheme.lower() != b"bearer" or not token.strip():
        return None
    return BearerGiven(login, Secret(token.strip()))
