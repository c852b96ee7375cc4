"""Time, as a thing that is handed in."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Tells the time. Only `app` and tests choose which clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...
