"""Where the guard's state outlives the process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec


class Record(msgspec.Struct, frozen=True):
    """One row of the guard's state; `value` None removes it. Tables and encodings are the guard's own."""

    table: str
    key: bytes
    value: bytes | None


class GuardStore(Protocol):
    """A durable map. `save` returns when it is on disk; on failure it raises StorageUnavailable and the guard goes on in memory."""

    def load(self) -> Iterable[Record]:
        """Everything, once, at start."""
        ...

    async def save(self, records: Iterable[Record]) -> None:
        """All or nothing."""
        ...
