"""SORT (RFC 5256 §3, 5267 §3, 5957): keys are taken from the index made at delivery, a block of messages at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from gatepost.model.mail import Email
from gatepost.model.uidset import UidSet
from gatepost.proto.collation import casemap
from gatepost.proto.imap.commands import Sort
from gatepost.proto.imap.envelope import first_display, first_mailbox
from gatepost.proto.imap.render.mailbox import esearch, search_result
from gatepost.proto.imap.render.status import Status, ok
from gatepost.services.imap.commands.search import find
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.selected import uid_list

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


async def sort(context: Context, command: Sort) -> Status:
    """See the module."""
    if command.modseq:
        context.use_condstore()
    uids = await find(context, command.key, command.uid)
    rows: list[tuple[int, list[float | str], int]] = []
    async for uid, email, modseq in emails_of(context, uids):
        rows.append((uid, [_KEYS[name](email) for name, _ in command.order], modseq))
    # stable sorts from the lightest key to the heaviest; ties end in mailbox order (RFC 5256 §3)
    for index, (_, descending) in reversed(list(enumerate(command.order))):
        rows.sort(key=lambda row: row[1][index], reverse=descending)
    view = context.selected
    numbers = [uid if command.uid else view.number(uid) or 0 for uid, _, _ in rows]
    modseqs = [modseq for _, _, modseq in rows] if command.modseq else []
    if command.returns is None:
        context.send(search_result(numbers, max(modseqs, default=None), "SORT"))
    else:
        context.send(esearch(context.tag, command.uid, _returned(command.returns, numbers, modseqs)))
    return ok("SORT done")


def _returned(wanted: frozenset[str], numbers: list[int], modseqs: list[int]) -> list[tuple[str, object]]:
    """RFC 5267 §3.1: MIN is the first in the order asked for, MAX the last; ALL keeps the order, and only what ascends
    becomes a range (§3.2). The highest modseq is that of what is said (RFC 7162 §3.1.10)."""
    data: list[tuple[str, object]] = []
    if numbers and "MIN" in wanted:
        data.append(("MIN", numbers[0]))
    if numbers and "MAX" in wanted:
        data.append(("MAX", numbers[-1]))
    if numbers and "ALL" in wanted:
        data.append(("ALL", uid_list(numbers)))
    if "COUNT" in wanted:
        data.append(("COUNT", len(numbers)))
    if modseqs:
        ends = [modseqs[at] for name, at in (("MIN", 0), ("MAX", -1)) if name in wanted]
        data.append(("MODSEQ", max(modseqs if wanted & {"ALL", "COUNT"} else ends)))
    return data


HANDLERS: dict[type, Handler] = {Sort: Handler(sort, State.SELECTED, by_number=True)}
