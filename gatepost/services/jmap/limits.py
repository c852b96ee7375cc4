"""How much one account may do at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from gatepost.model.account import AccountId


class Busy(Exception):
    """As many as allowed are under way already."""


class Concurrency:
    """Counts what is under way, by account."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._under_way: Counter[AccountId] = Counter()

    @contextmanager
    def one(self, account: AccountId) -> Iterator[None]:
        """For as long as it lasts. Raises Busy."""
        if self._under_way[account] >= self._limit:
            raise Busy
        self._under_way[account] += 1
        try:
            yield
        finally:
            self._under_way[account] -= 1
            if not self._under_way[account]:
                del self._under_way[account]
