"""Old mail goes when it has lain in its mailbox long enough, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import ADA, GRACE, Running

from gatepost.adapters.sqlite import SqliteMailstore
from gatepost.config.load import parse
from gatepost.journal import Journal
from gatepost.mail import expiry
from gatepost.mail.expiry import Expiry
from gatepost.model.account import AccountId
from gatepost.model.errors import StorageUnavailable
from gatepost.model.mail import Draft
from gatepost.model.uidset import ALL_UIDS
from gatepost.services.admin.protocol import Refused

DAY = 86_400.0


class SetClock:
    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time


async def test_age_counts_from_coming_into_the_mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 2)
    clock = SetClock()
    store = SqliteMailstore(tmp_path, clock)
    mail = store.open(AccountId("a1"))
    inbox, trash = (await mail.mailbox("INBOX")).id, (await mail.mailbox("Trash")).id
    await mail.append_all([Draft(b"%d" % n, (trash,)) for n in range(5)])
    await mail.append(Draft(b"ancient", (inbox,), received=1.0))
    clock.time += 10 * DAY
    await mail.move(inbox, ALL_UIDS, trash)
    assert await expiry.older(mail, trash, clock.time - 9 * DAY) == [1, 2, 3, 4, 5]
    assert await expiry.expire(mail, trash, clock.time - 9 * DAY) == 5
    assert await expiry.expire(mail, trash, clock.time - 9 * DAY) == 0
    assert list(await mail.uids(trash)) == [6]
    await store.close()


async def test_every_account_by_the_role_of_its_mailbox(tmp_path: Path) -> None:
    running = Running(tmp_path)
    await running.start()
    assert running.server is not None
    house, clock, journal = running.server.house, SetClock(), Journal()
    journal.add(running.events.append)
    clock.time = house.clock.now() + 31 * DAY
    for email in (ADA, GRACE):
        mail = house.store.open(house.directory.find(email).id)
        for path in ("INBOX", "Junk", "Trash"):
            await mail.append(Draft(b"x", ((await mail.mailbox(path)).id,)))
    parts = {"store": house.store, "directory": house.directory, "journal": journal, "clock": clock}
    assert await Expiry({"trash": 0.0, "junk": 0.0}, **parts).everywhere() == 0  # type: ignore[arg-type]
    await house.store.upkeep._store.shelf(house.directory.find(ADA).id).database.finish()
    assert await Expiry({"trash": 0.0, "junk": 30 * DAY}, **parts).everywhere() == 1  # type: ignore[arg-type]
    assert any(getattr(event, "topic", "") == "expiry" for event in running.events)
    with pytest.raises(StorageUnavailable):
        await house.store.open(house.directory.find(ADA).id).mailboxes()
    assert await running.call("mail.expire", email=GRACE, mailbox="Trash", seconds=0, count=True) == 1
    assert await running.call("mail.expire", email=GRACE, mailbox="Trash", seconds=1000) == 0
    assert await running.call("mail.expire", email=GRACE, mailbox="Trash", seconds=0) == 1
    for wrong in ({"mailbox": "Nowhere", "seconds": 1}, {"mailbox": "INBOX", "seconds": -1}):
        with pytest.raises(Refused):
            await running.call("mail.expire", email=GRACE, **wrong)
    await running.stop()


def test_options() -> None:
    options = parse('[expire]\ntrash = "30d"\n')
    assert (float(options.expire.trash), float(options.expire.junk)) == (30 * DAY, 0.0)
