"""mbsync both ways: what is on one side is on the other, flags and deletions too."""

from __future__ import annotations

import imaplib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import run
from imapclient import IMAPClient
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


def words_for(mbsync: str, server: Process, tmp_path: Path) -> tuple[str, ...]:
    """The command line, with its configuration and an empty Maildir made."""
    (tmp_path / "maildir").mkdir()
    rc = tmp_path / "mbsyncrc"
    tls = "TLSType" if run(mbsync, "--version").split()[-1] >= "1.5" else "SSLType"
    values = {"port": server.ports["imap"], "user": ADA, "password": ADA_PASSWORD, "tls": tls}
    rc.write_text(RC.format(maildir=tmp_path / "maildir", **values))
    return mbsync, "-c", str(rc), "-a"


def local(folder: Path) -> dict[int, Path]:
    """Messages in a Maildir by the number in their subject."""
    files = [path for part in ("cur", "new") for path in (folder / part).iterdir()]
    return {int(path.read_bytes().partition(b"Subject: m")[2].split()[0]): path for path in files}


@pytest.mark.timeout(240)
def test_mbsync_with_two_thousand_messages(program: Callable[[str], str], server: Process, tmp_path: Path) -> None:
    words = words_for(program("mbsync"), server, tmp_path)
    client = IMAPClient("127.0.0.1", port=server.ports["imap"], ssl=False, timeout=60)
    client.login(ADA, ADA_PASSWORD)
    for start in range(0, 1000, 50):
        client.multiappend("INBOX", [b"Subject: m%d\r\n\r\nfar\r\n" % number for number in range(start, start + 50)])
    pushed = tmp_path / "maildir" / "Pushed"
    for part in ("cur", "new", "tmp"):
        (pushed / part).mkdir(parents=True)
    for number in range(1000):
        (pushed / "cur" / f"{number}.local.host:2,{'S' if number % 2 else ''}").write_bytes(
            b"Subject: m%d\n\nnear\n" % number
        )
    run(*words, timeout=50)
    assert sorted(local(tmp_path / "maildir" / "INBOX")) == list(range(1000))
    assert client.folder_status("Pushed", ["MESSAGES", "UNSEEN"]) == {b"MESSAGES": 1000, b"UNSEEN": 500}
    # flags on both sides, expunges on both sides, all at once
    client.select_folder("INBOX")
    client.add_flags(range(1, 301), ["\\Flagged"], silent=True)
    client.delete_messages(range(901, 1001))
    client.expunge()
    near = local(tmp_path / "maildir" / "INBOX")
    for number in range(300, 600):
        path = near[number]
        path.rename(path.parent.parent / "cur" / (path.name.partition(":")[0] + ":2,R"))
    for number in range(600, 700):
        near[number].unlink()
    for number, path in local(pushed).items():
        if number < 100:
            path.unlink()
    run(*words, timeout=50)
    client.noop()
    assert client.folder_status("Pushed", ["MESSAGES"]) == {b"MESSAGES": 900}
    assert len(client.search("ALL")) == 800
    assert len(client.search("ANSWERED")) == 300
    near = local(tmp_path / "maildir" / "INBOX")
    assert sorted(near) == [*range(600), *range(700, 900)]
    assert {number for number, path in near.items() if "F" in path.name.rpartition(":2,")[2]} == set(range(300))
    before = {number: path.name for number, path in near.items()}
    run(*words, timeout=50)  # nothing is left to do
    assert {number: path.name for number, path in local(tmp_path / "maildir" / "INBOX").items()} == before
    client.logout()


def test_mbsync_both_ways(program: Callable[[str], str], server: Process, tmp_path: Path) -> None:
    words = words_for(program("mbsync"), server, tmp_path)
    client = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    client.login(ADA, ADA_PASSWORD)
    for number in range(50):
        client.append(
            "INBOX", "\\Seen" if number % 2 else None, None, b"Subject: m%d\r\n\r\nbody %d\r\n" % (number, number)
        )
    run(*words)
    inbox = tmp_path / "maildir" / "INBOX"
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
