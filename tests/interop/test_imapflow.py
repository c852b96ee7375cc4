"""ImapFlow, what most mail programs in JavaScript speak IMAP with. It runs as a program of its own, with QRESYNC on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import run
from running import ADA, ADA_PASSWORD, Process

pytestmark = pytest.mark.interop
HERE = Path(__file__).parent / "imapflow"


def test_imapflow(program: Callable[[str], str], server: Process) -> None:
    node = program("node")
    if not (HERE / "node_modules").is_dir():
        pytest.skip("needs `npm ci` in tests/interop/imapflow (CI runs it)")
    output = run(node, "play.js", str(server.ports["imap"]), ADA, ADA_PASSWORD, cwd=HERE, timeout=50)
    seen = json.loads(output)
    assert {"CONDSTORE", "QRESYNC"} <= set(seen["enabled"])
    assert seen["created"] == "Größe/Ä & B"
    assert seen["appended"]["uid"] == 5
    assert ["Sent", "\\Sent", True] in seen["listed"]
    assert seen["status"] == {"path": "Größe/Ä & B", "messages": 5, "unseen": 2, "uidNext": 6}
    assert seen["exists"] == 5
    assert seen["subjects"] == [f"Grüße {number}" for number in range(1, 6)]
    assert seen["from"] == [{"name": "Müller, Zoë", "address": "zoe@example.org"}]
    assert seen["date"] == "2023-11-14T22:13:20.000Z"
    assert seen["parts"] == ["text/plain", "application/octet-stream"]
    assert seen["flags"] == [["$Odd", "\\Seen"], [], ["$Odd", "\\Seen"], [], ["$Odd", "\\Seen"]]
    assert seen["text"] == "body 2"
    assert seen["whole"]
    assert seen["found"] == [4]
    assert seen["flagged"] == [1, 2]
    assert seen["moved"] == [[3, 1]]
    assert seen["copied"] == [[1, 2]]
    assert seen["left"] == [1, 2, 4]
    assert set(seen["events"]) == {"exists", "expunge", "flags"}
    assert {1, 6} <= set(seen["changed"])
    assert "Größe/C" not in seen["after"]
    assert "Größe" in seen["after"]
