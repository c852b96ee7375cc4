"""A whole server in the test's own event loop, on loopback ports of the kernel's choosing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from running import Running


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., object]]:
    """`await start(guard_toml, extra_toml)` gives a `Running` server with two accounts; all are stopped at the end."""
    started: list[Running] = []

    async def begin(guard: str = "", extra: str = "", folder: str = "data", accounts: bool = True) -> Running:
        running = Running(tmp_path / folder, guard, extra)
        await running.start(accounts)
        started.append(running)
        return running

    yield begin
    for running in started:
        await running.stop()
