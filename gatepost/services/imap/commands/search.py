"""SEARCH, CANCELUPDATE (RFC 9051 §6.4.4; RFC 4731, 5032, 5182, 5267 §4, 5466, 6855 §3, 7162, 9394)."""

from __future__ import annotations

from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands import CancelUpdate, Search, Unsearchable
from gatepost.proto.imap.commands.keys import Key
from gatepost.proto.imap.partial import Partial
from gatepost.proto.imap.render.mailbox import esearch, search_result
from gatepost.proto.imap.render.status import Status, bad, no, ok
from gatepost.services.imap import contexts
from gatepost.services.imap.bounds import bounded_search, told_bound
from gatepost.services.imap.context import Context
from gatepost.services.imap.criteria import criterion, expanded, fixed
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.updates import report


async def find(context: Context, key: Key) -> list[int]:
    """UIDs of known messages that match, ascending."""
    view = context.selected
    found = await view.mail.search(view.mailbox, criterion(context, key))
    while found and found[-1] > view.last:
        found.pop()
    return found


async def search(context: Context, command: Search) -> Status:
    """See the module; what is found may be kept as `$`."""
    returns = command.returns
    if command.charset and "UTF8=ACCEPT" in context.enabled:  # RFC 6855 §3
        return bad("With UTF8=ACCEPT no charset is named", "CLIENTBUG")
    contexts.check_tag(context, returns)
    saving = returns is not None and "SAVE" in returns.names
    view = context.selected
    try:
        key, names_modseq = await expanded(context, command.key)
        modseq_asked = command.modseq or names_modseq
        if modseq_asked:
            context.use_condstore()
        if command.uid:
            await report(context, expunges=False)
        key, lowest = bounded_search(context, view, key)
        found = await find(context, key)
    except Exception:
        if saving:
            view.saved = UidSet()  # RFC 5182 §2.1: a failed search leaves nothing behind
        raise
    lasting = fixed(context, key)
    if saving:
        view.saved = UidSet.of(_kept(command, found))
    numbers = found if command.uid else view.numbers(found)
    modseq = await _highest(context, command, found) if modseq_asked else None
    if returns is None and not context.rev2:
        context.send(search_result(numbers, modseq if numbers else None))
        return told_bound(context, ok("SEARCH done"), lowest)
    wanted = frozenset({"ALL"}) if returns is None else returns.names
    if wanted != {"SAVE"}:
        partial = None if returns is None else returns.partial
        context.send(esearch(context.tag, command.uid, _returned(wanted, numbers, modseq, partial)))
    if returns is not None and "UPDATE" in wanted:
        contexts.begin(context, returns, lasting, command.uid, found)
    return told_bound(context, ok("SEARCH done"), lowest)


async def unsearchable(context: Context, command: Unsearchable) -> Status:
    """RFC 5182 §2.1: a search that was to be saved leaves nothing where it is refused."""
    context.selected.saved = UidSet()
    return no(command.text, command.code)


async def cancel_update(context: Context, command: CancelUpdate) -> Status:
    """RFC 5267 §4.3.5. What was never begun cannot be ended; the others are."""
    known = [context.selected.contexts.pop(tag, None) is not None for tag in command.tags]
    if not all(known):
        return no("No such search is kept up to date", "NONEXISTENT")
    return ok("CANCELUPDATE done")


def _returned(
    wanted: frozenset[str], numbers: list[int], modseq: int | None, partial: Partial | None = None
) -> list[tuple[str, object]]:
    """RFC 4731 §3.1: without a match only COUNT is said, and that a page is empty (RFC 9394 §3.1)."""
    data: list[tuple[str, object]] = []
    if numbers and "MIN" in wanted:
        data.append(("MIN", numbers[0]))
    if numbers and "MAX" in wanted:
        data.append(("MAX", numbers[-1]))
    if numbers and "ALL" in wanted:
        data.append(("ALL", UidSet.of(numbers)))
    if partial is not None:
        data.append(("PARTIAL", f"({partial.text} {UidSet.of(partial.of(numbers)) or 'NIL'})"))
    if "COUNT" in wanted:
        data.append(("COUNT", len(numbers)))
    if numbers and modseq is not None:
        data.append(("MODSEQ", modseq))
    return data


def _kept(command: Search, found: list[int]) -> list[int]:
    """What `$` holds afterwards (RFC 5182 §2.4, RFC 9394 §3.2)."""
    assert command.returns is not None
    names, partial = command.returns.names, command.returns.partial
    if not found or names & {"ALL", "COUNT"} or not names & {"MIN", "MAX", "PARTIAL"}:
        return found
    ends = {"MIN": found[0], "MAX": found[-1]}
    kept = {ends[name] for name in ends if name in names}
    if partial is not None:
        kept.update(partial.of(found))
    return sorted(kept)


async def _highest(context: Context, command: Search, found: list[int]) -> int | None:
    """The highest modseq of what is returned (RFC 7162 §3.1.6, §3.1.10)."""
    if not found:
        return None
    told = found
    if command.returns is not None and not command.returns.names & {"ALL", "COUNT"}:
        told = _kept(command, found)
    if not told:
        return None
    view = context.selected
    entries = await view.mail.entries(view.mailbox, UidSet.of(told))
    return max((entry.modseq for entry in entries), default=None)


HANDLERS: dict[type, Handler] = {
    Search: Handler(search, State.SELECTED, by_number=True),
    Unsearchable: Handler(unsearchable, State.SELECTED, by_number=True),
    CancelUpdate: Handler(cancel_update, State.SELECTED),
}
