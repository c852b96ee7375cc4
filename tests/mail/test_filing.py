"""Filing over the real store: what a script decides comes out as deliveries, and whatever goes wrong the message is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost.adapters.sqlite import SqliteMailstore
from gatepost.mail.filing import REMEMBERED, Delivery, Filing, FilingDecision
from gatepost.model.account import Account, AccountId
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.mime import index_message
from gatepost.proto.sieve import Limits

ACCOUNT = Account(AccountId("a1"), "ken@example.org")
CONTENT = b"From: coyote@acme.example\r\nSubject: roadrunner\r\n\r\nbeep\r\n"


class FixedClock:
    def now(self) -> float:
        return 1_700_000_000.0


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[AccountMail]:
    store = SqliteMailstore(tmp_path, FixedClock())
    yield store.open(ACCOUNT.id)
    await store.close()


async def decide(
    mail: AccountMail, script: str | None, content: bytes = CONTENT, filing: Filing | None = None
) -> FilingDecision:
    if script is not None:
        await mail.put_script("main", script.encode())
        await mail.activate_script("main")
    index = index_message(content)
    return await (filing or Filing(now=lambda: 0.0)).decide(
        mail, ACCOUNT, "coyote@acme.example", "ken+mta@example.org", content, index
    )


async def test_without_a_script(mail: AccountMail) -> None:
    assert await decide(mail, None) == FilingDecision((Delivery("INBOX"),))


async def test_an_inactive_script_does_nothing(mail: AccountMail) -> None:
    await mail.put_script("main", b"discard;")
    assert await decide(mail, None) == FilingDecision((Delivery("INBOX"),))


@pytest.mark.parametrize(
    ("script", "deliveries"),
    [
        ("", [Delivery("INBOX")]),
        ("keep;", [Delivery("INBOX")]),
        ('require "fileinto"; fileinto "Junk";', [Delivery("Junk")]),
        ('require "fileinto"; fileinto "inbox"; keep;', [Delivery("INBOX")]),
        ('require ["fileinto", "copy"]; fileinto :copy "Junk";', [Delivery("Junk"), Delivery("INBOX")]),
        (
            'require ["fileinto", "imap4flags"]; fileinto :flags "a" "Junk"; fileinto :flags "\\\\Seen b" "Junk";',
            [Delivery("Junk", "\\Seen b")],  # type: ignore[arg-type]
        ),
        ('require "imap4flags"; addflag "\\\\Flagged";', [Delivery("INBOX", "\\Flagged")]),  # type: ignore[arg-type]
        ('require ["envelope", "subaddress", "fileinto"]; if envelope :detail "to" "mta" { fileinto "Archive"; }',
         [Delivery("Archive")]),
        ('require ["mailbox", "fileinto"]; if mailboxexists ["junk", "Inbox"] { fileinto "Trash"; }', [Delivery("INBOX")]),
        ('require ["mailbox", "fileinto"]; if mailboxexists ["Junk", "Inbox"] { fileinto "Trash"; }', [Delivery("Trash")]),
        ('require "environment"; if environment "domain" "example.org" { discard; }', []),
        ("discard;", []),
    ],
)  # fmt: skip
async def test_deliveries(mail: AccountMail, script: str, deliveries: list[Delivery]) -> None:
    assert await decide(mail, script) == FilingDecision(tuple(deliveries), script="main")


async def test_discard_is_nothing_at_all(mail: AccountMail) -> None:
    assert (await decide(mail, "discard;")).discard
    assert not (await decide(mail, "keep;")).discard
    assert not (await decide(mail, 'redirect "a@b.example";')).discard


async def test_redirect_and_reject(mail: AccountMail) -> None:
    decision = await decide(mail, 'redirect "a@b.example"; redirect "c@d.example";')
    assert (decision.deliveries, decision.redirects) == ((), ("a@b.example", "c@d.example"))
    decision = await decide(mail, 'require "ereject"; ereject text:\r\nnot\t\thome\x07\r\ntoday\r\n.\r\n;')
    assert (decision.deliveries, decision.reject) == ((), "not home \ntoday")
    decision = await decide(mail, 'require "reject"; reject "";')
    assert decision.reject


async def test_a_missing_mailbox_is_inbox(mail: AccountMail) -> None:
    decision = await decide(mail, 'require "fileinto"; fileinto "Nowhere";')
    assert decision.deliveries == (Delivery("INBOX"),)
    assert "Nowhere" in decision.trouble


async def test_create(mail: AccountMail) -> None:
    script = 'require ["fileinto", "mailbox"]; fileinto :create "lists/new";'
    decision = await decide(mail, script)
    assert decision == FilingDecision((Delivery("lists/new", create=True),), script="main")
    assert (await mail.mailbox("lists/new")).path == "lists/new"
    assert await decide(mail, script) == decision


@pytest.mark.parametrize("name", ["a//b", "/", " ", "x/" * 60 + "x"])
async def test_a_mailbox_that_cannot_be_made_is_inbox(mail: AccountMail, name: str) -> None:
    decision = await decide(mail, f'require ["fileinto", "mailbox"]; fileinto :create "{name}";')
    assert decision.deliveries == (Delivery("INBOX"),)
    assert decision.trouble


@pytest.mark.parametrize(
    "script",
    [
        "nonsense;",
        'require "no-such-thing";',
        'require ["fileinto", "reject"]; fileinto "Junk"; reject "no";',
        "keep; " * 100,
        'require "ihave"; error "stop here";',
        'require "fileinto"; fileinto "a\tb";',
    ],
)
async def test_a_failing_script_keeps_the_message(mail: AccountMail, script: str) -> None:
    decision = await decide(mail, script)
    assert decision.deliveries == (Delivery("INBOX"),)
    assert decision.trouble.startswith("line 1: ")
    assert (decision.reject, decision.redirects, decision.script) == (None, (), "main")


async def test_the_same_trouble_the_second_time(mail: AccountMail) -> None:
    filing = Filing()
    first = await decide(mail, "nonsense;", filing=filing)
    assert await decide(mail, None, filing=filing) == first


async def test_a_new_script_is_the_one_that_runs(mail: AccountMail) -> None:
    filing = Filing()
    assert (await decide(mail, "discard;", filing=filing)).discard
    assert not (await decide(mail, "keep;", filing=filing)).discard


async def test_memory_of_programs_is_bounded(mail: AccountMail) -> None:
    filing = Filing()
    for n in range(REMEMBERED + 20):
        await filing._program(b"# %d" % n)
    assert len(filing._programs) == REMEMBERED


async def test_large_things_run_in_a_thread(mail: AccountMail) -> None:
    large = b"Subject: x\r\nX-Large: " + b"y" * 50_000 + b"\r\n\r\nneedle"
    script = 'require "body"; if body :raw :contains "needle" { discard; }' + " # padding\r\n" * 2000
    assert (await decide(mail, script, large)).discard


async def test_a_script_that_takes_too_long_keeps_the_message(mail: AccountMail) -> None:
    filing = Filing(Limits(steps=100))
    decision = await decide(
        mail, 'require "body"; if body :raw :contains "x" { discard; }', b"\r\n" + b"y" * 200_000, filing
    )
    assert decision.deliveries == (Delivery("INBOX"),)
    assert "too long" in decision.trouble
