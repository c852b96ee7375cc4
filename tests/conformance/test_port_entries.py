"""Messages of one mailbox: UIDs, flags, copies, moves, expunges."""

from __future__ import annotations

import asyncio

import pytest
from conformance_messages import message

from gatepost.model.errors import NoSuchMailbox, OverQuota
from gatepost.model.flags import BadFlag, Flags, make_flags
from gatepost.model.mail import AccountChange, Draft, EntryFlags, MailboxId
from gatepost.model.uidset import ALL_UIDS, UidSet
from gatepost.ports.mailstore import AccountMail, Mailstore

SEEN = make_flags(["\\Seen"])
DELETED = make_flags(["\\Deleted"])


async def fill(mail: AccountMail, count: int, flags: Flags = make_flags([])) -> MailboxId:
    inbox = (await mail.mailbox("INBOX")).id
    await mail.append_all([Draft(message(n), (inbox,), flags) for n in range(1, count + 1)])
    return inbox


async def test_append_gives_what_was_stored(mail: AccountMail, clock) -> None:
    inbox, sent = (await mail.mailbox("INBOX")).id, (await mail.mailbox("Sent")).id
    content = message()
    stored = await mail.append(Draft(content, (sent, inbox), SEEN, received=123.5))
    assert stored.uids == (1, 1)
    (email,) = await mail.emails([stored.email])
    assert (email.received, email.size, email.blob, email.thread) == (123.5, len(content), stored.blob, stored.thread)
    assert await mail.read_blob(stored.blob) == content
    (entry,) = await mail.entries(inbox, ALL_UIDS)
    assert (entry.uid, entry.email, entry.flags, entry.saved) == (1, stored.email, "\\Seen", clock.now())
    with pytest.raises(NoSuchMailbox):
        await mail.append(Draft(content, (MailboxId(99),)))
    with pytest.raises(NoSuchMailbox):
        await mail.append(Draft(content, ()))


@pytest.mark.parametrize(
    "content", [b"", b"\r\n", b"no header at all", b"\x00\xff: \r\n\r\n\x80", b"A: b\r\n\r\n" + b"x\r\n" * 50_000]
)
async def test_octets_come_back_as_they_came(mail: AccountMail, content: bytes) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    stored = await mail.append(Draft(content, (inbox,)))
    assert await mail.read_blob(stored.blob) == content
    assert await mail.read_blob(stored.blob, 2, 7) == content[2:7]
    assert await mail.find_blob(stored.blob) == len(content)


async def test_append_all_is_all_or_none(store: Mailstore, mail: AccountMail) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    with pytest.raises(NoSuchMailbox):
        await mail.append_all([Draft(message(1), (inbox,)), Draft(message(2), (MailboxId(99),))])
    assert (await mail.mailbox_by_id(inbox)).uidnext == 1
    small = store.open(mail.account, quota=2 * len(message(1)))
    with pytest.raises(OverQuota):
        await small.append_all([Draft(message(n), (inbox,)) for n in (1, 2, 3)])
    assert await small.usage() == 0
    await small.append_all([Draft(message(n), (inbox,)) for n in (1, 2)])
    with pytest.raises(OverQuota):
        await small.copy(inbox, ALL_UIDS, (await mail.mailbox("Sent")).id)
    await small.move(inbox, ALL_UIDS, (await mail.mailbox("Sent")).id)
    assert await small.usage() == 2 * len(message(1))


async def test_uids_and_ranges(mail: AccountMail) -> None:
    inbox = await fill(mail, 10)
    await mail.expunge(inbox, UidSet.of([3, 10]), only_deleted=False)
    assert list(await mail.uids(inbox)) == [1, 2, 4, 5, 6, 7, 8, 9]
    found = await mail.entries(inbox, UidSet([(2, 5), (9, 4_000_000_000)]))
    assert [entry.uid for entry in found] == [2, 4, 5, 9]
    assert await mail.entries(inbox, UidSet()) == []
    with pytest.raises(NoSuchMailbox):
        await mail.uids(MailboxId(99))
    stored = await mail.append(Draft(message(11), (inbox,)))
    assert stored.uids == (11,)  # 10 is never given again


async def test_set_flags(mail: AccountMail) -> None:
    inbox = await fill(mail, 3)
    before = await mail.entries(inbox, ALL_UIDS)
    done = await mail.set_flags(inbox, UidSet.of([1, 2, 9]), "add", make_flags(["$Work", "\\Seen"]))
    assert list(done.now.flags) == ["\\Seen $Work"] * 2
    assert all(new > old.modseq for old, new in zip(before, done.now.modseqs, strict=False))
    same = await mail.set_flags(inbox, UidSet.of([1]), "add", SEEN)
    assert same.now.modseqs[0] == done.now.modseqs[0]
    assert (await mail.set_flags(inbox, UidSet.of([1]), "remove", make_flags(["$work"]))).now.flags[0] == "\\Seen"
    assert (await mail.set_flags(inbox, UidSet.of([1]), "replace", DELETED)).now.flags[0] == "\\Deleted"
    assert (await mail.entries(inbox, UidSet.of([3])))[0] == before[2]


async def test_unchanged_since(mail: AccountMail) -> None:
    inbox = await fill(mail, 3)
    at = (await mail.mailbox_by_id(inbox)).modseq
    await mail.set_flags(inbox, UidSet.of([2]), "add", SEEN)
    done = await mail.set_flags(inbox, ALL_UIDS, "add", DELETED, unchanged_since=at)
    assert str(done.failed) == "2"
    assert list(done.now.uids) == [1, 3]
    none = await mail.set_flags(inbox, ALL_UIDS, "add", SEEN, unchanged_since=0)
    assert (str(none.failed), none.now) == ("1:3", EntryFlags())


async def test_too_many_flags_change_nothing(mail: AccountMail) -> None:
    inbox = await fill(mail, 2)
    await mail.set_flags(inbox, UidSet.of([2]), "add", make_flags(f"k{n}" for n in range(40)))
    with pytest.raises(BadFlag):
        await mail.set_flags(inbox, ALL_UIDS, "add", make_flags(f"j{n}" for n in range(40)))
    assert (await mail.entries(inbox, UidSet.of([1])))[0].flags == ""


async def test_copy_and_move(mail: AccountMail) -> None:
    inbox = await fill(mail, 3, SEEN)
    sent = (await mail.mailbox("Sent")).id
    originals = await mail.entries(inbox, ALL_UIDS)
    copied = await mail.copy(inbox, UidSet.of([1, 3, 7]), sent)
    assert copied.pairs == ((1, 1), (3, 2))
    assert copied.uidvalidity == (await mail.mailbox_by_id(sent)).uidvalidity
    assert [(e.email, e.flags) for e in await mail.entries(sent, ALL_UIDS)] == [
        (originals[0].email, SEEN),
        (originals[2].email, SEEN),
    ]
    moved = await mail.move(inbox, UidSet.of([2, 3]), sent)
    assert moved.pairs == ((2, 3), (3, 4))
    assert list(await mail.uids(inbox)) == [1]
    assert (await mail.move(inbox, ALL_UIDS, inbox)).pairs == ((1, 4),)
    with pytest.raises(NoSuchMailbox):
        await mail.copy(inbox, ALL_UIDS, MailboxId(99))
    with pytest.raises(NoSuchMailbox):
        await mail.move(inbox, ALL_UIDS, MailboxId(99))
    assert list(await mail.uids(inbox)) == [4]


async def test_expunge_and_delta(mail: AccountMail) -> None:
    inbox = await fill(mail, 4)
    since = (await mail.mailbox_by_id(inbox)).modseq
    await mail.set_flags(inbox, UidSet.of([1, 2]), "add", DELETED)
    await mail.set_flags(inbox, UidSet.of([3]), "add", SEEN)
    gone = await mail.expunge(inbox, UidSet([(2, 4)]))
    assert str(gone.vanished) == "2"
    delta = await mail.delta(inbox, since)
    assert str(delta.vanished) == "2"
    assert [entry.uid for entry in delta.entries] == [1, 3]
    assert delta.modseq == gone.modseq == (await mail.mailbox_by_id(inbox)).modseq
    assert await mail.delta(inbox, delta.modseq) == type(delta)(UidSet(), (), delta.modseq)
    assert str((await mail.expunge(inbox, UidSet.of([4]), only_deleted=False)).vanished) == "4"
    assert [e.uid for e in await mail.entries(inbox, UidSet([(1, 3)]), since=delta.modseq - 1)] == []


async def test_recent_is_claimed_once(mail: AccountMail) -> None:
    inbox = await fill(mail, 2)
    assert await mail.claim_recent(inbox) == UidSet.of([1, 2])
    assert await mail.claim_recent(inbox) == UidSet()
    await mail.append(Draft(message(9), (inbox,)))
    assert await mail.claim_recent(inbox) == UidSet.of([3])
    assert await mail.claim_recent(inbox) == UidSet()


async def test_watchers_are_told_in_order(mail: AccountMail) -> None:
    told: list[AccountChange] = []
    end = mail.watch(told.append)
    inbox = await fill(mail, 1)
    sent = (await mail.mailbox("Sent")).id
    await mail.set_flags(inbox, ALL_UIDS, "add", make_flags([]))  # changes nothing: nobody is told
    await mail.copy(inbox, ALL_UIDS, sent)
    await mail.create_mailbox("x")
    assert [change.mailboxes for change in told] == [{inbox}, {sent}, frozenset()]
    assert told[-1].states == await mail.states()
    assert [change.states.email for change in told] == sorted(change.states.email for change in told)
    end()
    await mail.move(inbox, ALL_UIDS, sent)
    assert len(told) == 3


async def test_watchers_hear_of_changes_by_others(store: Mailstore, mail: AccountMail) -> None:
    told: list[AccountChange] = []

    def broken(change: AccountChange) -> None:
        raise RuntimeError("a fault of a watcher's own")

    mail.watch(broken)
    mail.watch(told.append)
    await fill(store.open(mail.account), 1)
    assert len(told) == 1


async def test_a_cancelled_caller_does_not_silence_a_change(mail: AccountMail) -> None:
    """Whoever goes away between the commit and the answer: the others learn of it all the same."""
    told: list[AccountChange] = []
    mail.watch(told.append)
    inbox = (await mail.mailbox("INBOX")).id
    tasks = [asyncio.create_task(mail.append(Draft(message(n), (inbox,)))) for n in range(20)]
    await asyncio.wait(tasks[:3], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await fill(mail, 1)
    there = await mail.mailbox_by_id(inbox)
    assert told[-1].states == await mail.states()
    assert len(told) == there.messages  # one change each, the last fill's included


async def test_accounts_see_nothing_of_each_other(store: Mailstore, mail: AccountMail) -> None:
    from gatepost.model.account import AccountId

    inbox = await fill(mail, 2)
    other = store.open(AccountId("b2"))
    assert list(await other.uids(inbox)) == []
    await store.erase(mail.account)
    fresh = store.open(mail.account)
    assert list(await fresh.uids((await fresh.mailbox("INBOX")).id)) == []


@pytest.mark.parametrize("more", [[], [(1000, 9000)]])  # of many nothing is read one by one
async def test_flags_of_many_at_once(mail: AccountMail, more: list[tuple[int, int]]) -> None:
    inbox = await fill(mail, 30)
    await mail.expunge(inbox, UidSet([(5, 9)]), only_deleted=False)
    await mail.set_flags(inbox, UidSet([(2, 3), (20, 25), *more]), "add", make_flags(["\\Seen", "work"]))
    state = (await mail.states()).email
    before = (await mail.mailbox_by_id(inbox)).modseq
    done = await mail.set_flags(inbox, UidSet([(1, 22), *more]), "add", make_flags(["\\Flagged", "\\Seen"]), quiet=True)
    assert done.now == EntryFlags()
    assert done.before == before
    assert (done.count, done.modseq) == (17, (await mail.mailbox_by_id(inbox)).modseq)
    entries = {entry.uid: entry for entry in await mail.entries(inbox, ALL_UIDS)}
    assert {entries[uid].flags for uid in (1, 4, 10, 19)} == {"\\Flagged \\Seen"}
    assert {entries[uid].flags for uid in (2, 3, 20, 21, 22)} == {"\\Flagged \\Seen work"}
    assert (entries[23].flags, entries[26].flags) == ("\\Seen work", "")
    mine = [entry.modseq for entry in entries.values() if entry.uid <= 22]
    assert len(set(mine)) == 17
    assert min(mine) >= done.first > state
    assert max(mine) <= done.modseq
    changes = await mail.email_changes(state)
    assert set(changes.updated) == {entry.email for entry in entries.values() if entry.uid <= 22}
    assert {each.modseq for each in await mail.placed(list(changes.updated))} == set(mine)
    assert (await mail.mailbox_by_id(inbox)).unseen == 5
    assert (await mail.opening("INBOX")).keywords == ("work",)
    assert (await mail.opening("INBOX")).first_unseen == 26
    same = await mail.set_flags(inbox, UidSet([(1, 22), *more]), "add", make_flags(["\\Seen"]), quiet=True)
    assert (same.count, same.first) == (17, 0)
    await mail.set_flags(inbox, ALL_UIDS, "replace", make_flags(["\\Seen"]))
    assert (await mail.opening("INBOX")).keywords == ()
    assert (await mail.opening("INBOX")).first_unseen == 0


async def test_changes_of_flags_may_be_read_in_pages(mail: AccountMail) -> None:
    inbox = await fill(mail, 20)
    state = (await mail.states()).email
    await mail.set_flags(inbox, ALL_UIDS, "add", SEEN)
    seen: list[int] = []
    more = True
    while more:
        page = await mail.email_changes(state, 7)
        seen += page.updated
        state, more = page.modseq, page.more
    assert sorted(seen) == sorted(entry.email for entry in await mail.entries(inbox, ALL_UIDS))
    assert state == (await mail.states()).email


async def test_outlines_and_starts(mail: AccountMail) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    contents = [b"Subject: %d\r\n\r\n" % n + b"x" * n for n in (5, 70_000, 300_000)]
    stored = await mail.append_all([Draft(content, (inbox,), received=7.0) for content in contents])
    ids = [each.email for each in stored]
    outlines = await mail.outlines([ids[2], ids[0], type(ids[0])(99)])
    assert [(each.id, each.size, each.received) for each in outlines] == [
        (ids[2], len(contents[2]), 7.0),
        (ids[0], len(contents[0]), 7.0),
    ]
    assert outlines[1].header == len(contents[0]) - 5
    starts = [(stored[2].blob, 9), (type(stored[0].blob)("00"), 4), (stored[0].blob, 99), (stored[1].blob, 1 << 30)]
    assert await mail.read_starts(starts) == [contents[2][:9], None, contents[0], contents[1]]


async def test_messages(mail: AccountMail) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    contents = [b"Subject: %d\r\n\r\n" % n + b"x" * n for n in (5, 70_000, 6, 7, 8, 9)]
    await mail.append_all([Draft(content, (inbox,), received=7.0) for content in contents])
    await mail.expunge(inbox, UidSet.of([5]), only_deleted=False)
    entries = await mail.entries(inbox, ALL_UIDS)
    ids = [entry.email for entry in entries]
    for indexed, emails in ((False, await mail.outlines(ids)), (True, await mail.emails(ids))):
        found = await mail.messages(inbox, ALL_UIDS, indexed)
        assert [(each.entry, each.email) for each in found] == list(zip(entries, emails, strict=True))
        assert [each.start for each in found] == [None] * 5
    few = await mail.messages(inbox, UidSet.of([1, 3, 5, 99]), begun=True)
    assert [each.entry.uid for each in few] == [1, 3]
    assert [each.start for each in few] in ([None, None], [contents[0], contents[2]])
    for uids in (UidSet.of([2, 3]), ALL_UIDS, UidSet.of([1, 3, 4, 5, 6, 7, 9, 11, 13])):  # large ones, many ones
        for each in await mail.messages(inbox, uids, begun=True):
            assert each.start in (None, contents[each.entry.uid - 1])
    assert await mail.messages(inbox, UidSet()) == []
    with pytest.raises(NoSuchMailbox):
        await mail.messages(MailboxId(99), ALL_UIDS)
