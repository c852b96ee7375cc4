"""Another's mail through the door: every method asks for its right, and messages between two accounts are never lost."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost.adapters.sqlite import SqliteDirectory, SqliteMailstore
from gatepost.mail.access import AccessLists
from gatepost.mail.mailbox import MailboxDoor
from gatepost.mail.shared import SharedMail
from gatepost.mail.transfer import BLOCK_OCTETS, Transfers
from gatepost.model.account import Account, Credentials
from gatepost.model.errors import (
    NoSuchAccount,
    NoSuchBlob,
    NoSuchEmail,
    NoSuchMailbox,
    NotPermitted,
    OverQuota,
    StorageUnavailable,
)
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft, MailboxUpdate
from gatepost.model.rights import ALL_RIGHTS, parse_rights
from gatepost.model.search import Everything
from gatepost.model.uidset import ALL_UIDS, UidSet
from gatepost.ports.mailstore import AccountMail


class StoppedClock:
    def now(self) -> float:
        return 1_700_000_000.0


class House:
    """Ada shares; Bob looks."""

    def __init__(self, folder: Path) -> None:
        self.directory = SqliteDirectory(folder / "gatepost.db", "example.org")
        self.store = SqliteMailstore(folder / "mail", StoppedClock())
        self.door = MailboxDoor(self.store, self.directory)
        self.lists = AccessLists(self.door)

    async def prepare(self) -> None:
        for domain in ("example.org", "elsewhere.example"):
            await self.directory.add_domain(domain)
        self.ada = await self.directory.add_account("ada@example.org", Credentials(), quota=20_000_000)
        self.bob = await self.directory.add_account("bob@example.org", Credentials())
        self.eve = await self.directory.add_account("eve@elsewhere.example", Credentials())
        self.mail = self.door.open(self.ada)
        self.team = await self.mail.create_mailbox("Team")
        await self.keep(b"A: b\r\n\r\nc")

    async def keep(
        self, *contents: bytes, flags: str = "", mail: AccountMail | None = None, path: str = "Team"
    ) -> None:
        mail = mail or self.mail
        place = (await mail.mailbox(path)).id
        for content in contents:
            await mail.append(Draft(content, (place,), make_flags(flags.split())))

    async def grant(self, rights: str, identifier: str = "bob") -> None:
        await self.lists.change(self.mail, self.team.id, identifier, "replace", parse_rights(rights))

    async def seen(self, account: Account | None = None) -> AccountMail:
        return await self.door.at(account or self.bob, "Other Users/ada@example.org/Team")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.prepare()
    yield made
    await made.store.close()
    await made.directory.close()


async def contents(mail: AccountMail, path: str) -> list[bytes]:
    mailbox = await mail.mailbox(path)
    emails = await mail.emails([entry.email for entry in await mail.entries(mailbox.id, ALL_UIDS)])
    return [await mail.read_blob(email.blob) for email in emails]


EVERYTHING = "lrswipkxtea"
ASKED = {
    # method, its arguments after the mailbox: the rights it needs
    "uids": ((), "r"),
    "recent": ((), "r"),
    "listing": ((), "r"),
    "claim_recent": ((), "r"),
    "mailbox_counts": ((), "r"),
    "entries": ((ALL_UIDS,), "r"),
    "messages": ((ALL_UIDS,), "r"),
    "delta": ((0,), "r"),
    "search": ((Everything(),), "r"),
    "set_flags": ((ALL_UIDS, "add", make_flags(["\\Seen"])), "rs"),
    "expunge": ((ALL_UIDS,), "re"),
    "access": ((), "a"),
    "set_access": (("x1", "add", "l"), "a"),
    "delete_mailbox": ((), "x"),
}


@pytest.mark.parametrize("method", sorted(ASKED))
async def test_each_method_needs_its_rights(house, method):
    arguments, needed = ASKED[method]
    await house.grant(EVERYTHING)
    mail = await house.seen()
    for right in needed:
        await house.grant(EVERYTHING.replace(right, ""))
        with pytest.raises(NotPermitted):
            await getattr(mail, method)(house.team.id, *arguments)
    await house.grant("lp")
    with pytest.raises(NotPermitted):
        await getattr(mail, method)(house.team.id, *arguments)
    await house.grant("i")
    with pytest.raises(NoSuchMailbox):
        await getattr(mail, method)(house.team.id, *arguments)
    await house.grant("".join({*needed, "l"}))
    await getattr(mail, method)(house.team.id, *arguments)


async def test_opening_needs_the_right_to_read(house):
    await house.grant("lr")
    mail = await house.seen()
    opened = await mail.opening(mail.prefix + "Team")
    assert (opened.mailbox.path, list(opened.uids)) == (mail.prefix + "Team", list(await mail.uids(house.team.id)))
    for rights, error in (("lp", NotPermitted), ("p", NoSuchMailbox), ("", NoSuchMailbox)):
        await house.grant(rights)
        with pytest.raises(error):
            await mail.opening(mail.prefix + "Team")


async def test_a_mailbox_that_is_not_granted_is_not_there(house):
    await house.grant(EVERYTHING)
    mail, inbox = await house.seen(), await house.mail.mailbox("INBOX")
    for method, (arguments, _) in ASKED.items():
        with pytest.raises(NoSuchMailbox):
            await getattr(mail, method)(inbox.id, *arguments)
    with pytest.raises(NoSuchMailbox):
        await mail.mailbox(mail.prefix + "INBOX")
    with pytest.raises(NoSuchMailbox):
        await mail.mailbox("Team")
    with pytest.raises(NoSuchMailbox):
        await mail.append(Draft(b"x", (house.team.id, inbox.id)))
    for move in (mail.copy, mail.move):
        with pytest.raises(NoSuchMailbox):
            await move(inbox.id, ALL_UIDS, house.team.id)
        with pytest.raises(NoSuchMailbox):
            await move(house.team.id, ALL_UIDS, inbox.id)
    with pytest.raises(NoSuchMailbox):
        await mail.update_mailbox(house.team.id, MailboxUpdate(parent=inbox.id))
    assert [box.path for box in await mail.mailboxes()] == ["Other Users/ada@example.org/Team"]


OWNERS_ALONE = {
    "update_emails", "destroy_emails", "query", "threads", "save_upload", "states", "email_changes", "mailbox_changes",
    "thread_changes", "scripts", "put_script", "activate_script", "delete_script", "rename_script", "rename_inbox",
}  # fmt: skip


@pytest.mark.parametrize("method", sorted(OWNERS_ALONE))
async def test_what_concerns_the_whole_account_is_the_owners(house, method):
    await house.grant(EVERYTHING)
    run = getattr(await house.seen(), method)
    required = [one for one in inspect.signature(run).parameters.values() if one.default is one.empty]
    with pytest.raises(NotPermitted):
        await run(*[None] * len(required))


def test_no_method_of_the_port_is_forgotten():
    """A new one in the port has to be thought about here as well."""
    ours = {name for name in dir(AccountMail) if not name.startswith("_")}
    asked = {
        "account", "rights", "all_access", "subscriptions", "subscribe", "left_subscriptions", "drop_subscription",
        "mailboxes", "mailbox", "mailbox_by_id", "opening", "emails", "create_mailbox", "update_mailbox",
        "append", "append_all", "replace", "copy", "move", "placed", "find_blob",
        "read_blob", "read_starts", "outlines", "usage", "watch", "annotations", "annotate",
    }  # fmt: skip
    assert ours <= OWNERS_ALONE | set(ASKED) | asked, "is it refused, or asked for?"
    assert ours <= set(dir(SharedMail))


async def test_emails_and_octets_of_granted_mailboxes_only(house):
    await house.keep(b"S: secret\r\n\r\n", path="INBOX")
    await house.grant("lr")
    mail, inbox = await house.seen(), await house.mail.mailbox("INBOX")
    [secret] = await house.mail.entries(inbox.id, ALL_UIDS)
    [known] = await mail.entries(house.team.id, ALL_UIDS)
    [blob] = [email.blob for email in await house.mail.emails([secret.email])]
    assert [email.id for email in await mail.emails([secret.email, known.email])] == [known.email]
    for read in (mail.read_blob, mail.find_blob):
        with pytest.raises(NoSuchBlob):
            await read(blob)
    # the same email in both: only the place that may be read is told
    await house.mail.copy(inbox.id, ALL_UIDS, house.team.id)
    [placed] = await mail.placed([secret.email])
    assert [place.mailbox for place in placed.placements] == [house.team.id]
    assert await mail.read_blob(blob) == b"S: secret\r\n\r\n"
    await house.grant("l")
    assert await mail.emails([known.email]) == []


async def test_who_may_look_but_not_read_learns_no_numbers(house):
    await house.grant("l")
    [shown] = await (await house.seen()).mailboxes()
    assert (shown.messages, shown.unseen, shown.size, shown.modseq, shown.uidnext) == (0, 0, 0, 0, 1)
    with pytest.raises(NotPermitted):
        await (await house.seen()).usage()


async def test_only_the_domain_and_only_what_is_granted(house):
    assert await house.door.shared(house.bob) == []
    await house.grant("lr", "anyone")
    [mail] = await house.door.shared(house.bob)
    assert mail.account == house.ada.id
    assert await house.door.shared(house.eve) == []
    assert await house.door.shared(house.ada) == []
    late = await house.directory.add_account("late@example.org", Credentials())
    assert [box.path for box in await (await house.seen(late)).mailboxes()] == ["Other Users/ada@example.org/Team"]
    for stranger in (house.eve, house.ada):
        with pytest.raises(NoSuchMailbox):
            await house.seen(stranger)


@pytest.mark.parametrize(
    "identifier",
    [
        "nobody",
        "nobody@example.org",
        "eve@elsewhere.example",
        "x@nowhere.example",
        "list",
        "alien",
        "@example.org",
        "@",
        "-eve",
    ],
)
async def test_nobody_else_can_be_named(house, identifier):
    await house.directory.add_alias("list@example.org", "ada@example.org")
    await house.directory.add_alias("list@example.org", "bob@example.org")
    await house.directory.add_alias("alien@example.org", "eve@elsewhere.example")
    await house.directory.add_alias("@example.org", "bob@example.org")
    with pytest.raises(NoSuchAccount):
        await house.lists.change(house.mail, house.team.id, identifier, "add", ALL_RIGHTS)
    assert await house.mail.all_access() == ()


async def test_who_may_not_administer_learns_nothing_of_identifiers(house):
    await house.grant("lrswipkxte")
    mail = await house.seen()
    for identifier in ("nobody", "ada"):
        for ask in (house.lists.remove, house.lists.grantable):
            with pytest.raises(NotPermitted):
                await ask(mail, house.team.id, identifier)


async def test_a_name_of_ones_own_is_not_hidden(house):
    own = house.door.open(house.bob)
    await own.create_mailbox("Other Users/ada@example.org/Team")
    assert (await house.door.at(house.bob, "Other Users/ada@example.org/Team")).account == house.bob.id
    await house.grant("lr")
    assert (await house.seen()).account == house.ada.id


async def test_subscriptions_are_the_readers(house):
    await house.grant("l")
    mail = await house.seen()
    await mail.update_mailbox(house.team.id, MailboxUpdate(subscribed=True))
    assert (await mail.mailbox_by_id(house.team.id)).subscribed
    assert not (await house.mail.mailbox("Team")).subscribed
    await mail.update_mailbox(house.team.id, MailboxUpdate(subscribed=False))
    assert not (await mail.mailbox_by_id(house.team.id)).subscribed


# -- between two accounts --------------------------------------------------------------------------------------------------
async def test_copies_both_ways(house):
    await house.keep(b"1\r\n", b"2\r\n", flags="\\Seen \\Deleted work")
    await house.grant("lri")
    own, mail = house.door.open(house.bob), await house.seen()
    inbox = (await own.mailbox("INBOX")).id
    copied = await house.door.copy(mail, house.team.id, UidSet([(2, 3)]), own, inbox)
    assert copied.pairs == ((2, 1), (3, 2))
    assert copied.uidvalidity == (await own.mailbox("INBOX")).uidvalidity
    assert [entry.flags for entry in await own.entries(inbox, ALL_UIDS)] == ["\\Deleted \\Seen work"] * 2
    await house.door.copy(own, inbox, UidSet([(2, 2)]), mail, house.team.id)
    assert await contents(house.mail, "Team") == [b"A: b\r\n\r\nc", b"1\r\n", b"2\r\n", b"2\r\n"]
    assert (await house.mail.entries(house.team.id, UidSet([(4, 4)])))[0].flags == ""


async def test_the_owners_quota_counts_and_half_a_copy_is_taken_back(house):
    own = house.door.open(house.bob)
    inbox = (await own.mailbox("INBOX")).id
    for number in range(6):
        await house.keep(b"%d" % number + b"x" * BLOCK_OCTETS, mail=own, path="INBOX")
    await house.grant("i")
    mail = await house.seen()
    before = await house.mail.usage()
    with pytest.raises(OverQuota):
        await house.door.copy(own, inbox, ALL_UIDS, mail, house.team.id)
    assert await house.mail.usage() == before
    assert (await house.mail.mailbox("Team")).messages == 1
    assert (await house.mail.mailbox("Team")).uidnext > 2  # what had been kept got UIDs, which are not given again


async def test_moves_need_their_rights_before_anything_is_copied(house):
    own = house.door.open(house.bob)
    inbox = (await own.mailbox("INBOX")).id
    for rights in ("lrt", "lre", "lrsw"):
        await house.grant(rights)
        with pytest.raises(NotPermitted):
            await house.door.move(await house.seen(), house.team.id, ALL_UIDS, own, inbox)
        with pytest.raises(NotPermitted):
            await house.door.replace(await house.seen(), house.team.id, 1, own, Draft(b"x", (inbox,)))
    assert (await own.mailbox("INBOX")).uidnext == 1
    await house.grant("lrte")
    moved = await house.door.move(await house.seen(), house.team.id, ALL_UIDS, own, inbox)
    assert moved.pairs == ((1, 1),)
    assert (await house.mail.mailbox("Team")).messages == 0
    assert await contents(own, "INBOX") == [b"A: b\r\n\r\nc"]


class Failing:
    """A store in which one account's mail can no longer be expunged: its disk fails between the two steps."""

    def __init__(self, store: SqliteMailstore, account: str) -> None:
        self._store, self._account = store, account

    def open(self, account: str, quota: int = 0) -> AccountMail:
        mail = self._store.open(account, quota)
        if account == self._account:
            mail.expunge = self._fail  # type: ignore[method-assign]
        return mail

    async def _fail(self, *arguments: object, **named: object) -> None:
        raise StorageUnavailable("the power is gone")


async def test_a_crash_between_the_two_leaves_messages_in_both(house):
    await house.grant("lrte")
    own, mail = house.door.open(house.bob), await house.seen()
    inbox = (await own.mailbox("INBOX")).id
    transfers = Transfers(Failing(house.store, house.ada.id))
    with pytest.raises(StorageUnavailable):
        await transfers.move(mail, house.team.id, ALL_UIDS, own, inbox)
    with pytest.raises(StorageUnavailable):
        await transfers.replace(mail, house.team.id, 1, own, Draft(b"new", (inbox,)))
    assert await contents(own, "INBOX") == [b"A: b\r\n\r\nc", b"new"]
    assert await contents(house.mail, "Team") == [b"A: b\r\n\r\nc"]


async def test_of_two_who_move_at_once_one_has_it(house):

    await house.keep(*[b"%d\r\n" % number for number in range(20)])
    await house.grant("lrte", "anyone")
    cy = await house.directory.add_account("cy@example.org", Credentials())

    async def move(account: Account) -> int:
        own = house.door.open(account)
        inbox = (await own.mailbox("INBOX")).id
        done = await house.door.move(await house.seen(account), house.team.id, ALL_UIDS, own, inbox)
        return len(done.pairs)

    assert sum(await asyncio.gather(move(house.bob), move(cy))) == 21
    found = [octets for account in (house.bob, cy) for octets in await contents(house.door.open(account), "INBOX")]
    assert len(found) == len(set(found)) == 21
    assert (await house.mail.mailbox("Team")).messages == 0


async def test_what_is_gone_is_not_replaced(house):
    await house.grant("lrte")
    own = house.door.open(house.bob)
    inbox = (await own.mailbox("INBOX")).id
    with pytest.raises(NoSuchEmail):
        await house.door.replace(await house.seen(), house.team.id, 99, own, Draft(b"x", (inbox,)))
    assert (await own.mailbox("INBOX")).messages == 0


async def test_an_account_that_is_removed_leaves_nothing(house):
    await house.grant("lr")
    await house.directory.remove_account(house.bob.id)
    assert await house.lists.read(house.mail, house.team.id) == [("ada@example.org", ALL_RIGHTS)]
    await house.store.erase(house.bob.id)
    assert await house.mail.all_access() == ()
    again = await house.directory.add_account("bob@example.org", Credentials())
    with pytest.raises(NoSuchMailbox):
        await house.seen(again)
    await house.grant("lr")
    await house.directory.remove_account(house.ada.id)
    await house.store.erase(house.ada.id)
    assert await house.door.shared(again) == []
    with pytest.raises(NoSuchMailbox):
        await house.seen(again)
