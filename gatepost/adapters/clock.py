"""The machine's clock. Tests bring their own."""

from __future__ import annotations

import time


class SystemClock:
    """Wall-clock time: it may jump when an administrator sets it; whoever measures durations copes with that."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()
