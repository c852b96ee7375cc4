"""Short header values are read once: the same people write all the time, and programs label their parts alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

K = TypeVar("K")
T = TypeVar("T")
Values: TypeAlias = "tuple[bytes | None, ...]"
"""Of several fields; None for one that is not there."""

REMEMBERED_OCTETS = 256
"""A longer value is read each time."""
REMEMBERED_VALUES = 512
"""Of each reader so many are kept, and the ones that were before them, until as many came again."""


class _Known(dict[K, T]):
    """What was read, by what it was read from. Used by several threads: at worst something is read twice."""

    __slots__ = ("_older", "_read", "_size")

    def __init__(self, read: Callable[[K], T], size: Callable[[K], int]) -> None:
        self._read, self._size = read, size
        self._older: dict[K, T] = {}

    def __missing__(self, key: K) -> T:
        if self._size(key) > REMEMBERED_OCTETS:
            return self._read(key)
        older = self._older
        value = older[key] if key in older else self._read(key)
        if len(self) >= REMEMBERED_VALUES:
            self._older = dict(self)
            self.clear()
        self[key] = value
        return value


def octets_of(values: Values) -> int:
    """How many octets they hold."""
    return sum(map(len, filter(None, values)))


def remembered_by(size: Callable[[K], int]) -> Callable[[Callable[[K], T]], Callable[[K], T]]:
    """As `remembered`, for arguments other than octets; `size` says how many these hold."""

    def decorate(read: Callable[[K], T]) -> Callable[[K], T]:
        return _Known(read, size).__getitem__  # no call of Python's for what is known

    return decorate


def remembered(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """`read`, a pure function with an immutable result, that knows its last short arguments."""
    return _Known(read, len).__getitem__
