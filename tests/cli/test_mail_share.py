"""`gatepost mail share`, and what clients see of it: the real server, the command line, imaplib and imapclient."""

from __future__ import annotations

import asyncio
import imaplib
import json
import subprocess
import sys
from pathlib import Path

import imapclient
import pytest
from running import ADA, ADA_PASSWORD, GRACE, GRACE_PASSWORD, Running, config

from gatepost.services.admin.protocol import Refused

BOX = '"Other Users/ada@example.org/Sent"'


@pytest.fixture
async def running(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Running(tmp_path / "data")
    await made.start()
    yield made
    await made.stop()


async def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "gatepost.toml").write_text(config(tmp_path / "data"))
    command = [sys.executable, "-m", "gatepost.cli.main", "--config", str(tmp_path / "gatepost.toml")]
    command += ["mail", "share", *arguments]
    return await asyncio.to_thread(
        lambda: subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    )


def port(running: Running) -> int:
    return next(port for door, _, port in running.server.listening if door.value == "imap")


async def test_an_administrator_shares(running: Running, tmp_path: Path) -> None:
    assert "nothing is shared" in (await run(tmp_path, ADA)).stdout
    assert (await run(tmp_path, ADA, "Sent", "grace", "lrs")).returncode == 0
    done = await run(tmp_path, ADA, "Sent", "--json", "--", "grace", "-s")
    assert json.loads(done.stdout) == [
        {"mailbox": "Sent", "identifier": ADA, "rights": "lrswipkxtecda"},
        {"mailbox": "Sent", "identifier": GRACE, "rights": "lr"},
    ]
    assert (await run(tmp_path, ADA, "Sent")).returncode == 2
    for wrong in (
        ("Nowhere", "grace", "l"),
        ("Sent", "x@example.com", "l"),
        ("Sent", "grace", "q"),
        ("Sent", ADA, "l"),
    ):
        with pytest.raises(Refused):
            await running.call("mail.share", email=ADA, mailbox=wrong[0], identifier=wrong[1], rights=wrong[2])
    assert await running.call("mail.shared", email=ADA) == [{"mailbox": "Sent", "identifier": GRACE, "rights": "lr"}]
    assert any(getattr(event, "operation", "") == "mail.share" for event in running.events)
    await running.call("user.remove", email=GRACE)
    assert await running.call("mail.shared", email=ADA) == []


async def test_clients_share(running: Running) -> None:
    def owner() -> None:
        with imaplib.IMAP4("127.0.0.1", port(running), timeout=20) as client:
            client.login(ADA, ADA_PASSWORD)
            assert client.setacl("Sent", GRACE, "lrswi") == ("OK", [b"SETACL done"])
            assert client.getacl("Sent") == ("OK", [b"Sent ada@example.org lrswipkxtecda grace@example.org lrswi"])
            assert client.append("Sent", "", None, b"Subject: hello\r\n\r\n")[0] == "OK"
            assert client.namespace() == ("OK", [b'(("" "/")) (("Other Users/" "/")) NIL'])
            assert client.getquotaroot("Sent")[0] == "OK"

    def other() -> None:
        client = imapclient.IMAPClient("127.0.0.1", port=port(running), ssl=False, timeout=20)
        client.login(GRACE, GRACE_PASSWORD)
        [prefix, separator] = client.namespace().other[0]
        path = f"{prefix}ada@example.org{separator}Sent"
        assert path in [name for _, _, name in client.list_folders()]
        assert client.select_folder(path)[b"EXISTS"] == 1
        assert client.fetch([1], ["BODY[]"])[1][b"BODY[]"] == b"Subject: hello\r\n\r\n"
        assert client.get_flags([1])[1][0] == b"\\Seen"
        client.copy([1], "INBOX")
        with pytest.raises(imapclient.exceptions.IMAPClientError, match="NOPERM"):
            client.move([1], "INBOX")
        with pytest.raises(imapclient.exceptions.IMAPClientError, match="NOPERM"):
            client.getacl(path)
        client.append(path, b"Subject: from grace\r\n\r\n")
        client.subscribe_folder(path)
        assert path in [name for _, _, name in client.list_sub_folders()]
        client.logout()

    await asyncio.to_thread(owner)
    await asyncio.to_thread(other)
    mail = running.server.house.mailboxes.open(running.server.house.directory.find(ADA))
    assert (await mail.mailbox("Sent")).messages == 2
