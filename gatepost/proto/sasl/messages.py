"""Passwords as SASL carries them: PLAIN (RFC 4616) and LOGIN (obsolete, still what many clients speak). Each reader returns
None for a malformed message, which the door counts as a failure."""

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


def read_name(octets: bytes) -> str | None:
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
    authorize, login = read_name(fields[0]), read_name(fields[1])
    if authorize is None or login is None:
        return None
    return PasswordGiven(login, Secret(fields[2]), authorize)


def read_login_pair(login: bytes, password: bytes) -> PasswordGiven | None:
    """The two answers of the LOGIN mechanism. Some clients end them with a NUL (RFC draft murchison-sasl-login)."""
    name = read_name(login.rstrip(b"\0"))
    if not name or not password or len(password) > MAX_MESSAGE or b"\0" in password:
        return None
    return PasswordGiven(name, Secret(password))
