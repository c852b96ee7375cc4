"""App passwords: `xxxx-xxxx-xxxx-xxxx-cccc`, 80 random bits in base32 and a keyed check group of 20 bits.

A wrong check group is told in microseconds and costs no hash; a right one is looked up by digest, and works on an
account that is closed to strangers, since 80 bits can't be guessed (GUARD.md, "Beyond guessing").
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re

from gatepost.model.secret import Secret

_FORM = re.compile(rb"[a-z2-7]{4}(?:-?[a-z2-7]{4}){4}")


class AppPasswords:
    """`key`: 32 octets that outlive the process; the check group and the digests depend on it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def generate(self) -> Secret:
        """A new one."""
        random = base64.b32encode(os.urandom(10)).decode().lower()
        text = random + self._check(random.encode()).decode()
        return Secret("-".join(text[i : i + 4] for i in range(0, 20, 4)))

    def matches_form(self, secret: Secret) -> bool:
        """Whether it could be one by its looks; hyphens may be missing, case does not matter, spaces are set aside."""
        return _FORM.fullmatch(_plain(secret)) is not None

    def digest(self, secret: Secret) -> bytes | None:
        """The digest under which it is kept, or None if the check group is wrong."""
        text = _plain(secret).replace(b"-", b"")
        if not hmac.compare_digest(self._check(text[:16]), text[16:]):
            return None
        return hmac.new(self._key, b"app-password\0" + text, hashlib.sha256).digest()

    def _check(self, random: bytes) -> bytes:
        mac = hmac.new(self._key, b"check\0" + random, hashlib.sha256).digest()
        return base64.b32encode(mac)[:4].lower()


def _plain(secret: Secret) -> bytes:
    octets = secret.reveal()
    return octets.replace(b" ", b"").lower() if len(octets) <= 64 else b""
