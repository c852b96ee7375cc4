"""Logins of a journal as the guard counts them.

A login that nobody has is in the journal as a keyed tag only, with the number of the counters it shares with others. The
replay's guard has a key of its own, so each tag gets a made-up login that falls on the same counters.
"""

from __future__ import annotations

import re

from gatepost.guard.familiarity import Tagger
from gatepost.model.account import AccountId, Login
from gatepost.recorded import slot_of

KEY = bytes(32)
"""The replay's own: nothing in it is secret."""
_TAG = re.compile(r"~[0-9a-f]{12}")


class Names:
    """`login` is what the guard is asked about, `name` is what the journal calls it."""

    def __init__(self) -> None:
        self._tagger = Tagger(KEY)
        self._spare: dict[int, list[str]] = {}
        self._made = 0
        self._logins: dict[tuple[str, int], Login] = {}

    def login(self, name: str, slot: int) -> Login:
        """`slot` -1 for a login that somebody has (or that was noted without it)."""
        found = self._logins.get((name, slot))
        if found is None:
            if slot >= 0:
                found = Login(self._falling_on(slot))
            else:
                known = _TAG.fullmatch(name) is None
                found = Login(name, AccountId(name) if known else None)
            self._logins[name, slot] = found
        return found

    def _falling_on(self, slot: int) -> str:
        while not self._spare.get(slot):
            made = Login(f"unknown {self._made}")
            self._made += 1
            self._spare.setdefault(slot_of(self._tagger, made), []).append(made.key)
        return self._spare[slot].pop()
