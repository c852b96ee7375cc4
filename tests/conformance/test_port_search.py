"""Search in a mailbox and queries over an account."""

from __future__ import annotations

import pytest
from conformance_messages import message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost.model import search as ask
from gatepost.model.errors import NoSuchMailbox, Overloaded
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft, EmailId, MailboxId
from gatepost.model.search import Criterion, SortKey
from gatepost.model.uidset import ALL_UIDS, UidSet
from gatepost.ports.mailstore import AccountMail

BIG = "x" * 70_000


@pytest.fixture
async def inbox(mail: AccountMail) -> MailboxId:
    """Five messages: UIDs 1 to 5."""
    box = (await mail.mailbox("INBOX")).id
    drafts = [
        Draft(message(1, "Straße", body="apples"), (box,), make_flags(["\\Seen", "$Work"]), received=100.0),
        Draft(message(2, "Re: strasse", body="pears", reply_to=1), (box,), received=200.0),
        Draft(
            message(3, "=?utf-8?q?Z=C3=BCrich?=", body=BIG + " needle"),
            (box,),
            make_flags(["\\Flagged"]),
            received=300.0,
        ),
        Draft(message(4, "plain", sender='"O\\"Neil, P." <pat@EXAMPLE.com>', extra="X-Empty:"), (box,), received=400.0),
        Draft(message(5, "last", extra="Cc: carol@example.org"), (box,), received=500.0),
    ]
    await mail.append_all(drafts)
    return box


CASES: list[tuple[Criterion, list[int]]] = [
    (ask.Everything(), [1, 2, 3, 4, 5]),
    (ask.And(()), [1, 2, 3, 4, 5]),
    (ask.Or(()), []),
    (ask.HasFlag("$WORK"), [1]),
    (ask.Not(ask.HasFlag("\\seen")), [2, 3, 4, 5]),
    (ask.HasFlag("%"), []),
    (ask.ThreadHasFlag("\\Seen", every=False), [1, 2]),
    (ask.ThreadHasFlag("\\Seen", every=True), []),
    (ask.ThreadHasFlag("\\Flagged", every=True), [3]),
    (ask.Uids(UidSet([(2, 3), (5, 99)])), [2, 3, 5]),
    (ask.Uids(UidSet()), []),
    (ask.Uids(UidSet((n, n) for n in range(1, 9000, 2))), [1, 3, 5]),
    (ask.Header("subject", "STRASSE"), [1, 2]),
    (ask.Header("Subject", "zürich"), [3]),
    (ask.Header("x-empty", ""), [4]),
    (ask.Header("x-absent", ""), []),
    (ask.Not(ask.Header("subject", "strasse")), [3, 4, 5]),
    (ask.Addresses(("from",), 'o"neil, p.'), [4]),
    (ask.Addresses(("from", "cc"), "example.org"), [1, 2, 3, 5]),
    (ask.Addresses(("bcc",), ""), []),
    (ask.Body("NEEDLE"), [3]),
    (ask.Body("straße"), []),
    (ask.Text("strasse"), [1, 2]),
    (ask.Text("pears"), [2]),
    (ask.And((ask.Body("e"), ask.HasFlag("\\Seen"), ask.Not(ask.Text("needle")))), [1]),
    (ask.Or((ask.Body("needle"), ask.HasFlag("$Work"), ask.Size(under=0))), [1, 3]),
    (ask.Not(ask.Or((ask.Body("needle"), ask.Not(ask.HasFlag("\\Seen"))))), [1]),
    (ask.Not(ask.And((ask.Everything(), ask.Header("subject", "strasse")))), [3, 4, 5]),
    (ask.Received(200.0, 400.0), [2, 3]),
    (ask.Received(None, 200.0), [1]),
    (ask.Size(over=70_000), [3]),
    (ask.Not(ask.Size(over=70_000)), [1, 2, 4, 5]),
    (ask.Sent(1_704_067_200.0, 1_704_153_600.0), [1, 2, 3, 4, 5]),  # 1 January by the sender's own calendar
    (ask.Sent(1_704_153_600.0), []),
    (ask.Saved(1_700_000_000.0, 1_700_000_001.0), [1, 2, 3, 4, 5]),
    (ask.Saved(None, 1_700_000_000.0), []),
    (ask.HasAttachment(), []),
    (ask.EmailIs(EmailId(4)), [4]),
    (ask.ModSeqAtLeast(1_000_000), []),
    (ask.Or(tuple(ask.Uids(UidSet.of([n])) for n in range(3, 1500))), [3, 4, 5]),
    (ask.And(tuple(ask.Not(ask.Header("subject", f"none{n}")) for n in range(300))), [1, 2, 3, 4, 5]),
]


@pytest.mark.parametrize(("criterion", "expected"), CASES, ids=[str(n) for n in range(len(CASES))])
async def test_search(mail: AccountMail, inbox: MailboxId, criterion: Criterion, expected: list[int]) -> None:
    assert await mail.search(inbox, criterion) == expected
    everywhere = await mail.query(criterion, [SortKey("arrival")])
    assert [int(email) for email in everywhere] == expected  # email ids are as the UIDs here


async def test_search_is_of_one_mailbox(mail: AccountMail, inbox: MailboxId) -> None:
    sent = (await mail.mailbox("Sent")).id
    await mail.copy(inbox, UidSet.of([2]), sent)
    assert await mail.search(sent, ask.Everything()) == [1]
    assert await mail.search(inbox, ask.InMailbox(sent)) == [2]
    assert await mail.query(ask.InMailbox(sent), []) == [2]
    assert await mail.query(ask.Not(ask.InMailbox(sent)), []) == [1, 3, 4, 5]
    with pytest.raises(NoSuchMailbox):
        await mail.search(MailboxId(99), ask.Everything())


async def test_too_many_criteria_are_refused_in_words(mail: AccountMail, inbox: MailboxId) -> None:
    many = ask.Or(tuple(ask.ThreadHasFlag(f"k{n}", every=True) for n in range(20_000)))
    for call in (mail.search(inbox, many), mail.query(ask.And((many, ask.Text("x"))), [])):
        with pytest.raises(Overloaded):
            await call


async def test_messages_without_a_date_were_never_sent(mail: AccountMail) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    await mail.append(Draft(b"Subject: x\r\n\r\ny\r\n", (inbox,)))
    assert await mail.search(inbox, ask.Sent(0.0)) == []
    assert await mail.search(inbox, ask.Not(ask.Sent(0.0))) == [1]


SORTS: list[tuple[list[SortKey], list[int]]] = [
    ([], [1, 2, 3, 4, 5]),
    ([SortKey("arrival", True)], [5, 4, 3, 2, 1]),
    ([SortKey("subject")], [5, 4, 1, 2, 3]),
    ([SortKey("from"), SortKey("arrival", True)], [5, 3, 2, 1, 4]),
    ([SortKey("size", True)], [3, 2, 5, 4, 1]),
    ([SortKey("flag:\\Flagged", True), SortKey("arrival")], [3, 1, 2, 4, 5]),
    ([SortKey("thread-flag:\\Seen", True)], [1, 2, 3, 4, 5]),
    ([SortKey("cc", True), SortKey("saved"), SortKey("sent"), SortKey("to")], [5, 1, 2, 3, 4]),
]


@pytest.mark.parametrize(("sort", "expected"), SORTS, ids=[str(n) for n in range(len(SORTS))])
async def test_sorting(mail: AccountMail, inbox: MailboxId, sort: list[SortKey], expected: list[int]) -> None:
    found = await mail.query(ask.InMailbox(inbox), sort)
    assert [int(email) for email in found] == expected


async def test_unknown_sort_keys_are_refused(mail: AccountMail) -> None:
    with pytest.raises(ValueError, match="sort key"):
        await mail.query(ask.Everything(), [SortKey("m.id; DROP TABLE email")])


async def test_threads_collapse_to_their_first(mail: AccountMail, inbox: MailboxId) -> None:
    assert await mail.query(ask.Everything(), [SortKey("arrival", True)], collapse_threads=True) == [5, 4, 3, 2]
    assert await mail.query(ask.Text("strasse"), [SortKey("arrival")], collapse_threads=True) == [1]
    assert list(await mail.uids(inbox)) == [1, 2, 3, 4, 5]
    assert len(await mail.entries(inbox, ALL_UIDS)) == 5


LEAVES = st.sampled_from(
    [criterion for criterion, _ in CASES[2:36] if not isinstance(criterion, (ask.And, ask.Or, ask.Not))]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(ask.Not, inner)
        | st.builds(lambda of: ask.And(tuple(of)), st.lists(inner, max_size=3))
        | st.builds(lambda of: ask.Or(tuple(of)), st.lists(inner, max_size=3))
    ),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=TREES, other=TREES)
async def test_search_obeys_logic(mail: AccountMail, inbox: MailboxId, one: Criterion, other: Criterion) -> None:
    """Text and columns mixed in any tree: the parts agree with the whole."""
    a, b = set(await mail.search(inbox, one)), set(await mail.search(inbox, other))
    assert set(await mail.search(inbox, ask.Not(one))) == {1, 2, 3, 4, 5} - a
    assert set(await mail.search(inbox, ask.And((one, other)))) == a & b
    assert set(await mail.search(inbox, ask.Or((one, other)))) == a | b
    assert set(await mail.search(inbox, ask.Not(ask.And((ask.Not(one), ask.Not(other)))))) == a | b
