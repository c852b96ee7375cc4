"""SEARCH (RFC 9051 §6.4.4; RFC 4731, 5032, 5182, 7162, 9394)."""

from __future__ import annotations

from gatepost.model import search as model
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands import Search
from gatepost.proto.imap.commands.keys import AllOf, Either, Inverse, Key, Numbers, Recent, Term, Within
from gatepost.proto.imap.partial import Partial
from gatepost.proto.imap.render.mailbox import esearch, search_result
from gatepost.proto.imap.render.status import Status, ok
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.updates import report


def criterion(context: Context, key: Key) -> model.Criterion:
    """A search key with the session's numbering, `$`, \\Recent and clock put in."""
    match key:
        case Term(found):
            return found
        case AllOf(keys):
            return model.And(tuple(criterion(context, one) for one in keys))
        case Either(one, other):
            return model.Or((criterion(context, one), criterion(context, other)))
        case Inverse(one):
            return model.Not(criterion(context, one))
        case Numbers(messages, uid):
            return model.Uids(context.selected.resolve_key(messages, uid))
        case Recent():
            return model.Uids(context.selected.fresh)
        case Within(seconds, older):
            then = context.house.clock.now() - seconds
            return model.Received(before=then) if older else model.Received(after=then)


async def find(context: Context, key: Key, uid: bool) -> list[int]:
    """UIDs of known messages that match, ascending. The UID forms learn of arrivals first."""
    if uid:
        await report(context, expunges=False)
    view = context.selected
    found = await view.mail.search(view.mailbox, criterion(context, key))
    while found and found[-1] > view.last:
        found.pop()
    return found


async def search(context: Context, command: Search) -> Status:
    """See the module; what is found may be kept as `$`."""
    if command.modseq:
        context.use_condstore()
    saving = command.returns is not None and "SAVE" in command.returns
    view = context.selected
    try:
        found = await find(context, command.key, command.uid)
    except Exception:
        if saving:
            view.saved = UidSet()  # RFC 5182 §2.1: a failed search leaves nothing behind
        raise
    if saving:
        view.saved = UidSet.of(_kept(command, found))
    numbers = found if command.uid else view.numbers(found)
    modseq = await _highest(context, command, found)
    if command.returns is None and not context.rev2:
        context.send(search_result(numbers, modseq if numbers else None))
        return ok("SEARCH done")
    wanted = {"ALL"} if command.returns is None else command.returns
    if wanted != {"SAVE"}:
        context.send(esearch(context.tag, command.uid, _returned(wanted, numbers, modseq, command.partial)))
    return ok("SEARCH done")


def _returned(
    wanted: frozenset[str] | set[str], numbers: list[int], modseq: int | None, partial: Partial | None = None
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
    if not found or command.returns & {"ALL", "COUNT"} or not command.returns & {"MIN", "MAX", "PARTIAL"}:
        return found
    ends = {"MIN": found[0], "MAX": found[-1]}
    kept = {ends[name] for name in ends if name in command.returns}
    if command.partial is not None:
        kept.update(command.partial.of(found))
    return sorted(kept)


async def _highest(context: Context, command: Search, found: list[int]) -> int | None:
    """The highest modseq of what is returned (RFC 7162 §3.1.6, §3.1.10), where a MODSEQ key asks for it."""
    if not command.modseq or not found:
        return None
    told = found
    if command.returns is not None and not command.returns & {"ALL", "COUNT"}:
        told = _kept(command, found)
    if not told:
        return None
    view = context.selected
    entries = await view.mail.entries(view.mailbox, UidSet.of(told))
    return max((entry.modseq for entry in entries), default=None)


HANDLERS: dict[type, Handler] = {Search: Handler(search, State.SELECTED, by_number=True)}
