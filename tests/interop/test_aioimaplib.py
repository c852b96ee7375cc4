"""aioimaplib, the client of asyncio; it runs in an interpreter of its own (see `peer_aioimaplib`)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import run
from running import ADA, ADA_PASSWORD, Process

pytestmark = pytest.mark.interop
HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-peers" / "bin" / "python"


def test_aioimaplib(server: Process) -> None:
    if not PYTHON.exists():
        pytest.skip("needs .venv-peers with tests/interop/peers.txt (CI makes it)")
    output = run(str(PYTHON), str(HERE / "peer_aioimaplib.py"), str(server.ports["imap"]), ADA, ADA_PASSWORD)
    assert json.loads(output) == {
        "create": "OK",
        "append": "OK",
        "select": "OK",
        "search": "1",
        "whole": True,
        "store": "OK",
        "copy": "OK",
        "pushed": ["2 EXISTS"],
        "move": "OK",
        "uids": ["2"],
        "expunge": "1 EXPUNGE",
        "status": "Work (MESSAGES 1 UNSEEN 0)",
        "close": "OK",
    }
