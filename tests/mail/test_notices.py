"""What the owner reads of a sign-in that may not have been theirs, and what happens when it cannot be written."""

from __future__ import annotations

import email
import email.policy
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteDirectory, SqliteMailstore
from gatepost.journal import Journal
from gatepost.mail.mailbox import MailboxDoor
from gatepost.mail.notices import WAITING, Notices
from gatepost.model.account import Account, AccountId, Credentials
from gatepost.model.events import Delivered, Event, Failed, SignedIn, Trace
from gatepost.model.uidset import ALL_UIDS
from gatepost.model.units import Duration

ADA = "ada@example.org"


class Post:
    """Notices over the real adapters."""

    def __init__(self, folder: Path, quota: int = 0, attacked: bool = False, hold: float = 86400) -> None:
        self.events: list[Event] = []
        self.directory = SqliteDirectory(folder / "server.db", "example.org")
        self.store = SqliteMailstore(folder / "mail", SystemClock())
        self.mailboxes = MailboxDoor(self.store, self.directory, quota)
        self.notices = Notices(
            directory=self.directory,
            mailboxes=self.mailboxes,
            journal=Journal(self.events.append),
            clock=SystemClock(),
            hostname="mail.example.org",
            hold=Duration(hold),
            every=Duration(3600),
            under_attack=lambda: attacked,
        )

    async def prepare(self) -> None:
        await self.directory.add_domain("example.org")
        await self.directory.add_account(ADA, Credentials())

    async def inbox(self) -> list[bytes]:
        mail = self.mailboxes.open(self.directory.find(ADA))
        inbox = await mail.mailbox("INBOX")
        found = await mail.emails([entry.email for entry in await mail.entries(inbox.id, ALL_UIDS)])
        return [await mail.read_blob(each.blob) for each in found]

    async def close(self) -> None:
        await self.store.close()
        await self.directory.close()


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    made = Post(tmp_path)
    await made.prepare()
    yield made
    await made.close()


def signed_in(login: str = ADA, credential: str = "password", kind: str = "http:curl") -> SignedIn:
    return SignedIn(
        1_700_000_000.0, "c1", "https", "203.0.113.9", login, "BASIC", "stranger", credential, True, True,
        Trace(kind=kind),
    )  # fmt: skip


async def test_it_is_a_whole_message_in_inbox(post: Post) -> None:
    post.notices.tell(signed_in())
    await post.notices.finish()
    [content] = await post.inbox()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert content.isascii()
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert {"Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted"} <= set(message.keys())
    text = message.get_content()  # type: ignore[attr-defined]
    assert "When:      Tue, 14 Nov 2023 22:13:20 -0000" in text
    assert "Address:   203.0.113.9" in text
    assert "Protocol:  https (BASIC)" in text
    assert "Client:    http:curl" in text
    assert "For 24 hours only a few messages can be sent from there" in text
    assert "large scale" not in text
    [delivered] = post.events
    assert isinstance(delivered, Delivered)
    assert (delivered.recipient, delivered.client, delivered.mailboxes) == (ADA, "", ("INBOX",))


async def test_one_that_cannot_be_written_does_not_keep_the_next_from_being(post: Post) -> None:
    post.notices.tell(signed_in("nobody@example.org"))
    post.notices.tell(signed_in())
    await post.notices.finish()
    assert [type(event) for event in post.events] == [Failed, Delivered]
    assert len(await post.inbox()) == 1


async def test_a_full_mailbox_is_told_to_the_log(tmp_path: Path) -> None:
    post = Post(tmp_path, quota=10)
    await post.prepare()
    post.notices.tell(signed_in())
    await post.notices.finish()
    await post.close()
    [failed] = post.events
    assert isinstance(failed, Failed)
    assert "OverQuota" in failed.text


async def test_those_that_wait_are_bounded(post: Post) -> None:
    for _ in range(WAITING + 3):
        post.notices.tell(signed_in())
    assert [type(event) for event in post.events] == [Failed] * 3


async def test_what_it_says_depends_on_how_it_was(tmp_path: Path) -> None:
    post = Post(tmp_path, attacked=True, hold=0)
    account = Account(AccountId("a"), "jürgen@example.org")
    message = post.notices.compose(account, signed_in(credential="app:phone", kind="x\r\nBcc: y\x07\u202e"))
    text = message.get_content()
    assert "app password 'phone'" in text
    assert "Have this app password revoked." in text
    assert "guessed at this server on a large scale" in text
    assert "only a few messages" not in text
    assert "Client:    xBcc: y\n" in text
    assert "jürgen@example.org".encode() in message.as_bytes()
    await post.close()
