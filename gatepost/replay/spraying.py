"""Which recorded wrong password a refused one is taken for, where the guard refused it as sprayed.

Such a refusal is made unverified: the password may have been the right one, so the journal holds no fingerprint of it. What
is known is that it was one of those being tried on many accounts; the replay takes the last such one that was verified.
"""

from __future__ import annotations

from collections import OrderedDict

from gatepost.guard.verdicts import Tags

_KEPT = 256
_WITHIN = 86400.0


class Sprayed:
    """Wrong passwords by their spray tag: the accounts they were tried on, the last time, the tags."""

    def __init__(self) -> None:
        self._seen: OrderedDict[int, tuple[set[str], float, Tags]] = OrderedDict()

    def note(self, tags: Tags, login: str, now: float) -> None:
        """A wrong password was tried on `login`."""
        logins: set[str] = set()
        for tag in tags.spray:
            entry = self._seen.pop(tag, None) if tag else None
            if entry is not None and now - entry[1] <= _WITHIN:
                logins |= entry[0]
        logins.add(login)
        self._seen[tags.spray[0]] = (logins, now, tags)
        if len(self._seen) > _KEPT:
            self._seen.popitem(last=False)

    def likeliest(self, accounts: int) -> Tags | None:
        """The last password tried on at least `accounts` logins; else the one tried on most, the latest of those."""
        best: tuple[set[str], float, Tags] | None = None
        for entry in reversed(self._seen.values()):
            if len(entry[0]) >= accounts:
                return entry[2]
            if best is None or len(entry[0]) > len(best[0]):
                best = entry
        return best[2] if best is not None else None
