"""Who signed in rightly from where, within the last 30 days: a table of keyed tags and days, no plain addresses.

`MAC(K3, account | place | client kind)` of 64 bits, the MAC being keyed BLAKE2b (RFC 7693 §2.9): some are made for every
attempt, and it takes a sixth of HMAC-SHA256's time. The table is durable, as losing it locks owners out.
It is kept by account, so that an account's part can be erased with it. How many accounts a source or a network has
proven is in crowds.py. Only right sign-ins make entries, and each account has a budget.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from hashlib import blake2b

DAY = 86400
_PER_ACCOUNT = 256
_TAG_CACHE = 4096


class Tagger:
    """Keyed tags of 64 bits, as integers."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._keyed = blake2b(key=key, digest_size=8)
        self._logins: dict[str, int] = {}

    def tag(self, message: bytes) -> int:
        """Of anything."""
        mac = self._keyed.copy()
        mac.update(message)
        return int.from_bytes(mac.digest(), "big")

    def login(self, login: str) -> int:
        """Of a login; the last few thousand are remembered."""
        tag = self._logins.get(login)
        if tag is None:
            if len(self._logins) >= _TAG_CACHE:
                self._logins.clear()
            tag = self._logins[login] = self.tag(b"l" + login.encode())
        return tag

    def display(self, login: str) -> str:
        """A login that nobody has, as logs may show it (the gate's `name_of` says the same)."""
        return "~" + hmac.digest(self._key, login.encode(), "sha256").hex()[:12]


class Familiarity:
    """Accounts are known by their tags, places by network keys; days are whole days since the epoch."""

    def __init__(self, tagger: Tagger, days: int, capacity: int) -> None:
        self._tagger = tagger
        self._days = days
        self._capacity = capacity
        self._count = 0
        self._today = 0
        self._accounts: dict[int, dict[int, int]] = {}  # account -> place's tag -> day, in the order of last use
        self.dirty: set[tuple[int, int]] = set()

    def _place(self, account: int, place: int, kind: str | None) -> int:
        detail = b"" if kind is None else b"|" + kind.encode()
        return self._tagger.tag(b"%d|%d" % (account, place) + detail)

    def last(self, account: int, place: int, kind: str | None, now: float) -> int | None:
        """The day the account last signed in from `place` with `kind` (None for any), if within the time."""
        places = self._accounts.get(account)
        if places is None:
            return None
        day = places.get(self._place(account, place, kind))
        return day if day is not None and day + self._days >= now // DAY else None

    def has_history(self, account: int) -> bool:
        """Whether the account signed in from anywhere."""
        return account in self._accounts

    def remember(self, account: int, place: int, kind: str | None, now: float) -> None:
        """The account signed in from `place` with `kind`."""
        day = int(now // DAY)
        if day == self._today:
            day = self._today  # one integer object for all of today's entries
        self._today = day
        tag = self._place(account, place, kind)
        places = self._accounts.setdefault(account, {})
        before = places.pop(tag, None)
        if before is None:
            if len(places) >= _PER_ACCOUNT:
                self._forget(account, next(iter(places)))
            self._count += 1
        places[tag] = day
        if before != day:
            self.dirty.add((account, tag))
        if self._count > self._capacity:
            self._make_room()

    def _forget(self, account: int, tag: int) -> None:
        places = self._accounts[account]
        del places[tag]
        self._count -= 1
        self.dirty.add((account, tag))
        if not places:
            del self._accounts[account]

    def _make_room(self) -> None:
        """The account with the most places gives up those it used longest ago."""
        account = max(self._accounts, key=lambda tag: len(self._accounts[tag]))
        places = list(self._accounts[account])
        for tag in places[: max(1, len(places) // 4)]:
            self._forget(account, tag)

    def places(self, account: int, now: float) -> int:
        """How many places, with client kinds, know the account."""
        oldest = now // DAY - self._days
        return sum(day >= oldest for day in self._accounts.get(account, {}).values())

    def forget(self, account: int) -> None:
        """The account is erased: nothing of it stays."""
        for tag in list(self._accounts.get(account, ())):
            self._forget(account, tag)

    def prune(self, now: float) -> None:
        """Forgets what is too old. Walks everything: once a day is enough."""
        oldest = now // DAY - self._days
        for account in list(self._accounts):
            for tag in [tag for tag, day in self._accounts[account].items() if day < oldest]:
                self._forget(account, tag)

    def changes(self) -> Iterator[tuple[int, int, int | None]]:
        """(account, place's tag, day or None) of what changed since the last call."""
        dirty, self.dirty = self.dirty, set()
        for account, tag in dirty:
            yield account, tag, self._accounts.get(account, {}).get(tag)

    def restore(self, account: int, tag: int, day: int) -> None:
        """Puts back what `changes` gave."""
        places = self._accounts.setdefault(account, {})
        self._count += tag not in places
        places[tag] = day
