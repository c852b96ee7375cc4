"""Short header values are read once: the same people write all the time, and programs label their parts alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

REMEMBERED_OCTETS = 256
"""A longer value is read each time."""
REMEMBERED_VALUES = 512
"""The ones used last, for each reader."""


def remembered(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """`read`, a pure function with an immutable result, that knows its last short arguments."""
    known = lru_cache(REMEMBERED_VALUES)(read)

    @wraps(read)
    def recall(raw: bytes) -> T:
        return known(raw) if len(raw) <= REMEMBERED_OCTETS else read(raw)

    return recall
