"""Annotations of an AccountMail: whose they are, what they follow, and how many there may be."""

from __future__ import annotations

import pytest
from conformance_messages import message

from gatepost.model.account import AccountId
from gatepost.model.annotation import MAX_COUNT, MAX_OCTETS, MAX_VALUE, Annotation
from gatepost.model.errors import AnnotationTooLarge, MailboxExists, NoSuchMailbox, TooManyAnnotations
from gatepost.model.mail import AccountChange, Annotated, Draft, MailboxId, MailboxUpdate
from gatepost.ports.mailstore import AccountMail

ADA, BOB = AccountId("a1"), AccountId("b2")
NOTE, MINE = "/shared/comment", "/private/comment"


async def test_private_ones_are_a_users_own(mail: AccountMail) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    await mail.annotate(inbox, ADA, {MINE: b"ada's", NOTE: b"all\0"})
    await mail.annotate(inbox, BOB, {MINE: b"bob's"})
    await mail.annotate(None, ADA, {MINE: b"of the server"})
    assert await mail.annotations(inbox, ADA) == (Annotation(MINE, b"ada's"), Annotation(NOTE, b"all\0"))
    assert await mail.annotations(inbox, BOB) == (Annotation(MINE, b"bob's"), Annotation(NOTE, b"all\0"))
    assert await mail.annotations(None, ADA) == (Annotation(MINE, b"of the server"),)
    assert await mail.annotations(None, BOB) == ()
    await mail.annotate(inbox, BOB, {MINE: None, NOTE: b""})
    assert await mail.annotations(inbox, ADA) == (Annotation(MINE, b"ada's"), Annotation(NOTE, b""))
    assert await mail.annotations(inbox, BOB) == (Annotation(NOTE, b""),)


async def test_they_follow_a_mailbox_and_go_with_it(mail: AccountMail) -> None:
    box = await mail.create_mailbox("a/b")
    await mail.annotate(box.id, ADA, {NOTE: b"x"})
    await mail.update_mailbox((await mail.mailbox("a")).id, MailboxUpdate(name="c"))
    moved = await mail.mailbox("c/b")
    assert await mail.annotations(moved.id, ADA) == (Annotation(NOTE, b"x"),)
    await mail.delete_mailbox(moved.id)
    with pytest.raises(NoSuchMailbox):
        await mail.annotations(moved.id, ADA)
    assert await mail.annotations((await mail.create_mailbox("a/b")).id, ADA) == ()
    assert await mail.annotations(None, ADA) == ()


async def test_inbox_keeps_its_own_when_it_is_renamed(mail: AccountMail) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    await mail.annotate(inbox, ADA, {NOTE: b"x", MINE: b"y"})
    await mail.append(Draft(message(), (inbox,)))
    old = await mail.rename_inbox("old")
    assert await mail.annotations(old.id, ADA) == await mail.annotations(inbox, ADA) != ()


async def test_all_or_none(mail: AccountMail) -> None:
    box = (await mail.mailbox("Archive")).id
    with pytest.raises(AnnotationTooLarge):
        await mail.annotate(box, ADA, {NOTE: b"x", MINE: bytes(MAX_VALUE + 1)})
    with pytest.raises(MailboxExists):
        await mail.annotate(box, ADA, {NOTE: b"x"}, MailboxUpdate(role="sent"))
    assert await mail.annotations(box, ADA) == ()
    with pytest.raises(NoSuchMailbox):
        await mail.annotate(MailboxId(99), ADA, {NOTE: b"x"})
    await mail.annotate(box, ADA, {NOTE: b"x"}, MailboxUpdate(role=None))
    assert (await mail.mailbox_by_id(box)).role is None


async def test_how_many_there_may_be(mail: AccountMail) -> None:
    box = (await mail.mailbox("Archive")).id
    many: dict[str, bytes | None] = {f"/private/{number}": b"x" for number in range(MAX_COUNT)}
    await mail.annotate(box, ADA, many)
    with pytest.raises(TooManyAnnotations):
        await mail.annotate(box, ADA, {MINE: b"x"})
    await mail.annotate(box, ADA, {"/private/0": None, MINE: b"x"})
    await mail.annotate(box, BOB, {MINE: b"x"})
    await mail.annotate(box, ADA, {NOTE: b"x"})


async def test_how_large_they_may_be_together(mail: AccountMail) -> None:
    value = bytes(MAX_VALUE)
    for number in range(MAX_OCTETS // (MAX_VALUE + 20)):
        await mail.annotate((await mail.create_mailbox(f"m{number}")).id, ADA, {MINE: value})
    with pytest.raises(TooManyAnnotations):
        await mail.annotate(None, ADA, {MINE: value})
    await mail.annotate(None, ADA, {MINE: None})
    await mail.annotate(None, BOB, {MINE: value})


async def test_watchers_hear_of_what_happened(mail: AccountMail) -> None:
    told: list[AccountChange] = []
    mail.watch(told.append)
    box = (await mail.mailbox("Archive")).id
    await mail.annotate(box, ADA, {NOTE: b"x", MINE: None})
    await mail.annotate(None, ADA, {MINE: b"x"})
    await mail.annotate(None, ADA, {NOTE: None})
    assert [change.annotated for change in told] == [(Annotated(box, "", NOTE),), (Annotated(None, "a1", MINE),)]
    assert told[0].states == told[1].states
