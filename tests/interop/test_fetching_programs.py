"""Programs that fetch mail to somewhere else: fetchmail and getmail, by POP3 and by IMAP. What was fetched once is not
fetched again, what they delete is gone, and what they do not read stays unread."""

from __future__ import annotations

import imaplib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from conftest import run
from running import ADA, ADA_PASSWORD, Process

pytestmark = pytest.mark.interop
LONG_LINE = b"x" * 900


def letter(number: int) -> bytes:
    """With what fetching programs stumble over: dots and From at a line's start, a long line, no newline at the end."""
    return (
        b"From: grace@example.org\r\nSubject: letter %d\r\nMessage-ID: <%d@example.org>\r\n\r\n.\r\n..\r\nFrom here\r\n%b %d"
        % (
            number,
            number,
            LONG_LINE,
            number,
        )
    )


def inbox(server: Process) -> imaplib.IMAP4:
    client = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    client.login(ADA, ADA_PASSWORD)
    client.select("INBOX")
    return client


def fill(server: Process, numbers: Sequence[int]) -> None:
    client = inbox(server)
    for number in numbers:
        client.append("INBOX", None, None, letter(number))
    client.logout()


def count(server: Process, criterion: str = "ALL") -> int:
    client = inbox(server)
    found = client.search(None, criterion)[1][0].split()
    client.logout()
    return len(found)


@pytest.mark.parametrize("protocol", ["POP3", "IMAP"])
def test_fetchmail(program: Callable[[str], str], server: Process, tmp_path: Path, protocol: str) -> None:
    fetchmail = program("fetchmail")
    fill(server, range(5))
    got = tmp_path / "got"
    got.mkdir()
    rc = tmp_path / "fetchmailrc"
    uidl = "uidl" if protocol == "POP3" else ""
    rc.write_text(
        f"poll 127.0.0.1 protocol {protocol} port {server.ports[protocol.lower()]} {uidl}\n"
        f'user "{ADA}" password "{ADA_PASSWORD}" sslproto ""\n'
        f'mda "cat > {got}/$$"\n'
    )
    rc.chmod(0o600)
    home = {"HOME": str(tmp_path), "FETCHMAILHOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    words = (fetchmail, "--fetchmailrc", str(rc), "--keep", "--nosyslog")
    run(*words, env=home)
    kept = sorted(path.read_bytes() for path in got.iterdir())
    assert len(kept) == 5
    for number, content in enumerate(sorted(kept, key=lambda content: content[-2:])):
        assert f"Subject: letter {number}".encode() in content
        assert content.replace(b"\r\n", b"\n").rstrip().endswith(b"\n.\n..\nFrom here\n%b %d" % (LONG_LINE, number))
    run(*words, env=home, status=1)  # 1: there was nothing new
    fill(server, [5])
    run(*words, env=home)
    assert len(list(got.iterdir())) == 6
    assert count(server) == 6
    run(fetchmail, "--fetchmailrc", str(rc), "--all", "--nokeep", "--nosyslog", env=home)
    assert count(server) == 0


GETMAIL = """
[retriever]
type = Simple{kind}Retriever
server = 127.0.0.1
port = {port}
username = {user}
password = {password}
{mailboxes}

[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > {got}/$$")
allow_root_commands = true
unixfrom = false

[options]
read_all = false
delete = {delete}
delivered_to = false
received = false
verbose = 1
"""


@pytest.mark.parametrize("kind", ["POP3", "IMAP"])
def test_getmail(program: Callable[[str], str], server: Process, tmp_path: Path, kind: str) -> None:
    getmail = program("getmail")
    fill(server, range(5))
    got = tmp_path / "got"
    got.mkdir()
    rc = tmp_path / "getmailrc"

    def fetch(delete: bool) -> None:
        mailboxes = 'mailboxes = ("INBOX",)' if kind == "IMAP" else ""
        rc.write_text(
            GETMAIL.format(
                kind=kind,
                port=server.ports[kind.lower()],
                user=ADA,
                password=ADA_PASSWORD,
                got=got,
                mailboxes=mailboxes,
                delete=str(delete).lower(),
            )
        )
        run(getmail, "--getmaildir", str(tmp_path), "--rcfile", str(rc))

    fetch(delete=False)
    found = sorted(path.read_bytes() for path in got.iterdir())
    assert len(found) == 5
    for number, content in enumerate(sorted(found, key=lambda content: content.rstrip()[-1:])):
        assert content.rstrip().endswith(b"\n.\n..\nFrom here\n%b %d" % (LONG_LINE, number))
    fetch(delete=False)
    assert len(list(got.iterdir())) == 5
    fill(server, [5])
    fetch(delete=True)
    assert len(list(got.iterdir())) == 6
    assert count(server) == 0
