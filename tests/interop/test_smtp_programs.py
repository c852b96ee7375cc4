"""swaks and curl deliver and submit."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import run
from running import ADA, ADA_PASSWORD, GRACE, GRACE_PASSWORD, Process

pytestmark = pytest.mark.interop
Program = Callable[[str], str]


def inbox(program: Program, server: Process, number: int = 1) -> str:
    """A message of Ada's INBOX, through curl."""
    port = server.ports["imap"]
    return run(
        program("curl"), "-s", f"imap://127.0.0.1:{port}/INBOX;MAILINDEX={number}", "-u", f"{ADA}:{ADA_PASSWORD}"
    )


def test_swaks_delivers_to_the_mx(program: Program, server: Process) -> None:
    output = run(
        program("swaks"), "--server", f"127.0.0.1:{server.ports['smtp']}", "--from", "someone@elsewhere.example",
        "--to", ADA, "--header", "Subject: by swaks", "--body", ".a dot\n..two dots",
    )  # fmt: skip
    assert "250 2." in output
    stored = inbox(program, server)
    assert "Subject: by swaks" in stored
    assert "\n.a dot" in stored
    assert "Return-Path: <someone@elsewhere.example>" in stored


def test_swaks_relays_nothing(program: Program, server: Process) -> None:
    output = run(
        program("swaks"), "--server", f"127.0.0.1:{server.ports['smtp']}", "--from", "a@elsewhere.example",
        "--to", "b@elsewhere.example", status=None,
    )  # fmt: skip
    assert "<** 5" in output
    assert "queued" not in output


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("door", ["submission", "submissions"])
def test_swaks_submits(program: Program, server: Process, door: str, mechanism: str) -> None:
    tls = "--tls" if door == "submission" else "--tls-on-connect"
    words = (
        program("swaks"), "--server", f"127.0.0.1:{server.ports[door]}", tls, "--auth", mechanism,
        "--auth-user", GRACE, "--auth-password", GRACE_PASSWORD, "--to", ADA,
    )  # fmt: skip
    assert "235 2.7.0" in run(*words, "--from", GRACE)
    assert "Return-Path: <grace@example.org>" in inbox(program, server)
    forged = run(*words, "--from", ADA, status=None)
    assert re.search(r"<[~*]{2} 553 5\.7\.1", forged)
    elsewhere = run(*words[:-2], "--from", GRACE, "--to", "x@elsewhere.example", status=None)
    assert re.search(r"<[~*]{2} 55\d 5\.", elsewhere)


def test_curl_sends_and_reads_by_pop3(program: Program, server: Process, tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_bytes(b"From: Grace <grace@example.org>\r\nTo: ada@example.org\r\nSubject: by curl\r\n\r\nhello\r\n")
    run(
        program("curl"), "-s", "-S", "--insecure", "--ssl-reqd", f"smtp://127.0.0.1:{server.ports['submission']}",
        "--mail-from", GRACE, "--mail-rcpt", ADA, "-u", f"{GRACE}:{GRACE_PASSWORD}", "-T", str(letter),
    )  # fmt: skip
    url = f"pop3://127.0.0.1:{server.ports['pop3']}/1"
    stored = run(program("curl"), "-s", "-S", url, "-u", f"{ADA}:{ADA_PASSWORD}")
    assert "Subject: by curl" in stored
    assert "Message-ID:" in stored
    secure = f"pop3s://127.0.0.1:{server.ports['pop3s']}/1"
    assert run(program("curl"), "-s", "-S", "--insecure", secure, "-u", f"{ADA}:{ADA_PASSWORD}") == stored
