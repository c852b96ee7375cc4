"""The machine's clock."""

from __future__ import annotations

import time

from gatepost.adapters.clock import SystemClock
from gatepost.ports.clock import Clock


def test_it_tells_seconds_since_the_epoch() -> None:
    clock: Clock = SystemClock()
    before = time.time()
    assert before <= clock.now() <= time.time()
