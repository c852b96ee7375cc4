"""sieve-connect puts and activates a script that then files a message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import run
from running import ADA, ADA_PASSWORD, Process

pytestmark = pytest.mark.interop

SCRIPT = """require ["fileinto", "mailbox", "imap4flags"];
if header :contains "subject" "moths" {
  setflag "\\\\Flagged";
  fileinto :create "Bugs";
}
"""


def test_sieve_connect_uploads_a_script_that_files(
    program: Callable[[str], str], server: Process, tmp_path: Path
) -> None:
    script = tmp_path / "moths.sieve"
    script.write_text(SCRIPT)
    port = server.ports["managesieve"]
    words = (
        program("sieve-connect"), "--server", "localhost", "--4", "--port", str(port), "--user", ADA,
        "--passwordfd", "0", "--nosslverify", "--notlsverify",
    )  # fmt: skip
    shown = run(
        *words,
        "--localsieve",
        str(script),
        "--remotesieve",
        "moths",
        "--upload",
        stdin=ADA_PASSWORD + "\n",
        status=None,
    )
    run(*words, "--remotesieve", "moths", "--activate", stdin=ADA_PASSWORD + "\n", status=None)
    listed = run(*words, "--list", stdin=ADA_PASSWORD + "\n", status=None)
    assert '"moths" ACTIVE' in listed, shown + listed
    run(
        program("swaks"), "--server", f"127.0.0.1:{server.ports['smtp']}", "--from", "a@elsewhere.example", "--to", ADA,
        "--header", "Subject: moths in the relay",
    )  # fmt: skip
    url = f"imap://127.0.0.1:{server.ports['imap']}/Bugs"
    found = run(program("curl"), "-s", url, "-u", f"{ADA}:{ADA_PASSWORD}", "-X", "SEARCH FLAGGED")
    assert found.strip() == "* SEARCH 1"
