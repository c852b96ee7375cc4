"""The fixture of these tests: a service with two accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from jmap_rig import Rig, running

from gatepost.services.jmap.options import JmapOptions


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, JmapOptions()) as made:
        yield made
