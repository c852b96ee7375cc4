"""Wrong passwords that are being tried on many accounts: exact short lists, no sketches (an adversary inflates those).

A password is known by a keyed tag of 32 bits only, and the accounts on it by their tags. Nothing is stored durably.
"""

from __future__ import annotations

from collections import OrderedDict

from gatepost.guard.verdicts import Tags

_ENTRIES = 2048
_WITHIN = 86400.0
_LOOK = 16


class SprayTable:
    """`threshold` different accounts within a day make a password a sprayed one."""

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._seen: OrderedDict[int, tuple[float, tuple[int, ...]]] = OrderedDict()  # tag -> last time, accounts

    def sprayed(self, tags: Tags, now: float) -> bool:
        """Whether this password is one."""
        for tag in tags.spray:
            entry = self._seen.get(tag) if tag else None
            if entry is not None and now - entry[0] <= _WITHIN and len(entry[1]) >= self._threshold:
                return True
        return False

    def note(self, tags: Tags, account: int, now: float) -> None:
        """It was wrong for one more account."""
        accounts: tuple[int, ...] = ()
        for tag in tags.spray:
            entry = self._seen.pop(tag, None) if tag else None
            if entry is not None and now - entry[0] <= _WITHIN:
                accounts += tuple(known for known in entry[1] if known not in accounts)
        if account not in accounts and len(accounts) < self._threshold:
            accounts = (*accounts, account)
        if len(self._seen) >= _ENTRIES:
            self._make_room()
        self._seen[tags.spray[0]] = (now, accounts)

    def _make_room(self) -> None:
        """Of the oldest, the one seen on the fewest accounts goes; the others are looked at again later."""
        looked: list[int] = []
        for tag, (_, accounts) in self._seen.items():
            looked.append(tag)
            if len(accounts) < 2 or len(looked) == _LOOK:
                break
        least = min(looked, key=lambda tag: len(self._seen[tag][1]))
        del self._seen[least]
        for tag in looked:
            if tag != least:
                self._seen.move_to_end(tag)
