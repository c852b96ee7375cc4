"""A disk that is full: a temporary error to the peer, nothing half-done, and recovery without a restart."""

from __future__ import annotations

import imaplib
import resource
import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import ADA, ADA_PASSWORD, Process, refuses_connection

LETTER = b"From: a@elsewhere.example\r\nTo: ada@example.org\r\nSubject: %d\r\n\r\n" + b"x" * 70 + b"\r\n"
BIG = b"Subject: big\r\n\r\n" + b"line of text\r\n" * 20_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    with Process(tmp_path) as process:
        process.add_accounts()
        process.start()
        yield process


def fill_disk(server: Process, full: bool) -> None:
    """No file of the server may grow while `full`: what a full disk looks like to it."""
    unlimited = resource.RLIM_INFINITY
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096 if full else unlimited, unlimited))


def send(server: Process, content: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"], timeout=20) as client:
        client.sendmail("a@elsewhere.example", [ADA], content)


def test_a_full_disk_is_a_temporary_error(server: Process) -> None:
    send(server, LETTER % 1)
    client = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    client.login(ADA, ADA_PASSWORD)
    assert client.select() == ("OK", [b"1"])
    fill_disk(server, True)
    for content in (LETTER % 2, BIG):
        with pytest.raises(smtplib.SMTPDataError) as refused:
            send(server, content)
        assert 400 <= refused.value.smtp_code < 500
    assert client.append("INBOX", None, None, LETTER % 3)[0] == "NO"
    assert client.store("1", "+FLAGS", "\\Flagged")[0] == "NO"
    assert client.create("Somewhere")[0] == "NO"
    # reading goes on, and nothing is there that was not promised
    assert b"\\Flagged" not in client.fetch("1", "(FLAGS)")[1][0]
    # the guard goes on in memory
    for number in range(10):
        guess(server, f"guess-{number}")
    assert refuses_connection("127.0.0.1", server.ports["pop3"], "127.0.10.1")
    fill_disk(server, False)
    send(server, LETTER % 4)
    send(server, BIG)
    assert client.store("1", "+FLAGS", "\\Flagged")[0] == "OK"
    assert client.noop()[0] == "OK"
    assert client.select() == ("OK", [b"3"])
    client.logout()


def guess(server: Process, password: str) -> None:
    with socket.create_connection(("127.0.0.1", server.ports["imap"]), 20, ("127.0.10.1", 0)) as sock:
        try:
            sock.recv(4096)
            sock.sendall(f'a LOGIN "{ADA}" "{password}"\r\n'.encode())
            sock.recv(4096)
        except OSError:
            return
