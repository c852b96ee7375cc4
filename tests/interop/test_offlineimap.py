"""OfflineIMAP: a local copy of all folders, changed on both sides, brought together again."""

from __future__ import annotations

import imaplib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import run
from running import ADA, ADA_PASSWORD, Process

pytestmark = pytest.mark.interop

RC = """
[general]
accounts = one
metadata = {home}/metadata
ui = basic

[Account one]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {home}/mail
sep = /

[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = {port}
remoteuser = {user}
remotepass = {password}
ssl = no
starttls = no
maxconnections = 2
"""


def test_offlineimap_both_ways(program: Callable[[str], str], server: Process, tmp_path: Path) -> None:
    offlineimap = program("offlineimap")
    rc = tmp_path / "rc"
    rc.write_text(RC.format(home=tmp_path, port=server.ports["imap"], user=ADA, password=ADA_PASSWORD))

    def sync() -> None:
        output = run(
            offlineimap, "-c", str(rc), "-o", env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, timeout=120
        )
        assert "ERROR" not in output, output

    client = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    client.login(ADA, ADA_PASSWORD)
    client.create("Work/Gr&APYA3w-e")
    for number in range(20):
        client.append(
            "INBOX", "\\Seen" if number % 2 else None, None, b"Subject: m%d\r\n\r\nbody %d\r\n" % (number, number)
        )
    sync()
    mail = tmp_path / "mail"
    inbox = mail / "INBOX"
    files = {path.read_bytes().split()[1]: path for part in ("cur", "new") for path in (inbox / part).iterdir()}
    assert len(files) == 20
    assert (mail / "Work" / "Gr&APYA3w-e" / "cur").is_dir()
    # here: one deleted, one flagged, one new, a folder; there: one deleted, one flagged
    files[b"m3"].unlink()
    flagged = files[b"m5"]
    flagged.rename(inbox / "cur" / (flagged.name.partition(":")[0] + ":2,FS"))
    (inbox / "new" / "1.local.host").write_bytes(b"Subject: from here\nMessage-ID: <here@local>\n\nlocal\n")
    for part in ("cur", "new", "tmp"):
        (mail / "Homemade" / part).mkdir(parents=True)
    client.select("INBOX")
    client.store("1", "+FLAGS.SILENT", "\\Answered")
    client.store("2", "+FLAGS.SILENT", "\\Deleted")
    client.expunge()
    sync()
    sync()
    client.noop()
    assert client.select("INBOX")[1] == [b"19"]
    assert client.search(None, "FLAGGED", "SUBJECT", "m5")[1] != [b""]
    assert client.search(None, "SUBJECT", "m3")[1] == [b""]
    assert client.search(None, "SUBJECT", '"from here"')[1] != [b""]
    assert client.select("Homemade")[0] == "OK"
    now = {path.read_bytes().split()[1]: path.name for part in ("cur", "new") for path in (inbox / part).iterdir()}
    assert len(now) == 19
    assert b"m1" not in now
    assert "R" in now[b"m0"].rpartition(":2,")[2]
    client.logout()
