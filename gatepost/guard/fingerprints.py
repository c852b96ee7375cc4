"""Short keyed fingerprints of wrong passwords: enough to tell "the same again", too short to tell which.

HMAC-SHA256 under two keys, so that the two tables cannot be joined: K1 with the account in it, cut to 16 bits; K2 with
the password alone, cut to 32. The keys are handed in (32 random octets each, memory only, new every day) and the old
pair is kept a day. Make tags of wrong passwords only, and drop the one made for looking up a sprayed password.
"""

from __future__ import annotations

import hmac

from gatepost.guard.verdicts import Tags


def _tag(key: bytes, message: bytes, octets: int) -> int:
    """Never 0, which stands for "no such key yet"."""
    return int.from_bytes(hmac.digest(key, message, "sha256")[:octets], "big") or 1


class Fingerprints:
    """Makes tags under the current keys and, after a rotation, under the previous ones too."""

    def __init__(self, key_same: bytes, key_spray: bytes) -> None:
        self._keys = (key_same, key_spray)
        self._old: tuple[bytes, bytes] | None = None

    def rotate(self, new_key_same: bytes, new_key_spray: bytes) -> None:
        """The current keys become the previous ones; the previous are forgotten."""
        self._old, self._keys = self._keys, (new_key_same, new_key_spray)

    def tags(self, login_key: str, secret_octets: bytes) -> Tags:
        """Tags of one password submitted for one login."""
        bound = b"w" + login_key.encode() + b"\0" + secret_octets
        loose = b"s" + secret_octets
        same, spray = self._keys
        old = self._old
        return Tags(
            same=(_tag(same, bound, 2), _tag(old[0], bound, 2) if old else 0),
            spray=(_tag(spray, loose, 4), _tag(old[1], loose, 4) if old else 0),
        )
