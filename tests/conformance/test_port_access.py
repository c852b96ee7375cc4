"""Access lists, and who finds what is shared: `AccountMail.set_access` and kin, `Mailstore.sharers`."""

from __future__ import annotations

import pytest

from gatepost.model.account import AccountId
from gatepost.model.errors import NoSuchMailbox
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft, MailboxId, MailboxUpdate
from gatepost.model.rights import ALL_RIGHTS, Grant, Grantee, Rights
from gatepost.model.uidset import ALL_UIDS

BOB, EVE, ALL = Grantee("b1"), Grantee("e1"), Grantee("@example.org")


async def test_the_owner_may_do_everything(mail):
    inbox = (await mail.mailbox("INBOX")).id
    assert await mail.rights(inbox) == ALL_RIGHTS
    assert await mail.access(inbox) == ()


async def test_a_list_is_changed_line_by_line(mail):
    inbox = (await mail.mailbox("INBOX")).id
    await mail.set_access(inbox, BOB, "replace", Rights("lr"))
    await mail.set_access(inbox, BOB, "add", Rights("se"))
    await mail.set_access(inbox, BOB, "remove", Rights("r"))
    await mail.set_access(inbox, BOB, "add", Rights("w"), negative=True)
    await mail.set_access(inbox, ALL, "replace", Rights("l"))
    assert await mail.access(inbox) == (Grant(ALL, "l"), Grant(BOB, "lse"), Grant(BOB, "w", negative=True))
    assert [each.mailbox for each in await mail.all_access()] == [inbox]
    await mail.set_access(inbox, BOB, "replace", Rights(""))
    await mail.set_access(inbox, BOB, "remove", ALL_RIGHTS, negative=True)
    assert await mail.access(inbox) == (Grant(ALL, "l"),)
    with pytest.raises(NoSuchMailbox):
        await mail.access(MailboxId(999))
    with pytest.raises(NoSuchMailbox):
        await mail.set_access(MailboxId(999), BOB, "add", Rights("l"))


async def test_whom_to_ask_is_known_as_long_as_something_is_granted(store):
    for owner in ("a1", "a2"):
        mail = store.open(AccountId(owner))
        await mail.set_access((await mail.mailbox("Sent")).id, BOB, "replace", Rights("lr"))
    mail = store.open(AccountId("a1"))
    archive, sent = (await mail.mailbox("Archive")).id, (await mail.mailbox("Sent")).id
    await mail.set_access(archive, BOB, "replace", Rights("l"))
    assert await store.sharers([BOB, ALL]) == ("a1", "a2")
    assert await store.sharers([EVE, ALL]) == ()
    await mail.set_access(sent, BOB, "replace", Rights(""))
    assert await store.sharers([BOB]) == ("a1", "a2")
    await mail.set_access(archive, BOB, "remove", Rights("l"))
    assert await store.sharers([BOB]) == ("a2",)


async def test_what_is_taken_away_shares_nothing(store, mail):
    await mail.set_access((await mail.mailbox("INBOX")).id, BOB, "add", Rights("r"), negative=True)
    assert await store.sharers([BOB]) == ()


async def test_new_mailboxes_begin_as_what_they_lie_under(mail):
    work = await mail.create_mailbox("Work")
    await mail.set_access(work.id, BOB, "replace", Rights("lrk"))
    deep = await mail.create_mailbox("Work/2026/May")
    assert await mail.access(deep.id) == (Grant(BOB, "lrk"),)
    assert await mail.access((await mail.mailbox("Work/2026")).id) == (Grant(BOB, "lrk"),)
    renamed = await mail.update_mailbox(deep.id, MailboxUpdate(name="June"))
    assert await mail.access(renamed.id) == (Grant(BOB, "lrk"),)


async def test_a_mailbox_takes_its_list_along(store, mail):
    work = await mail.create_mailbox("Work")
    await mail.set_access(work.id, BOB, "replace", Rights("lr"))
    await mail.delete_mailbox(work.id)
    assert await mail.all_access() == ()
    assert await store.sharers([BOB]) == ()
    assert await mail.access((await mail.create_mailbox("Work")).id) == ()


async def test_an_account_that_goes_is_nobody_any_more(store, mail):
    other = store.open(AccountId("b1"))
    await other.set_access((await other.mailbox("INBOX")).id, Grantee("a1"), "add", Rights("l"))
    inbox = (await mail.mailbox("INBOX")).id
    await mail.set_access(inbox, BOB, "replace", Rights("lr"))
    await mail.set_access(inbox, BOB, "replace", Rights("w"), negative=True)
    await mail.set_access(inbox, EVE, "replace", Rights("lr"))
    await store.erase(AccountId("b1"))
    assert await mail.access(inbox) == (Grant(EVE, "lr"),)
    assert await store.sharers([BOB]) == ()
    assert await store.sharers([Grantee("a1")]) == ()


async def test_watchers_hear_of_it(mail):
    inbox = (await mail.mailbox("INBOX")).id
    heard = []
    mail.watch(heard.append)
    before = await mail.states()
    await mail.set_access(inbox, BOB, "add", Rights("l"))
    await mail.set_access(inbox, BOB, "add", Rights("l"))
    assert [change.mailboxes for change in heard] == [frozenset({inbox})]
    assert heard[0].states == await mail.states() == before


async def test_flags_as_far_as_rights_go(mail):
    inbox, sent = (await mail.mailbox("INBOX")).id, (await mail.mailbox("Sent")).id
    await mail.append(Draft(b"x", (inbox,), make_flags(["\\Seen", "\\Deleted", "old"])))

    async def flags(place=inbox):
        return [entry.flags for entry in await mail.entries(place, ALL_UIDS)]

    await mail.set_flags(inbox, ALL_UIDS, "replace", make_flags(["\\Flagged", "new"]), None, Rights("s"))
    assert await flags() == ["\\Deleted old"]
    await mail.set_flags(inbox, ALL_UIDS, "add", make_flags(["\\Seen", "new"]), None, Rights("w"))
    assert await flags() == ["\\Deleted new old"]
    await mail.set_flags(inbox, ALL_UIDS, "remove", make_flags(["\\Deleted", "new"]), None, Rights("sw"))
    assert await flags() == ["\\Deleted old"]
    await mail.copy(inbox, ALL_UIDS, sent, Rights("w"))
    await mail.move(inbox, ALL_UIDS, sent, Rights("t"))
    assert await flags(sent) == ["old", "\\Deleted"]


async def test_subscriptions_to_mailboxes_of_others(mail):
    there = (AccountId("b1"), MailboxId(7))
    assert await mail.subscriptions() == frozenset()
    await mail.subscribe(*there, True)
    await mail.subscribe(*there, True)
    assert await mail.subscriptions() == {there}
    await mail.subscribe(*there, False)
    await mail.subscribe(*there, False)
    assert await mail.subscriptions() == frozenset()
