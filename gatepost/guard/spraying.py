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
            entry = self._seen.get(tag)
            if entry is not None and len(entry[1]) >= self._threshold and now - entry[0] <= _WITHIN:
                return True
        return False

    def note(self, tags: Tags, account: int, now: float) -> None:
        """It was wrong for one more account. An entry under yesterday's key becomes part of that under today's."""
        seen = self._seen
        new, old = tags.spray
        known = new in seen
        accounts = self._accounts(new, now) if known else ()
        if old in seen:
            accounts += tuple(other for other in self._accounts(old, now) if other not in accounts)
            del seen[old]
        if account not in accounts and len(accounts) < self._threshold:
            accounts = (*accounts, account)
        if known:
            seen.move_to_end(new)
        elif len(seen) >= _ENTRIES:
            self._make_room()
        seen[new] = (now, accounts)

    def _accounts(self, tag: int, now: float) -> tuple[int, ...]:
        """Those on which it was wrong lately."""
        entry = self._seen.get(tag)
        return entry[1] if entry is not None and now - entry[0] <= _WITHIN else ()

    def _make_room(self) -> None:
        """Of the oldest, the one seen on the fewest accounts goes; the others are looked at again later."""
        oldest = next(iter(self._seen))
        if len(self._seen[oldest][1]) < 2:
            del self._seen[oldest]
            return
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
