"""A short memory of right passwords, so that a client that reconnects every minute costs microseconds, not a hash.

Only a 256-bit HMAC under a key that never leaves this process is kept, for minutes, and only beside the very hash that
it was checked against: a changed password is forgotten by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict

from gatepost.model.account import AccountId
from gatepost.model.secret import Secret
from gatepost.ports.clock import Clock


class Remembered:
    """At most `size` accounts, each for `seconds` after the password was last hashed."""

    def __init__(self, clock: Clock, seconds: float, size: int = 10_000) -> None:
        self._clock, self._seconds, self._size = clock, seconds, size
        self._key = os.urandom(32)
        self._kept: OrderedDict[AccountId, tuple[bytes, float]] = OrderedDict()

    def knows(self, account: AccountId, hashed: str, secret: Secret) -> bool:
        """Whether exactly this password was right a short while ago."""
        kept = self._kept.get(account)
        if kept is None or kept[1] < self._clock.now():
            return False
        return hmac.compare_digest(kept[0], self._mac(account, hashed, secret))

    def keep(self, account: AccountId, hashed: str, secret: Secret) -> None:
        """It was right, by its hash."""
        if not self._seconds:
            return
        self._kept[account] = (self._mac(account, hashed, secret), self._clock.now() + self._seconds)
        self._kept.move_to_end(account)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def forget(self, account: AccountId) -> None:
        """The password was changed or the account disabled."""
        self._kept.pop(account, None)

    def _mac(self, account: AccountId, hashed: str, secret: Secret) -> bytes:
        mac = hmac.new(self._key, digestmod=hashlib.sha256)
        for field in (account.encode(), hashed.encode(), secret.reveal()):
            mac.update(len(field).to_bytes(4, "big") + field)
        return mac.digest()
