"""Emails across mailboxes, threads, changes: JMAP's view."""

from __future__ import annotations

import pytest
from conformance_messages import message

from gatepost.model.errors import CannotCalculateChanges, NoSuchEmail, NoSuchMailbox, OverQuota
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft, EmailId, EmailUpdate, MailboxId, MailboxUpdate, ThreadId
from gatepost.model.search import Everything, SortKey
from gatepost.model.uidset import ALL_UIDS, UidSet
from gatepost.ports.mailstore import AccountMail, Mailstore

SEEN = make_flags(["\\Seen"])


async def test_emails_in_the_order_asked_for(mail: AccountMail) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    stored = await mail.append_all([Draft(message(n, subject=f"s{n}"), (inbox,)) for n in (1, 2, 3)])
    ids = [each.email for each in reversed(stored)]
    assert [email.id for email in await mail.emails([ids[0], EmailId(99), *ids[1:]])] == ids
    (email,) = await mail.emails([stored[0].email])
    assert (email.index.subject, email.index.message_id) == ("s1", "1@example.org")
    assert email.index.bodystructure.startswith(b"(")


async def test_places_and_updates(mail: AccountMail) -> None:
    inbox, sent, junk = [(await mail.mailbox(name)).id for name in ("INBOX", "Sent", "Junk")]
    stored = await mail.append(Draft(message(), (inbox, sent), SEEN))
    (before,) = await mail.placed([stored.email])
    assert [(place.mailbox, place.flags) for place in before.placements] == [(inbox, SEEN), (sent, SEEN)]
    flagged = make_flags(["\\Flagged"])
    outcome = await mail.update_emails(
        [
            EmailUpdate(stored.email, mailboxes=frozenset({sent, junk}), flags=flagged),
            EmailUpdate(EmailId(99), flags=flagged),
        ]
    )
    assert outcome[stored.email] is None
    assert isinstance(outcome[EmailId(99)], NoSuchEmail)
    (after,) = await mail.placed([stored.email])
    assert [(place.mailbox, place.flags) for place in after.placements] == [(sent, flagged), (junk, flagged)]
    assert after.modseq > before.modseq
    assert list(await mail.uids(inbox)) == []


async def test_failed_updates_change_nothing(store: Mailstore, mail: AccountMail) -> None:
    inbox, sent = [(await mail.mailbox(name)).id for name in ("INBOX", "Sent")]
    stored = await mail.append(Draft(message(), (inbox,)))
    states = await mail.states()
    missing = EmailUpdate(stored.email, mailboxes=frozenset({sent, MailboxId(99)}))
    assert isinstance((await mail.update_emails([missing]))[stored.email], NoSuchMailbox)
    nowhere = EmailUpdate(stored.email, mailboxes=frozenset())
    assert isinstance((await mail.update_emails([nowhere]))[stored.email], NoSuchMailbox)
    tight = store.open(mail.account, quota=stored.size + 1)
    both = EmailUpdate(stored.email, mailboxes=frozenset({inbox, sent}))
    assert isinstance((await tight.update_emails([both]))[stored.email], OverQuota)
    assert await mail.states() == states
    moved = EmailUpdate(stored.email, mailboxes=frozenset({sent}))
    assert (await tight.update_emails([moved])) == {stored.email: None}


async def test_a_new_place_gets_the_flags_of_the_others(mail: AccountMail) -> None:
    inbox, sent = [(await mail.mailbox(name)).id for name in ("INBOX", "Sent")]
    stored = await mail.append(Draft(message(), (inbox,), SEEN))
    await mail.update_emails([EmailUpdate(stored.email, mailboxes=frozenset({inbox, sent}))])
    assert [entry.flags for entry in await mail.entries(sent, ALL_UIDS)] == [SEEN]


async def test_destroy(mail: AccountMail) -> None:
    inbox, sent = [(await mail.mailbox(name)).id for name in ("INBOX", "Sent")]
    first = await mail.append(Draft(message(1), (inbox, sent)))
    second = await mail.append(Draft(message(2), (inbox,)))
    assert await mail.destroy_emails([first.email, EmailId(99), first.email]) == [first.email]
    assert [e.email for e in await mail.entries(inbox, ALL_UIDS)] == [second.email]
    assert await mail.usage() == second.size
    assert await mail.placed([first.email]) == []


async def test_threads(mail: AccountMail) -> None:
    inbox = (await mail.mailbox("INBOX")).id

    async def add(content: bytes, received: float) -> tuple[EmailId, ThreadId]:
        stored = await mail.append(Draft(content, (inbox,), received=received))
        return stored.email, stored.thread

    root, thread = await add(message(1, "Plan"), 10.0)
    reply, same = await add(message(2, "Re: Plan", reply_to=1), 5.0)
    forked, other = await add(message(3, "Something else", reply_to=1), 20.0)  # RFC 8621 §3: another subject
    sibling, third = await add(message(4, "RE: plan", reply_to=1), 30.0)
    assert thread == same == third
    assert other != thread
    assert await mail.threads([thread, ThreadId(99), other]) == {thread: (reply, root, sibling), other: (forked,)}
    await mail.destroy_emails([root, reply, sibling])
    assert await mail.threads([thread]) == {}
    assert (await add(message(2, "Re: Plan", reply_to=1), 1.0))[1] not in (thread, other)


async def test_replies_before_their_parent_are_one_thread(mail: AccountMail) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    reply = await mail.append(Draft(message(2, "Re: x", reply_to=1), (inbox,)))
    parent = await mail.append(Draft(message(1, "x"), (inbox,)))
    assert parent.thread == reply.thread


async def test_email_changes(mail: AccountMail) -> None:
    inbox, sent = [(await mail.mailbox(name)).id for name in ("INBOX", "Sent")]
    start = (await mail.states()).email
    a, b, c = [await mail.append(Draft(message(n), (inbox,))) for n in (1, 2, 3)]
    middle = (await mail.states()).email
    await mail.set_flags(inbox, UidSet.of([1]), "add", SEEN)
    await mail.copy(inbox, UidSet.of([2]), sent)
    await mail.destroy_emails([c.email])
    d = await mail.append(Draft(message(4), (inbox,)))
    await mail.destroy_emails([(await mail.append(Draft(message(5), (inbox,)))).email])
    changes = await mail.email_changes(middle)
    assert (changes.created, changes.updated, changes.destroyed) == ((d.email,), (a.email, b.email), (c.email,))
    assert changes.modseq == (await mail.states()).email
    assert not changes.more
    assert set((await mail.email_changes(start)).created) == {a.email, b.email, d.email}
    assert await mail.email_changes(changes.modseq) == type(changes)((), (), (), changes.modseq)
    with pytest.raises(CannotCalculateChanges):
        await mail.email_changes(10_000)


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_changes_may_be_cut_anywhere(mail: AccountMail, limit: int) -> None:
    """A client that asks in pieces knows in the end what one knows that asks once."""
    inbox = (await mail.mailbox("INBOX")).id
    start = (await mail.states()).email
    old = await mail.append_all([Draft(message(n), (inbox,)) for n in range(1, 6)])
    await mail.set_flags(inbox, ALL_UIDS, "add", SEEN)
    await mail.destroy_emails([old[0].email, old[3].email])
    await mail.append(Draft(message(9), (inbox,)))
    await mail.set_flags(inbox, UidSet.of([2]), "remove", SEEN)
    known: set[int] = set()
    state, more = start, True
    while more:
        piece = await mail.email_changes(state, limit)
        assert len(piece.created) + len(piece.updated) + len(piece.destroyed) <= limit
        assert set(piece.updated) <= known
        known |= set(piece.created)
        known -= set(piece.destroyed)
        assert piece.modseq > state or not piece.more
        state, more = piece.modseq, piece.more
    assert known == {entry.email for entry in await mail.entries(inbox, ALL_UIDS)}
    assert state == (await mail.states()).email


async def test_mailbox_and_thread_changes(mail: AccountMail) -> None:
    inbox, junk = [(await mail.mailbox(name)).id for name in ("INBOX", "Junk")]
    start = await mail.states()
    stored = await mail.append(Draft(message(1), (inbox,)))
    counts = await mail.mailbox_changes(start.mailbox)
    assert (counts.updated, counts.counts_only) == ((inbox,), True)
    made = await mail.create_mailbox("New")
    await mail.update_mailbox(inbox, MailboxUpdate(sort_order=7))
    await mail.delete_mailbox(junk)
    changes = await mail.mailbox_changes(start.mailbox)
    assert (changes.created, changes.updated, changes.destroyed) == ((made.id,), (inbox,), (junk,))
    assert not changes.counts_only
    threads = await mail.thread_changes(start.thread)
    assert threads.created == (stored.thread,)
    await mail.set_flags(inbox, ALL_UIDS, "add", SEEN)
    assert (await mail.thread_changes(threads.modseq)).updated == ()
    await mail.append(Draft(message(2, reply_to=1), (inbox,)))
    assert (await mail.thread_changes(threads.modseq)).updated == (stored.thread,)
    await mail.destroy_emails([entry.email for entry in await mail.entries(inbox, ALL_UIDS)])
    assert (await mail.thread_changes(threads.modseq)).destroyed == (stored.thread,)


async def test_a_query_may_stop_early(mail: AccountMail) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    stored = await mail.append_all([Draft(message(n), (inbox,), received=float(n % 4)) for n in range(1, 13)])
    newest = [SortKey("arrival", True)]
    everything = await mail.query(Everything(), newest)
    assert len(everything) == len(stored)
    for limit in (0, 1, 5, 12, 99):
        assert await mail.query(Everything(), newest, limit=limit) == everything[:limit]
    threads = await mail.query(Everything(), newest, True)
    assert await mail.query(Everything(), newest, True, 3) == threads[:3]
