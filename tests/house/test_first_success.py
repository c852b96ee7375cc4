"""The first right sign-in from a network new to an account: its owner hears of it, and little can be done from there."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import email.policy
import json
import signal
import smtplib
import sqlite3
import time
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest
from running import ADA, ADA_PASSWORD, GRACE, SIMPLE, Process, Running, plain

from gatepost.cli.knock import Answer
from gatepost.model.connection import Door
from gatepost.model.events import Delivered
from gatepost.model.uidset import ALL_UIDS

Start = Callable[..., Awaitable[Running]]
HOME, STRANGE, STRANGER = "127.0.30.1", "127.31.0.1", "127.32.0.1"
STRICT = '\n[guard.stranger]\nprivate_sources = true\nmessages = "3/1d"\n'
REDIRECT = b'redirect "mallory@elsewhere.example";'


async def notices(running: Running, account: str = ADA) -> list[EmailMessage]:
    """What the server wrote into INBOX."""
    assert running.server is not None
    house = running.server.house
    mail = house.mailboxes.open(house.directory.find(account))
    inbox = await mail.mailbox("INBOX")
    found = await mail.emails([entry.email for entry in await mail.entries(inbox.id, ALL_UIDS)])
    messages = [
        email.message_from_bytes(await mail.read_blob(each.blob), policy=email.policy.default) for each in found
    ]
    return [message for message in messages if message["Auto-Submitted"]]  # type: ignore[misc]


async def written(running: Running, count: int) -> None:
    """So many notices are in."""
    async with asyncio.timeout(10):
        while sum(not event.client for event in running.of(Delivered)) < count:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)


async def send(running: Running, source: str, count: int, recipients: int = 1) -> list[str]:
    """The last line to each of `count` messages of Ada's to Grace."""
    reader, writer = await running.open(Door.SUBMISSION, source)

    async def says(line: str) -> str:
        writer.write(line.encode() + b"\r\n")
        while True:
            async with asyncio.timeout(20):
                answer = (await reader.readline()).decode()
            if answer[3:4] != "-":
                return answer.rstrip("\r\n")

    await reader.readline()
    await says("EHLO laptop")
    assert (await says(f"AUTH PLAIN {plain(ADA, ADA_PASSWORD)}")).startswith("235")
    answers = []
    for number in range(count):
        await says(f"MAIL FROM:<{ADA}>")
        for recipient in range(recipients):
            await says(f"RCPT TO:<grace+{recipient}@example.org>")
        await says("DATA")
        answers.append(await says(f"From: {ADA}\r\nSubject: {number}\r\n\r\nx\r\n."))
    writer.transport.abort()
    return answers


async def sieve(running: Running, source: str, *commands: bytes) -> list[bytes]:
    """ManageSieve, signed in as Ada: the last line of each answer."""
    reader, writer = await running.open(Door.MANAGESIEVE, source)

    async def answer() -> bytes:
        while True:
            async with asyncio.timeout(20):
                line = await reader.readline()
            if line[:2] in (b"OK", b"NO", b"BY"):
                return line.rstrip(b"\r\n")

    await answer()
    answers = []
    for command in (f'AUTHENTICATE "PLAIN" "{plain(ADA, ADA_PASSWORD)}"'.encode(), *commands):
        writer.write(command + b"\r\n")
        answers.append(await answer())
    writer.transport.abort()
    assert answers[0].startswith(b"OK")
    return answers[1:]


def put(name: str, script: bytes) -> bytes:
    return b'PUTSCRIPT "%b" {%d+}\r\n%b' % (name.encode(), len(script), script)


async def jmap_send(running: Running, source: str, count: int) -> list[str]:
    """EmailSubmission/set, one email each: `sent`, or the error's type."""
    reader, writer = await running.open(Door.HTTP, source)
    token = base64.b64encode(f"{ADA}:{ADA_PASSWORD}".encode()).decode()

    async def request(method: str, path: str, body: object = None) -> dict[str, object]:
        data = json.dumps(body).encode() if body is not None else b""
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n".encode()
            + data
        )
        async with asyncio.timeout(20):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answer = json.loads(await reader.readexactly(length))
        assert isinstance(answer, dict)
        return answer

    session = await request("GET", "/jmap/session")
    [account] = session["accounts"]  # type: ignore[misc]
    using = [f"urn:ietf:params:jmap:{name}" for name in ("core", "mail", "submission")]

    async def call(name: str, **arguments: object) -> dict[str, object]:
        body = {"using": using, "methodCalls": [[name, {"accountId": account, **arguments}, "0"]]}
        answer = await request("POST", "/jmap/api", body)
        result: dict[str, object] = answer["methodResponses"][0][1]  # type: ignore[index]
        return result

    mailboxes = await call("Mailbox/get", ids=None)
    inbox = next(box["id"] for box in mailboxes["list"] if box["role"] == "inbox")  # type: ignore[attr-defined]
    identities = await call("Identity/get", ids=None)
    identity = identities["list"][0]["id"]  # type: ignore[index]
    draft = {
        "mailboxIds": {inbox: True},
        "from": [{"email": ADA}],
        "to": [{"email": GRACE}],
        "subject": "from afar",
        "bodyValues": {"1": {"value": "x"}},
        "textBody": [{"partId": "1", "type": "text/plain"}],
    }
    made = await call("Email/set", create={"e": draft})
    found = made["created"]["e"]["id"]  # type: ignore[index]
    results = []
    for _ in range(count):
        result = await call("EmailSubmission/set", create={"s": {"identityId": identity, "emailId": found}})
        refused = result.get("notCreated") or {}
        results.append(refused["s"]["type"] if refused else "sent")  # type: ignore[index]
    writer.transport.abort()
    return results


async def test_the_owner_is_told_once_an_hour_and_never_of_the_very_first(start: Start) -> None:
    running = await start(SIMPLE + STRICT)
    assert await running.sign_in(HOME, ADA_PASSWORD) is Answer.GRANTED
    assert await running.sign_in(HOME, ADA_PASSWORD, door=Door.POP3) is Answer.GRANTED
    assert await running.sign_in(STRANGE, ADA_PASSWORD) is Answer.GRANTED
    assert await running.sign_in(STRANGE, ADA_PASSWORD) is Answer.GRANTED
    assert await running.sign_in(STRANGER, ADA_PASSWORD, door=Door.SUBMISSION) is Answer.GRANTED
    await written(running, 1)
    [notice] = await notices(running)
    assert notice["Subject"] == f"Sign-in from a new network: {STRANGE}"
    assert notice["To"] == ADA
    assert notice["Auto-Submitted"] == "auto-generated"
    assert notice.get_content_type() == "text/plain"
    text = notice.get_content()
    assert f"Address:   {STRANGE}" in text
    assert "Protocol:  imap (LOGIN)" in text
    assert "Change your password now." in text
    assert "analytical" not in text
    assert await notices(running, GRACE) == []


async def test_the_notice_passes_by_the_script_that_a_stranger_left(start: Start) -> None:
    running = await start(SIMPLE + STRICT)
    await running.sign_in(HOME, ADA_PASSWORD)
    assert await sieve(running, HOME, put("hide", b"discard;"), b'SETACTIVE "hide"') == [b"OK", b"OK"]
    await running.sign_in(STRANGE, ADA_PASSWORD)
    await written(running, 1)
    assert len(await notices(running)) == 1


async def test_many_connections_of_a_new_account_at_once_are_no_news(start: Start) -> None:
    running = await start(SIMPLE + STRICT)
    answers = await asyncio.gather(*(running.sign_in(HOME, ADA_PASSWORD) for _ in range(4)))
    assert Answer.GRANTED in answers
    assert await running.sign_in(HOME, ADA_PASSWORD) is Answer.GRANTED
    assert (await send(running, HOME, 5))[-1].startswith("250 ")
    assert await notices(running) == []


async def test_private_addresses_are_no_news_unless_asked_for(start: Start) -> None:
    running = await start(SIMPLE)
    for source in (HOME, STRANGE, STRANGER):
        await running.sign_in(source, ADA_PASSWORD)
    assert (await send(running, STRANGER, 21))[-1].startswith("250 ")
    assert await notices(running) == []


async def test_an_allowed_network_is_no_news(start: Start) -> None:
    running = await start(SIMPLE + f'\nallow = ["{STRANGE}"]' + STRICT)
    await running.sign_in(HOME, ADA_PASSWORD)
    assert (await send(running, STRANGE, 5))[-1].startswith("250 ")
    assert await notices(running) == []


async def test_little_can_be_sent_from_there_and_a_restart_changes_nothing(start: Start) -> None:
    running = await start(SIMPLE + STRICT)
    assert (await send(running, HOME, 5))[-1].startswith("250 ")
    answers = await send(running, STRANGE, 4)
    assert [answer[:3] for answer in answers] == ["250", "250", "250", "451"]
    assert answers[3].startswith("451 4.7.1 ")
    assert (await send(running, "127.31.77.77", 1))[0].startswith("451 4.7.1 ")  # its neighbour is no way round it
    assert (await send(running, HOME, 5))[-1].startswith("250 ")
    await running.stop()
    again = await start(SIMPLE + STRICT, accounts=False)
    assert (await send(again, STRANGE, 1))[0].startswith("451 4.7.1 ")
    assert (await send(again, HOME, 5))[-1].startswith("250 ")


def submit(process: Process, source: str) -> int:
    """One message of Ada's to Grace; the answer's code."""
    with smtplib.SMTP("127.0.0.1", process.ports["submission"], timeout=20, source_address=(source, 0)) as client:
        client.login(ADA, ADA_PASSWORD)
        try:
            client.sendmail(ADA, [GRACE], f"From: {ADA}\r\n\r\nx\r\n")
        except smtplib.SMTPDataError as refused:
            return refused.smtp_code
        return 250


def sent_from_strangers(folder: Path) -> bool:
    """Whether it is on disk that somebody sent from a strange network."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/data/gatepost.db?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT value FROM guard WHERE part = 'stranger'").fetchall()
    return any(msgspec.msgpack.decode(value)[1] > 0.5 for (value,) in rows)


@pytest.mark.timeout(120)
def test_kill_9_lifts_nothing(tmp_path: Path) -> None:
    with Process(tmp_path, 'policy = "full"' + STRICT.replace("3/1d", "1/1d")) as process:
        process.add_accounts()
        process.start()
        assert submit(process, HOME) == 250
        assert submit(process, STRANGE) == 250
        assert submit(process, STRANGE) == 451
        deadline = time.monotonic() + 20
        while not sent_from_strangers(tmp_path):
            assert time.monotonic() < deadline
        process.end(signal.SIGKILL)
        process.start()
        assert submit(process, STRANGE) == 451
        assert submit(process, HOME) == 250
        assert process.end() == 0


async def test_recipients_count_and_a_refused_message_does_not(start: Start) -> None:
    running = await start(SIMPLE + STRICT)
    await running.sign_in(HOME, ADA_PASSWORD)
    assert (await send(running, STRANGE, 1, recipients=4))[0].startswith("451 4.7.1 ")
    assert (await send(running, STRANGE, 1, recipients=3))[0].startswith("250 ")
    assert (await send(running, STRANGE, 1))[0].startswith("451 4.7.1 ")


async def test_jmap_is_held_to_the_same_room(start: Start) -> None:
    running = await start(SIMPLE + STRICT)
    await running.sign_in(HOME, ADA_PASSWORD)
    assert (await send(running, STRANGE, 1))[0].startswith("250 ")
    assert await jmap_send(running, STRANGE, 3) == ["sent", "sent", "rateLimit"]
    assert (await send(running, STRANGE, 1))[0].startswith("451 4.7.1 ")
    assert await jmap_send(running, HOME, 1) == ["sent"]


async def test_no_new_redirect_from_there(start: Start) -> None:
    running = await start(SIMPLE + STRICT)
    at_home = await sieve(running, HOME, put("old", REDIRECT), put("other", b"keep;"), b'SETACTIVE "other"')
    assert at_home[0].startswith(b"OK (WARNINGS)")
    assert at_home[1:] == [b"OK", b"OK"]
    answers = await sieve(
        running,
        STRANGE,
        put("new", b'require "variables"; set "a" "x"; if true { ' + REDIRECT + b" }"),
        b'SETACTIVE "old"',
        put("old", REDIRECT),  # nothing new
        put("harmless", b'require "fileinto"; fileinto "Work";'),
        b'SETACTIVE "harmless"',
        b'CHECKSCRIPT "keep;"',
    )
    assert [answer[:2] for answer in answers] == [b"NO", b"NO", b"OK", b"OK", b"OK", b"OK"]
    assert answers[0].startswith(b'NO (TRYLATER) "No new redirect for a day from a network new to this account')
    assert (await sieve(running, HOME, b'SETACTIVE "old"')) == [b"OK"]


async def test_a_dry_run_tells_and_holds_nothing(start: Start) -> None:
    running = await start(SIMPLE + "\nenforce = false" + STRICT)
    await running.sign_in(HOME, ADA_PASSWORD)
    assert (await send(running, STRANGE, 6))[-1].startswith("250 ")
    await written(running, 1)
    assert len(await notices(running)) == 1
