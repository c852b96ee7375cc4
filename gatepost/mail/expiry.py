"""Old mail goes: what has lain in a mailbox for longer than it may. Off unless the administrator says otherwise.

A message's age counts from when it came into the mailbox, not from its date: what is thrown away today is not gone tomorrow
because it is old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gatepost.journal import Journal
from gatepost.model.errors import NoSuchMailbox, Temporary
from gatepost.model.events import Failed
from gatepost.model.mail import MailboxId
from gatepost.model.search import Saved
from gatepost.model.uidset import UidSet
from gatepost.ports.clock import Clock
from gatepost.ports.directory import Directory
from gatepost.ports.mailstore import AccountMail, Mailstore

AT_ONCE = 500
"""Messages that one change removes."""
FIRST_SECONDS = 300.0
DAY_SECONDS = 86_400.0


async def older(mail: AccountMail, mailbox: MailboxId, before: float) -> list[int]:
    """UIDs of what came into the mailbox before that time (seconds since the epoch). Raises NoSuchMailbox."""
    return await mail.search(mailbox, Saved(before=before))


async def expire(mail: AccountMail, mailbox: MailboxId, before: float) -> int:
    """Removes it; how many. Raises NoSuchMailbox, StorageUnavailable."""
    uids = await older(mail, mailbox, before)
    gone = 0
    for start in range(0, len(uids), AT_ONCE):
        delta = await mail.expunge(mailbox, UidSet.of(uids[start : start + AT_ONCE]), only_deleted=False)
        gone += sum(last - first + 1 for first, last in delta.vanished.ranges)
    return gone


class Expiry:
    """Once a day, for every account. `ages`: the role of a mailbox and the seconds that mail stays in it."""

    def __init__(
        self, ages: Mapping[str, float], *, store: Mailstore, directory: Directory, journal: Journal, clock: Clock
    ) -> None:
        self._ages = {role: seconds for role, seconds in ages.items() if seconds > 0}
        self._store, self._directory, self._journal, self._clock = store, directory, journal, clock

    async def run(self) -> None:
        """Until it is cancelled. First some minutes after the start, so that a server that is restarted often expires too."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            await self.everywhere()
            await asyncio.sleep(DAY_SECONDS)

    async def everywhere(self) -> int:
        """All accounts; an account whose storage fails has its turn tomorrow. How many messages went."""
        gone = 0
        for account in self._directory.accounts() if self._ages else ():
            mail = self._store.open(account.id)
            try:
                for mailbox in await mail.mailboxes():
                    if mailbox.role in self._ages:
                        gone += await expire(mail, mailbox.id, self._clock.now() - self._ages[mailbox.role])
            except (Temporary, NoSuchMailbox) as error:
                self._journal.note(Failed(at=self._clock.now(), topic="expiry", text=f"{account.email}: {error}"))
        return gone
