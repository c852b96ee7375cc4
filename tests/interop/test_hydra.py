"""hydra guesses: the number of guesses answered is the limit, whatever the door."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import run
from running import ADA, ADA_PASSWORD, Process

pytestmark = pytest.mark.interop


# What hydra 9.4 is told of a connection that ends without a word depends on the moment: now and then one of its processes
# goes on reading the end for ever. Its attack is over long before.
AT_MOST = ("-k", "5", "40")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("module", "door"), [("imap", "imap"), ("pop3", "pop3"), ("smtp", "submission")])
def test_hydra_gets_its_limit_answered(
    program: Callable[[str], str], server: Process, tmp_path: Path, module: str, door: str
) -> None:
    words = tmp_path / "words"
    words.write_text("".join(f"hydra-guess-{number}\n" for number in range(300)) + ADA_PASSWORD + "\n")
    output = run(
        program("timeout"), *AT_MOST, program("hydra"), "-I", "-t", "8", "-w", "3", "-l", ADA, "-P", str(words),
        "-s", str(server.ports[door]), "127.0.0.1", module, status=None, timeout=90, cwd=tmp_path,
    )  # fmt: skip
    assert "1 valid password found" not in output
    assert f"password: {ADA_PASSWORD}" not in output
    [ban] = json.loads(server.command("ban", "list", "--json").stdout)
    assert ban["network"] == "127.0.0.1"
    assert ban["evidence"]["failures"] == 10
