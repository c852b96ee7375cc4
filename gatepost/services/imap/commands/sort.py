"""SORT (RFC 5256 §3, 5267, 5957)."""

from __future__ import annotations

from gatepost.proto.imap.commands import Sort
from gatepost.proto.imap.commands.search import Returns
from gatepost.proto.imap.render.mailbox import esearch, search_result
from gatepost.proto.imap.render.status import Status, ok
from gatepost.services.imap import contexts
from gatepost.services.imap.bounds import must_be_few
from gatepost.services.imap.commands.search import find
from gatepost.services.imap.context import Context
from gatepost.services.imap.criteria import expanded, fixed
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.selected import uid_list
from gatepost.services.imap.sorting import emails_of, keys_of
from gatepost.services.imap.updates import report


async def sort(context: Context, command: Sort) -> Status:
    """See the module."""
    contexts.check_tag(context, command.returns)
    key, names_modseq = await expanded(context, command.key)
    modseq_asked = command.modseq or names_modseq
    if modseq_asked:
        context.use_condstore()
    if command.uid:
        await report(context, expunges=False)
    must_be_few(context, len(context.selected.uids))
    uids = await find(context, key)
    rows: list[tuple[int, list[float | str], int]] = []
    async for uid, email, modseq in emails_of(context, uids):
        rows.append((uid, keys_of(email, command.order), modseq))
    # stable sorts from the lightest key to the heaviest; ties end in mailbox order (RFC 5256 §3)
    for index, (_, descending) in reversed(list(enumerate(command.order))):
        rows.sort(key=lambda row: row[1][index], reverse=descending)
    view = context.selected
    numbers = [uid if command.uid else view.number(uid) or 0 for uid, _, _ in rows]
    modseqs = [modseq for _, _, modseq in rows] if modseq_asked else []
    if command.returns is None:
        context.send(search_result(numbers, max(modseqs, default=None), "SORT"))
    else:
        context.send(esearch(context.tag, command.uid, _returned(command.returns, numbers, modseqs)))
        if "UPDATE" in command.returns.names:
            found, lasting = [uid for uid, _, _ in rows], fixed(context, key)
            contexts.begin(context, command.returns, lasting, command.uid, found, command.order)
    return ok("SORT done")


def _returned(returns: Returns, numbers: list[int], modseqs: list[int]) -> list[tuple[str, object]]:
    """RFC 5267 §3.1: MIN is the first in the order asked for, MAX the last; ALL keeps the order, and only what ascends
    becomes a range (§3.2). The highest modseq is that of what is said (RFC 7162 §3.1.10)."""
    data: list[tuple[str, object]] = []
    wanted = returns.names
    if numbers and "MIN" in wanted:
        data.append(("MIN", numbers[0]))
    if numbers and "MAX" in wanted:
        data.append(("MAX", numbers[-1]))
    if numbers and "ALL" in wanted:
        data.append(("ALL", uid_list(numbers)))
    if returns.partial is not None:  # RFC 5267 §4.4
        data.append(("PARTIAL", f"({returns.partial.text} {uid_list(returns.partial.of(numbers)) or 'NIL'})"))
    if "COUNT" in wanted:
        data.append(("COUNT", len(numbers)))
    if modseqs:
        ends = [modseqs[at] for name, at in (("MIN", 0), ("MAX", -1)) if name in wanted]
        if returns.partial is not None:
            ends += returns.partial.of(modseqs)
        if wanted & {"ALL", "COUNT"} or ends:
            data.append(("MODSEQ", max(modseqs if wanted & {"ALL", "COUNT"} else ends)))
    return data


HANDLERS: dict[type, Handler] = {Sort: Handler(sort, State.SELECTED, by_number=True)}
