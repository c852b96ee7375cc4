"""Password hashes that were made elsewhere and imported: crypt strings, Dovecot's `{SCHEME}` and what LDAP servers keep.

They are verified by libpass (import name `passlib`); yescrypt, which libpass does not know, by the system's crypt library
where Python still reaches it (up to 3.12). New hashes are never of these kinds.
"""

from __future__ import annotations

import hmac
import importlib
import re
import warnings
from functools import lru_cache
from importlib import metadata
from typing import Any

_PREFIX = re.compile(r"\{(?:CRYPT|BLF-CRYPT|SHA512-CRYPT|SHA256-CRYPT|MD5-CRYPT|ARGON2ID?|PBKDF2)\}", re.ASCII)
_SCHEMES = (
    "argon2",
    "bcrypt",
    "sha512_crypt",
    "sha256_crypt",
    "md5_crypt",
    "scrypt",
    "pbkdf2_sha512",
    "pbkdf2_sha256",
    "ldap_salted_sha512",
    "ldap_salted_sha256",
    "ldap_salted_sha1",
)
_BCRYPT_OCTETS = 72


class WrongLibrary(Exception):
    """`passlib` is installed, which shadows libpass and fails on every bcrypt hash."""


def assert_libpass() -> None:
    """Two packages provide the module `passlib`, and installing both breaks silently. Raises WrongLibrary."""
    names = {(found.metadata["Name"] or "").lower() for found in metadata.distributions()}
    if "libpass" not in names or "passlib" in names:
        raise WrongLibrary("the package libpass must be installed, and passlib must not")


def verify(hashed: str, secret: bytes) -> bool | None:
    """Whether the secret is right; None for a hash of a kind unknown here. Slow: not for the event loop."""
    bare = _PREFIX.sub("", hashed, count=1) if hashed.startswith("{") else hashed
    if b"\0" in secret:  # crypt's strings end there
        return None
    if bare.startswith(("$y$", "$gy$", "$7$")):
        return _system_crypt(bare, secret)
    context = _context()
    scheme = context.identify(bare)
    if scheme is None:
        return None
    if scheme == "bcrypt":
        secret = secret[:_BCRYPT_OCTETS]  # what the library that made the hash did
    try:
        return bool(context.verify(secret, bare))
    except (ValueError, TypeError):
        return None


def knows(hashed: str) -> bool:
    """Whether `verify` can check a hash of this kind."""
    bare = _PREFIX.sub("", hashed, count=1) if hashed.startswith("{") else hashed
    if bare.startswith(("$y$", "$gy$", "$7$")):
        return _crypt_module() is not None
    return _context().identify(bare) is not None


def _system_crypt(hashed: str, secret: bytes) -> bool | None:
    crypt = _crypt_module()
    if crypt is None:
        return None
    try:
        computed = crypt.crypt(secret.decode(), hashed)
    except (OSError, ValueError):
        return None
    return computed is not None and hmac.compare_digest(computed.encode(), hashed.encode())


@lru_cache(1)
def _context() -> Any:
    from passlib.context import CryptContext  # slow to import, and few servers need it

    return CryptContext(schemes=list(_SCHEMES))


@lru_cache(1)
def _crypt_module() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return importlib.import_module("crypt")
        except ImportError:
            return None
