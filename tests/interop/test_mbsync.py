"""mbsync both ways: what is on one side is on the other, flags and deletions too."""

from __future__ import annotations

import imaplib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import run
from running import ADA, ADA_PASSWORD, Process

pytestmark = pytest.mark.interop

RC = """
IMAPAccount gatepost
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
{tls} None
AuthMechs LOGIN

IMAPStore far
Account gatepost

MaildirStore near
Path {maildir}/
Inbox {maildir}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
"""


def test_mbsync_both_ways(program: Callable[[str], str], server: Process, tmp_path: Path) -> None:
    mbsync = program("mbsync")
    maildir = tmp_path / "maildir"
    maildir.mkdir()
    rc = tmp_path / "mbsyncrc"
    version = run(mbsync, "--version")
    tls = "TLSType" if version.split()[-1] >= "1.5" else "SSLType"
    rc.write_text(RC.format(port=server.ports["imap"], user=ADA, password=ADA_PASSWORD, maildir=maildir, tls=tls))
    words = (mbsync, "-c", str(rc), "-a")
    client = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    client.login(ADA, ADA_PASSWORD)
    for number in range(50):
        client.append(
            "INBOX", "\\Seen" if number % 2 else None, None, b"Subject: m%d\r\n\r\nbody %d\r\n" % (number, number)
        )
    run(*words)
    inbox = maildir / "INBOX"
    files = sorted((inbox / "cur").iterdir()) + sorted((inbox / "new").iterdir())
    assert len(files) == 50
    # a message made here, one deleted here, one flagged there
    (inbox / "cur" / "1.local.host:2,S").write_bytes(b"Subject: from here\n\nlocal\n")
    files[0].unlink()
    client.select("INBOX")
    client.store("7", "+FLAGS", "\\Flagged")
    run(*words)
    run(*words)
    client.noop()
    assert client.select("INBOX")[1] == [b"50"]
    assert client.search(None, "SUBJECT", '"from here"')[1] != [b""]
    flagged = [path for path in (inbox / "cur").iterdir() if "F" in path.name.rpartition(":2,")[2]]
    assert len(flagged) == 1
    client.logout()
