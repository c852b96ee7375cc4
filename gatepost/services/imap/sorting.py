"""What SORT sorts by (RFC 5256 §2.2, §3; RFC 5957): keys are taken from the index made at delivery, a block of messages at a
time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeAlias

from gatepost.model.mail import Email
from gatepost.model.uidset import UidSet
from gatepost.proto.collation import casemap
from gatepost.proto.imap.envelope import first_display, first_mailbox
from gatepost.services.imap.context import Context

Order: TypeAlias = tuple[tuple[str, bool], ...]
"""Names of keys, each with whether it descends, the heaviest first."""
_BLOCK = 500


def sent(email: Email) -> float:
    """RFC 5256 §2.2: the Date header, else INTERNALDATE."""
    return email.received if email.index.sent_at is None else email.index.sent_at


def _mailbox(field: str) -> Callable[[Email], str]:
    return lambda email: casemap(first_mailbox(email.index.envelope, field))


def _display(field: str) -> Callable[[Email], str]:
    return lambda email: casemap(first_display(email.index.envelope, field))


_KEYS: dict[str, Callable[[Email], float | str]] = {
    "ARRIVAL": lambda email: email.received,
    "CC": _mailbox("CC"),
    "DATE": sent,
    "DISPLAYFROM": _display("FROM"),
    "DISPLAYTO": _display("TO"),
    "FROM": _mailbox("FROM"),
    "SIZE": lambda email: email.size,
    "SUBJECT": lambda email: casemap(email.index.base_subject),
    "TO": _mailbox("TO"),
}


async def emails_of(context: Context, uids: Sequence[int]) -> AsyncIterator[tuple[int, Email, int]]:
    """(UID, email, modseq) of each, ascending by UID; those that are gone are left out."""
    view = context.selected
    for start in range(0, len(uids), _BLOCK):
        entries = await view.mail.entries(view.mailbox, UidSet.of(uids[start : start + _BLOCK]))
        found = {email.id: email for email in await view.mail.emails([entry.email for entry in entries])}
        for entry in entries:
            if entry.email in found:
                yield entry.uid, found[entry.email], entry.modseq


def keys_of(email: Email, order: Order) -> list[float | str]:
    """What the email is sorted by."""
    return [_KEYS[name](email) for name, _ in order]


def precedes(one: tuple[list[float | str], int], other: tuple[list[float | str], int], order: Order) -> bool:
    """Whether (keys, UID) comes before another; ties are in mailbox order (RFC 5256 §3)."""
    for mine, yours, (_, descending) in zip(one[0], other[0], order, strict=True):
        if mine != yours:
            return (mine < yours) is not descending  # type: ignore[operator]
    return one[1] < other[1]
