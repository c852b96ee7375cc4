"""`AccountMail.replace`, and what a session asks of a mailbox when it opens it."""

from __future__ import annotations

import pytest

from gatepost.model.account import AccountId
from gatepost.model.errors import NoSuchEmail, NoSuchMailbox, OverQuota
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft, MailboxId
from gatepost.model.uidset import ALL_UIDS, UidSet


async def test_only_the_difference_counts_towards_the_quota(store):
    mail = store.open(AccountId("a1"), quota=1000)
    inbox = (await mail.mailbox("INBOX")).id
    await mail.append(Draft(b"x" * 900, (inbox,)))
    stored = await mail.replace(Draft(b"y" * 950, (inbox,)), inbox, 1)
    assert stored.uids == (2,)
    assert await mail.usage() == 950
    with pytest.raises(OverQuota):
        await mail.replace(Draft(b"z" * 1001, (inbox,)), inbox, 2)
    assert [entry.uid for entry in await mail.entries(inbox, ALL_UIDS)] == [2]
    assert await mail.usage() == 950


@pytest.mark.parametrize("size", [10, 200_000], ids=["row", "file"])
async def test_the_same_octets_may_take_their_own_place(mail, size):
    inbox = (await mail.mailbox("INBOX")).id
    first = await mail.append(Draft(b"x" * size, (inbox,)))
    second = await mail.replace(Draft(b"x" * size, (inbox,)), inbox, 1)
    assert second.blob == first.blob
    assert await mail.read_blob(second.blob) == b"x" * size
    assert (await mail.delta(inbox, first.modseq)).vanished == type(ALL_UIDS)([(1, 1)])


async def test_nothing_is_kept_in_the_place_of_nothing(mail):
    inbox = (await mail.mailbox("INBOX")).id
    with pytest.raises(NoSuchEmail):
        await mail.replace(Draft(b"x", (inbox,)), inbox, 1)
    assert not await mail.uids(inbox)


async def test_looking_at_what_is_recent_claims_nothing(mail):
    inbox = (await mail.mailbox("INBOX")).id
    await mail.append_all([Draft(b"x", (inbox,)), Draft(b"y", (inbox,))])
    both = UidSet.of([1, 2])
    assert [await mail.recent(inbox), await mail.recent(inbox), await mail.claim_recent(inbox)] == [both, both, both]
    assert await mail.recent(inbox) == UidSet()
    with pytest.raises(NoSuchMailbox):
        await mail.recent(MailboxId(999))


async def test_a_listing_tells_sizes(mail):
    inbox, archive = (await mail.mailbox("INBOX")).id, (await mail.mailbox("Archive")).id
    assert [*(await mail.listing(inbox)).uids] == []
    stored = await mail.append_all([Draft(b"x" * size, (inbox,)) for size in (1, 700, 0)])
    await mail.append(Draft(b"elsewhere", (archive,)))
    await mail.expunge(inbox, UidSet.of([1]), only_deleted=False)
    found = await mail.listing(inbox)
    assert [*zip(found.uids, found.emails, found.sizes, strict=True)] == [
        (2, stored[1].email, 700),
        (3, stored[2].email, 0),
    ]
    with pytest.raises(NoSuchMailbox):
        await mail.listing(MailboxId(999))


async def test_keywords_in_use(mail):
    inbox = (await mail.mailbox("INBOX")).id
    assert (await mail.opening("INBOX")).keywords == ()
    for flags in (["\\Seen", "work"], ["$Forwarded", "work"], []):
        await mail.append(Draft(b"x", (inbox,), make_flags(flags)))
    assert (await mail.opening("INBOX")).keywords == ("$Forwarded", "work")
