"""The mailbox tree of an AccountMail."""

from __future__ import annotations

import pytest
from conformance_messages import message

from gatepost.model.account import AccountId
from gatepost.model.errors import (
    BadMailboxName,
    MailboxExists,
    MailboxHasChildren,
    MailboxHasMail,
    MailboxProtected,
    NoSuchMailbox,
)
from gatepost.model.flags import make_flags
from gatepost.model.mail import AccountChange, Draft, MailboxEvent, MailboxId, MailboxUpdate
from gatepost.model.uidset import ALL_UIDS
from gatepost.ports.mailstore import AccountMail, Mailstore


async def test_new_account_has_its_mailboxes(mail: AccountMail) -> None:
    found = await mail.mailboxes()
    assert [box.path for box in found] == ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"]
    assert {box.role for box in found} == {"inbox", "drafts", "sent", "archive", "junk", "trash"}
    assert all(box.uidnext == 1 and box.messages == 0 and box.subscribed for box in found)
    assert len({box.uidvalidity for box in found}) == 6


async def test_inbox_is_found_in_any_case_and_others_are_not(mail: AccountMail) -> None:
    assert (await mail.mailbox("iNbOx")).path == "INBOX"
    with pytest.raises(NoSuchMailbox):
        await mail.mailbox("sent")
    with pytest.raises(NoSuchMailbox):
        await mail.mailbox("a//b\n")
    with pytest.raises(NoSuchMailbox):
        await mail.mailbox_by_id(MailboxId(99))


async def test_create_makes_parents(mail: AccountMail) -> None:
    made = await mail.create_mailbox("a/b/c", subscribed=True)
    assert (made.path, made.name, made.subscribed) == ("a/b/c", "c", True)
    parent = await mail.mailbox("a/b")
    assert made.parent == parent.id
    assert not parent.subscribed
    assert (await mail.create_mailbox("inbox/x")).path == "INBOX/x"
    with pytest.raises(MailboxExists):
        await mail.create_mailbox("a/b")
    with pytest.raises(MailboxExists):
        await mail.create_mailbox("Inbox")


@pytest.mark.parametrize(
    "path",
    ["", "/a", "a/", "a//b", "a\tb", "a\x7f", "a\u2028", " a", "x" * 256, "/".join("a" * 21), "\ud800", "\x85"],
)
async def test_bad_names_make_nothing(mail: AccountMail, path: str) -> None:
    with pytest.raises(BadMailboxName):
        await mail.create_mailbox(path)
    assert len(await mail.mailboxes()) == 6


async def test_names_are_nfc(mail: AccountMail) -> None:
    assert (await mail.create_mailbox("Cafe\u0301")).path == "Caf\u00e9"
    assert (await mail.mailbox("Cafe\u0301")).path == "Caf\u00e9"


async def test_roles_are_one_mailbox_only(mail: AccountMail) -> None:
    with pytest.raises(MailboxExists):
        await mail.create_mailbox("Bin", role="trash")
    with pytest.raises(BadMailboxName):
        await mail.create_mailbox("Bin", role="nonsense")
    trash = await mail.mailbox("Trash")
    await mail.update_mailbox(trash.id, MailboxUpdate(role=None))
    assert (await mail.create_mailbox("Bin", role="trash")).role == "trash"


async def test_renaming_takes_children_along_and_keeps_uidvalidity(mail: AccountMail) -> None:
    deep = await mail.create_mailbox("a/b/c")
    mid = await mail.mailbox("a/b")
    other = await mail.create_mailbox("a-b/c")  # a neighbour that a careless prefix would take too
    renamed = await mail.update_mailbox(mid.id, MailboxUpdate(name="new", parent=None))
    assert renamed.path == "new"
    assert renamed.uidvalidity == mid.uidvalidity
    after = await mail.mailbox("new/c")
    assert (after.id, after.uidvalidity) == (deep.id, deep.uidvalidity)
    assert (await mail.mailbox_by_id(other.id)).path == "a-b/c"


async def test_renames_that_cannot_be(mail: AccountMail) -> None:
    inner = await mail.create_mailbox("a/b")
    outer = await mail.mailbox("a")
    inbox = await mail.mailbox("INBOX")
    with pytest.raises(BadMailboxName):
        await mail.update_mailbox(outer.id, MailboxUpdate(parent=inner.id))
    with pytest.raises(BadMailboxName):
        await mail.update_mailbox(outer.id, MailboxUpdate(parent=outer.id))
    with pytest.raises(MailboxExists):
        await mail.update_mailbox(outer.id, MailboxUpdate(name="Sent"))
    with pytest.raises(MailboxExists):
        await mail.update_mailbox(outer.id, MailboxUpdate(name="inbox"))
    with pytest.raises(BadMailboxName):
        await mail.update_mailbox(outer.id, MailboxUpdate(name="x/y"))
    with pytest.raises(NoSuchMailbox):
        await mail.update_mailbox(outer.id, MailboxUpdate(parent=MailboxId(99)))
    with pytest.raises(MailboxProtected):
        await mail.update_mailbox(inbox.id, MailboxUpdate(name="x"))
    assert (await mail.update_mailbox(inbox.id, MailboxUpdate(subscribed=False))).subscribed is False


async def test_delete(mail: AccountMail) -> None:
    inner = await mail.create_mailbox("a/b")
    outer = await mail.mailbox("a")
    inbox = await mail.mailbox("INBOX")
    with pytest.raises(MailboxHasChildren):
        await mail.delete_mailbox(outer.id)
    with pytest.raises(MailboxProtected):
        await mail.delete_mailbox(inbox.id)
    stored = await mail.append(Draft(message(), (inner.id, inbox.id)))
    only = await mail.append(Draft(message(2), (inner.id,)))
    with pytest.raises(MailboxHasMail):
        await mail.delete_mailbox(inner.id, with_mail=False)
    await mail.delete_mailbox(inner.id)
    assert [email.id for email in await mail.emails([stored.email, only.email])] == [stored.email]
    again = await mail.create_mailbox("a/b")
    assert again.id != inner.id
    assert again.uidvalidity > inner.uidvalidity
    assert await mail.usage() == stored.size


async def test_renaming_inbox_moves_its_mail_only(mail: AccountMail) -> None:
    inbox = await mail.mailbox("INBOX")
    await mail.create_mailbox("INBOX/below")
    stored = await mail.append_all([Draft(message(n), (inbox.id,)) for n in (1, 2)])
    moved = await mail.rename_inbox("old/mail")
    assert moved.messages == 2
    assert [entry.email for entry in await mail.entries(moved.id, ALL_UIDS)] == [each.email for each in stored]
    left = await mail.mailbox("INBOX")
    assert (left.id, left.messages, left.uidnext) == (inbox.id, 0, 3)
    assert str((await mail.delta(inbox.id, inbox.modseq)).vanished) == "1:2"
    assert (await mail.mailbox("INBOX/below")).messages == 0


async def test_counts_follow_the_entries(mail: AccountMail) -> None:
    from gatepost.model.flags import make_flags

    inbox = (await mail.mailbox("INBOX")).id
    first = await mail.append(Draft(message(1), (inbox,), make_flags(["\\Seen"])))
    second = await mail.append(Draft(message(2, body="longer text"), (inbox,), make_flags(["\\Deleted"])))
    box = await mail.mailbox_by_id(inbox)
    assert (box.messages, box.unseen, box.deleted, box.size, box.uidnext) == (2, 1, 1, first.size + second.size, 3)
    await mail.set_flags(inbox, ALL_UIDS, "add", make_flags(["\\Seen"]))
    assert (await mail.mailbox_by_id(inbox)).unseen == 0
    await mail.expunge(inbox, ALL_UIDS)
    box = await mail.mailbox_by_id(inbox)
    assert (box.messages, box.unseen, box.deleted, box.size, box.uidnext) == (1, 0, 0, first.size, 3)


async def test_watchers_hear_what_happened_to_mailboxes(mail: AccountMail) -> None:
    told: list[AccountChange] = []
    mail.watch(told.append)
    box = await mail.create_mailbox("a/b", subscribed=True)
    parent = (await mail.mailbox("a")).id
    await mail.update_mailbox(parent, MailboxUpdate(name="c"))
    await mail.update_mailbox(box.id, MailboxUpdate(subscribed=False))
    await mail.append(Draft(message(), (box.id,)))
    await mail.set_flags(box.id, ALL_UIDS, "add", make_flags(["\\Seen"]))
    await mail.delete_mailbox(box.id)
    old = await mail.rename_inbox("old")
    assert [change.events for change in told] == [
        (MailboxEvent("created", parent, "a"), MailboxEvent("created", box.id, "a/b")),
        (MailboxEvent("renamed", parent, "c", "a"),),
        (MailboxEvent("subscription", box.id, "c/b"),),
        (),
        (),
        (MailboxEvent("deleted", box.id, "c/b"),),
        (MailboxEvent("renamed", old.id, "old", "INBOX"),),
    ]
    assert [change.counted for change in told[3:5]] == [{box.id}, set()]


async def test_a_watcher_of_others_does_not_hear_its_own_changes(store: Mailstore) -> None:
    here, there = store.open(AccountId("a1")), store.open(AccountId("a1"))
    told: list[AccountChange] = []
    end = here.watch(told.append, others=True)
    await here.create_mailbox("mine")
    assert told == []
    await there.create_mailbox("theirs")
    assert [event.path for change in told for event in change.events] == ["theirs"]
    end()


async def test_a_subscription_outlives_its_mailbox(mail: AccountMail) -> None:
    for path, subscribed in (("a/kept", True), ("b", False), ("c", True)):
        made = await mail.create_mailbox(path, subscribed=subscribed)
        await mail.delete_mailbox(made.id)
    assert await mail.left_subscriptions() == ("a/kept", "c")
    assert (await mail.create_mailbox("a/kept")).subscribed
    moved = await mail.update_mailbox((await mail.create_mailbox("d")).id, MailboxUpdate(name="c"))
    assert moved.subscribed
    assert await mail.left_subscriptions() == ()
    await mail.delete_mailbox(moved.id)
    assert await mail.drop_subscription("c")
    assert not await mail.drop_subscription("c")
