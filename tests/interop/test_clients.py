"""Python's own clients and imapclient; a JMAP client of a few lines over the standard library."""

from __future__ import annotations

import base64
import imaplib
import json
import os
import poplib
import pty
import select
import signal
import smtplib
import ssl
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import imapclient
import pytest
from running import ADA, ADA_PASSWORD, GRACE, GRACE_PASSWORD, Process

pytestmark = pytest.mark.interop
LETTER = "From: grace@example.org\r\nTo: ada@example.org\r\nSubject: by smtplib\r\n\r\nhello\r\n"


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def send(server: Process) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=20) as client:
        client.starttls(context=unverified())
        client.login(GRACE, GRACE_PASSWORD)
        client.sendmail(GRACE, [ADA], LETTER)


def test_smtplib_poplib_imaplib(server: Process) -> None:
    send(server)
    box = poplib.POP3("127.0.0.1", server.ports["pop3"], timeout=20)
    box.stls(context=unverified())
    box.user(ADA)
    box.pass_(ADA_PASSWORD)
    assert box.stat()[0] == 1
    assert b"Subject: by smtplib" in box.retr(1)[1]
    box.quit()
    with imaplib.IMAP4_SSL("127.0.0.1", server.ports["imaps"], ssl_context=unverified(), timeout=20) as client:
        client.login(ADA, ADA_PASSWORD)
        assert client.select()[1] == [b"1"]
        assert b"by smtplib" in client.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT)])")[1][0][1]


def test_imapclient_idles_and_moves(server: Process) -> None:
    client = imapclient.IMAPClient("127.0.0.1", port=server.ports["imap"], ssl=False, timeout=20)
    client.login(ADA, ADA_PASSWORD)
    assert client.select_folder("INBOX")[b"EXISTS"] == 0
    client.idle()
    send(server)
    responses = client.idle_check(timeout=10)
    assert (1, b"EXISTS") in responses
    client.idle_done()
    assert client.search(["SUBJECT", "smtplib"]) == [1]
    fetched = client.fetch([1], ["ENVELOPE", "FLAGS", "BODYSTRUCTURE"])
    assert fetched[1][b"ENVELOPE"].subject == b"by smtplib"
    client.create_folder("Work/Notes")
    client.move([1], "Work/Notes")
    assert client.folder_status("Work/Notes", ["MESSAGES"])[b"MESSAGES"] == 1
    assert [flags for flags, _, name in client.list_folders() if name == "Sent"] == [(b"\\HasNoChildren", b"\\Sent")]
    client.logout()


def jmap(server: Process, calls: list[object]) -> list[list[object]]:
    base = f"http://127.0.0.1:{server.ports['http']}"
    token = base64.b64encode(f"{ADA}:{ADA_PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(base + "/.well-known/jmap", headers=headers)) as answer:
        session = json.load(answer)
    account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
    body = json.dumps(
        {
            "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
            "methodCalls": json.loads(json.dumps(calls).replace("ACCOUNT", account)),
        }
    ).encode()
    path = "/" + session["apiUrl"].split("/", 3)[3]
    with urllib.request.urlopen(urllib.request.Request(base + path, body, headers)) as answer:
        responses: list[list[object]] = json.load(answer)["methodResponses"]
        return responses


def test_a_jmap_client_sees_what_imap_sees(server: Process) -> None:
    send(server)
    responses = jmap(
        server,
        [
            ["Mailbox/get", {"accountId": "ACCOUNT", "ids": None}, "a"],
            ["Email/query", {"accountId": "ACCOUNT", "filter": {"subject": "smtplib"}}, "b"],
            [
                "Email/get",
                {
                    "accountId": "ACCOUNT",
                    "#ids": {"resultOf": "b", "name": "Email/query", "path": "/ids"},
                    "properties": ["subject", "from", "mailboxIds", "keywords"],
                },
                "c",
            ],
        ],
    )
    inbox = next(box for box in responses[0][1]["list"] if box["role"] == "inbox")  # type: ignore[index,call-overload]
    [email] = responses[2][1]["list"]  # type: ignore[index,call-overload,misc]
    assert inbox["totalEmails"] == 1
    assert email["subject"] == "by smtplib"
    assert email["from"][0]["email"] == GRACE
    assert email["mailboxIds"] == {inbox["id"]: True}


def test_neomutt_reads_the_inbox(program: Callable[[str], str], server: Process, tmp_path: Path) -> None:
    neomutt = program("neomutt")
    send(server)
    url = f"imap://127.0.0.1:{server.ports['imap']}/INBOX"
    seen = tmp_path / "seen"
    rc = tmp_path / "rc"
    rc.write_text(
        "set ssl_starttls=no\nset ssl_force_tls=no\nset imap_condstore=yes\nset imap_qresync=yes\nset wait_key=no\n"
        f"set imap_user={ADA}\nset imap_pass={ADA_PASSWORD}\n"
        f"set mail_check=60\nset folder={tmp_path}\npush '<pipe-message>cat > {seen}<enter><flag-message><sync-mailbox><quit>'\n"
    )
    in_terminal([neomutt, "-n", "-F", str(rc), "-f", url], tmp_path)
    assert "by smtplib" in seen.read_text()
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as client:
        client.login(ADA, ADA_PASSWORD)
        client.select()
        assert client.search(None, "FLAGGED")[1] == [b"1"]


def test_neomutt_resumes_from_its_header_cache(program: Callable[[str], str], server: Process, tmp_path: Path) -> None:
    """Three messages; then one is deleted, one flagged and one new while it is away; it asks for the difference only."""
    neomutt = program("neomutt")
    client = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    client.login(ADA, ADA_PASSWORD)
    for number in range(1, 4):
        client.append(
            "INBOX", None, None, b"Subject: number %d\r\nMessage-ID: <%d@x.org>\r\n\r\nbody\r\n" % (number, number)
        )
    rc = tmp_path / "rc"

    def look(pattern: str, seen: Path) -> str:
        push = f"<tag-pattern>{pattern}<enter><tag-prefix><pipe-message>cat >> {seen}<enter><quit>"
        rc.write_text(
            "set ssl_starttls=no\nset ssl_force_tls=no\nset imap_condstore=yes\nset imap_qresync=yes\nset wait_key=no\n"
            f"set imap_user={ADA}\nset imap_pass={ADA_PASSWORD}\nset pipe_split=yes\nset header_cache={tmp_path}/cache\n"
            f"set message_cachedir={tmp_path}/bodies\nset folder={tmp_path}\nset quit=yes\npush '{push}'\n"
        )
        url = f"imap://127.0.0.1:{server.ports['imap']}/INBOX"
        in_terminal([neomutt, "-n", "-F", str(rc), "-f", url], tmp_path)
        return seen.read_text()

    first = look(".", tmp_path / "first")
    assert [f"number {number}" in first for number in range(1, 5)] == [True, True, True, False]
    assert (tmp_path / "cache").exists()
    client.select()
    client.store("2", "+FLAGS", "\\Flagged")
    client.store("1", "+FLAGS", "\\Deleted")
    client.expunge()
    client.append("INBOX", None, None, b"Subject: number 4\r\nMessage-ID: <4@x.org>\r\n\r\nbody\r\n")
    client.logout()
    second = look(".", tmp_path / "second")
    assert [f"number {number}" in second for number in range(1, 5)] == [False, True, True, True]
    marked = look("~F", tmp_path / "marked")
    assert [f"number {number}" in marked for number in range(1, 5)] == [False, True, False, False]


def in_terminal(words: list[str], home: Path, seconds: float = 40) -> None:
    """Runs a program that wants a terminal until it ends; what it draws is read and dropped."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", HOME=str(home))
        os.execv(words[0], words)
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    if not os.read(terminal, 65536):
                        break
                except OSError:  # the terminal's other end is closed
                    break
    finally:
        if os.waitpid(child, os.WNOHANG) == (0, 0):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(terminal)
