"""How fast the mail store is here: `python bench/store.py [FOLDER]`. Everything appended is on disk when it counts.

The folder should lie on the disk that will hold the mail; by default it is a temporary one.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore
from gatepost.adapters.sqlite.accountmail import SqliteAccountMail
from gatepost.model.account import AccountId
from gatepost.model.flags import NO_FLAGS, make_flags
from gatepost.model.mail import Draft, MailboxId
from gatepost.model.search import Body, HasFlag, Header, Not, SortKey, Text
from gatepost.model.uidset import ALL_UIDS, UidSet

MESSAGES = 10_000
ONE_BY_ONE = 500
AT_ONCE = 64


_SYLLABLES = ["".join(letters) for letters in itertools.product("bdfgklmnprst", "aeiou", ("", "n", "r", "s"))]
_CHANCE = random.Random(1)
_WORDS = ["".join(_CHANCE.choices(_SYLLABLES, k=1 + n % 4)) for n in range(20_000)]


def prose(number: int, octets: int) -> str:
    """Words as frequent as words are (the n-th about 1/n), of a language of 20,000, in lines; the same for a number."""
    chance = random.Random(number)
    words = [_WORDS[int(20_000 ** chance.random()) - 1] for _ in range(octets // 6)]
    return "".join(" ".join(words[at : at + 10]) + ".\r\n" for at in range(0, len(words), 10))


def content(number: int, octets: int = 2000) -> bytes:
    """A message of ordinary shape."""
    header = (
        f"From: Person {number % 50} <p{number % 50}@example.org>\r\nTo: Ada <ada@example.net>\r\n"
        f"Subject: Report {number % 700}\r\nMessage-ID: <{number}@bench.example>\r\n"
        f"Date: Mon, 1 Jan 2024 12:00:00 +0100\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    )
    text = prose(number, octets // 2) + f"needle {number}\r\n"
    parts = "".join(f"--b\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{text}\r\n" for kind in ("plain", "html"))
    return (header + parts + "--b--\r\n").encode()


def show(what: str, count: int, seconds: float) -> None:
    """One line of the table."""
    print(f"| {what:<58} | {count / seconds:>10,.0f} /s | {seconds * 1000 / count:>9.3f} ms |")


async def one_by_one(mail: SqliteAccountMail, box: MailboxId) -> None:
    """Durable appends of one session."""
    drafts = [Draft(content(n), (box,)) for n in range(ONE_BY_ONE)]
    begin = time.perf_counter()
    for draft in drafts:
        await mail.append(draft)
    show("durable append, one by one", ONE_BY_ONE, time.perf_counter() - begin)


async def at_once(mail: SqliteAccountMail, box: MailboxId) -> None:
    """Durable appends of 64 sessions, until the mailbox is full enough for the rest."""
    flags = make_flags(["\\Seen"])
    drafts = iter([Draft(content(n), (box,), flags if n % 3 else NO_FLAGS) for n in range(ONE_BY_ONE, MESSAGES)])

    async def session() -> None:
        for draft in drafts:
            await mail.append(draft)

    begin = time.perf_counter()
    await asyncio.gather(*(session() for _ in range(AT_ONCE)))
    show(f"durable append, {AT_ONCE} at once", MESSAGES - ONE_BY_ONE, time.perf_counter() - begin)


async def many_accounts(store: SqliteMailstore) -> None:
    """Durable appends to as many databases as sessions: no group commit to share."""
    accounts = [store.open(AccountId(f"a{n}")) for n in range(AT_ONCE)]
    boxes = [(await account.mailbox("INBOX")).id for account in accounts]

    async def session(account: SqliteAccountMail, box: MailboxId) -> None:
        for number in range(20):
            await account.append(Draft(content(number), (box,)))

    begin = time.perf_counter()
    await asyncio.gather(*(session(account, box) for account, box in zip(accounts, boxes, strict=True)))
    show(f"durable append to {AT_ONCE} accounts at once", 20 * AT_ONCE, time.perf_counter() - begin)


async def large(mail: SqliteAccountMail, box: MailboxId) -> None:
    """Messages that become files."""
    drafts = [Draft(content(n) + b"x" * 1_000_000, (box,)) for n in range(64)]
    begin = time.perf_counter()
    await asyncio.gather(*(mail.append(draft) for draft in drafts))
    show("durable append of 1 MB, 64 at once", len(drafts), time.perf_counter() - begin)


async def median(what: str, call: Callable[[], Awaitable[object]], rounds: int = 7) -> None:
    """The median time of a call."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        await call()
        times.append(time.perf_counter() - begin)
    show(what, 1, statistics.median(times))


async def searches(mail: SqliteAccountMail, box: MailboxId, when: str) -> None:
    """In headers and bodies, for something rare and for nothing."""
    for what, criterion in (
        ("SUBJECT", Header("subject", "report 77")),
        ("BODY", Body("nowhere at all")),
        ("BODY, rare word", Body("needle 4321")),
        ("TEXT, in every message", Text("needle")),
    ):
        await median(f"search {what}, {when}", partial(mail.search, box, criterion), 3)


async def main(folder: Path) -> None:
    """Prints the table."""
    store = SqliteMailstore(folder, SystemClock())
    mail = store.open(AccountId("bench"))
    inbox, sent = (await mail.mailbox("INBOX")).id, (await mail.mailbox("Sent")).id
    await one_by_one(mail, inbox)
    await at_once(mail, inbox)
    await many_accounts(store)
    await large(mail, sent)
    ids = [entry.email for entry in await mail.entries(inbox, ALL_UIDS)]
    await median("mailbox() by path", lambda: mail.mailbox("Archive"), 50)
    await median(f"uids() of {MESSAGES:,}", lambda: mail.uids(inbox))
    await median(f"entries() of {MESSAGES:,}", lambda: mail.entries(inbox, ALL_UIDS))
    await median("emails() of 1,000", lambda: mail.emails(ids[:1000]))
    await median("placed() of 1,000", lambda: mail.placed(ids[:1000]))
    await median(f"search UNSEEN in {MESSAGES:,}", lambda: mail.search(inbox, Not(HasFlag("\\Seen"))))
    await median(f"query by date over {MESSAGES:,}", lambda: mail.query(HasFlag("\\Seen"), [SortKey("arrival", True)]))
    await searches(mail, inbox, "before indexing")
    begin = time.perf_counter()
    indexed = await mail.index_text()
    show("indexing text, in the background otherwise", indexed or 1, time.perf_counter() - begin)
    await searches(mail, inbox, "indexed")
    sizes = {path.name: path.stat().st_size for path in (folder / "bench").glob("mail.db*")}
    print(f"database: {sum(sizes.values()) / 1e6:,.0f} MB")
    flagged, plain = make_flags(["\\Flagged"]), UidSet([(1, 1000)])
    await median("set_flags() of 1,000", lambda: mail.set_flags(inbox, plain, "add", flagged), 1)
    await median("copy() of 1,000", lambda: mail.copy(inbox, plain, sent), 1)
    await median("expunge() of 1,000", lambda: mail.expunge(inbox, plain, only_deleted=False), 1)
    await store.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(Path(sys.argv[1])))
    else:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(main(Path(folder)))
