"""SORT (RFC 5256 §3): keys are taken from the index made at delivery, a block of messages at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from gatepost.model.mail import Email
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands import Sort
from gatepost.proto.imap.envelope import first_mailbox
from gatepost.proto.imap.render.mailbox import search_result
from gatepost.proto.imap.render.status import Status, ok
from gatepost.services.imap.commands.search import find
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State

_BLOCK = 500


def sent(email: Email) -> float:
    """RFC 5256 §2.2: the Date header, else INTERNALDATE."""
    return email.received if email.index.sent_at is None else email.index.sent_at


def _mailbox(field: str) -> Callable[[Email], str]:
    return lambda email: first_mailbox(email.index.envelope, field).casefold()


_KEYS: dict[str, Callable[[Email], float | str]] = {
    "ARRIVAL": lambda email: email.received,
    "CC": _mailbox("CC"),
    "DATE": sent,
    "FROM": _mailbox("FROM"),
    "SIZE": lambda email: email.size,
    "SUBJECT": lambda email: email.index.base_subject.casefold(),
    "TO": _mailbox("TO"),
}


async def emails_of(context: Context, uids: Sequence[int]) -> AsyncIterator[tuple[int, Email, int]]:
    """(UID, email, modseq) of each, ascending by UID; those that are gone are left out."""
    mail = context.mail
    for start in range(0, len(uids), _BLOCK):
        entries = await mail.entries(context.selected.mailbox, UidSet.of(uids[start : start + _BLOCK]))
        found = {email.id: email for email in await mail.emails([entry.email for entry in entries])}
        for entry in entries:
            if entry.email in found:
                yield entry.uid, found[entry.email], entry.modseq


async def sort(context: Context, command: Sort) -> Status:
    """See the module."""
    if command.modseq:
        context.use_condstore()
    uids = await find(context, command.key, command.uid)
    rows: list[tuple[int, list[float | str]]] = []
    highest = 0
    async for uid, email, modseq in emails_of(context, uids):
        rows.append((uid, [_KEYS[name](email) for name, _ in command.order]))
        highest = max(highest, modseq)
    # stable sorts from the lightest key to the heaviest; ties end in mailbox order (RFC 5256 §3)
    for index, (_, descending) in reversed(list(enumerate(command.order))):
        rows.sort(key=lambda row: row[1][index], reverse=descending)
    view = context.selected
    numbers = [uid if command.uid else view.number(uid) or 0 for uid, _ in rows]
    context.send(search_result(numbers, highest if command.modseq and numbers else None, "SORT"))
    return ok("SORT done")


HANDLERS: dict[type, Handler] = {Sort: Handler(sort, State.SELECTED, by_number=True)}
