"""Searches whose results are kept up to date for the client (RFC 5267 §4.3): what came into them, and what left.

A context knows which messages match, four octets each; after a change only the messages that it touched are asked about
again. In a sorted one a message's place is found by looking at a few others, so that no keys are kept.

Law: the number of contexts and of what they hold is bounded (§4.3.1).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gatepost.model.search import And, Uids
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands.fetch import Item
from gatepost.proto.imap.commands.keys import Key
from gatepost.proto.imap.commands.search import Returns
from gatepost.proto.imap.render.mailbox import esearch
from gatepost.proto.imap.render.status import bad, no
from gatepost.proto.imap.render.text import string
from gatepost.services.imap.context import Context, Refused
from gatepost.services.imap.criteria import criterion
from gatepost.services.imap.selected import Selected, uid_list
from gatepost.services.imap.sorting import Order, emails_of, keys_of, precedes

MAX_CONTEXTS = 16
"""Contexts of a session."""
MAX_MEMBERS = 2_000_000
"""Messages in all of them together when another is begun."""
MAX_SORTED = 100_000
"""Messages in a sorted one: who is where there is found by going through all."""
_FEW = 64


@dataclass(slots=True)
class SearchContext:
    """`uids` as they match: ascending, or in `order` where there is one. `items` are told of messages that come (RFC 5465 §7)."""

    tag: str
    uid: bool
    key: Key
    items: tuple[Item, ...]
    order: Order | None
    uids: array[int]


def check_tag(context: Context, returns: Returns | None) -> None:
    """RFC 5267 §4.3: a tag names one context. Raises Refused."""
    if returns is not None and "UPDATE" in returns.names and context.tag in context.selected.contexts:
        raise Refused(bad("That tag is in use for another search", "CLIENTBUG"))


def begin(
    context: Context, returns: Returns, key: Key, uid: bool, found: Iterable[int], order: Order | None = None
) -> None:
    """Keeps the result of the command up to date from now on, or says that it will not be (§4.3.1). `key` is `fixed`."""
    contexts, uids = context.selected.contexts, array("I", found)
    held = sum(len(one.uids) for one in contexts.values())
    too_long = order is not None and len(uids) > MAX_SORTED
    if too_long or len(contexts) >= MAX_CONTEXTS or held + len(uids) > MAX_MEMBERS:
        tag = string(context.tag.encode("ascii")).decode("ascii")
        code = "" if "]" in tag else f"NOUPDATE {tag}"  # simple clients would end the code there
        text = "The result is too long" if too_long else "Too many searches are kept up to date"
        context.send(no(text, code).render())
        return
    contexts[context.tag] = SearchContext(context.tag, uid, key, returns.items, order, uids)


def tell_removed(context: Context, view: Selected, gone: Iterable[int]) -> None:
    """Expunged messages leave every context, before their EXPUNGE, so that their numbers are right (§4.3.4)."""
    lost = list(gone)
    for one in view.contexts.values() if lost else ():
        _tell(context, view, one, "REMOVEFROM", _take_out(one, _members_among(one, lost)))


async def look_again(view: Selected, context: Context, touched: Sequence[int]) -> list[tuple[SearchContext, set[int]]]:
    """Which of the messages that came or changed match each context now."""
    asked = Uids(UidSet.of(touched))
    found = []
    for one in view.contexts.values():
        matching = await view.mail.search(view.mailbox, And((asked, criterion(context, one.key))))
        found.append((one, set(matching)))
    return found


async def tell_changes(
    context: Context, view: Selected, touched: Sequence[int], found: Sequence[tuple[SearchContext, set[int]]]
) -> None:
    """ADDTO and REMOVEFROM of what `look_again` found, after the EXISTS and FETCH that they come of (§4.3.3)."""
    for one, matching in found:
        here = _members_among(one, touched)
        left = here - matching
        _tell(context, view, one, "REMOVEFROM", _take_out(one, left))
        came = sorted(uid for uid in matching - here if view.number(uid) is not None)
        _tell(context, view, one, "ADDTO", await _put_in(context, one, came))


def _members_among(one: SearchContext, touched: Sequence[int]) -> set[int]:
    if one.order is not None:
        return set(touched).intersection(one.uids)
    uids = one.uids
    places = ((bisect_left(uids, uid), uid) for uid in touched)
    return {uid for place, uid in places if place < len(uids) and uids[place] == uid}


def _take_out(one: SearchContext, lost: set[int]) -> list[tuple[int, list[int]]]:
    """(position, UIDs) pairs for REMOVEFROM: from the last to the first, so that each is right when it is read."""
    if not lost:
        return []
    if one.order is None:
        if len(lost) > _FEW:
            one.uids = array("I", [uid for uid in one.uids if uid not in lost])
        else:
            for uid in lost:
                del one.uids[bisect_left(one.uids, uid)]
        return [(0, sorted(lost))]
    runs: list[tuple[int, list[int]]] = []
    for place, uid in enumerate(one.uids, 1):
        if uid not in lost:
            continue
        if runs and runs[-1][0] + len(runs[-1][1]) == place:
            runs[-1][1].append(uid)
        else:
            runs.append((place, [uid]))
    one.uids = array("I", [uid for uid in one.uids if uid not in lost])
    return runs[::-1]


async def _put_in(context: Context, one: SearchContext, came: Sequence[int]) -> list[tuple[int, list[int]]]:
    """(position, UIDs) pairs for ADDTO, each right when it is read."""
    if not came:
        return []
    if one.order is None:
        if len(came) > _FEW:
            one.uids = array("I", sorted((*one.uids, *came)))
        else:
            for uid in came:
                insort(one.uids, uid)
        return [(0, list(came))]
    runs: list[tuple[int, list[int]]] = []
    async for uid, email, _ in emails_of(context, came):
        place = await _place(context, one, one.order, (keys_of(email, one.order), uid))
        one.uids.insert(place, uid)
        if runs and runs[-1][0] + len(runs[-1][1]) == place + 1:
            runs[-1][1].append(uid)
        else:
            runs.append((place + 1, [uid]))
    return runs


async def _place(context: Context, one: SearchContext, order: Order, mine: tuple[list[float | str], int]) -> int:
    low, high = 0, len(one.uids)
    while low < high:
        middle = (low + high) // 2
        before = False  # of a message that went at this moment: it leaves the context next time
        async for uid, email, _ in emails_of(context, [one.uids[middle]]):
            before = precedes((keys_of(email, order), uid), mine, order)
        low, high = (middle + 1, high) if before else (low, middle)
    return low


def _tell(
    context: Context, view: Selected, one: SearchContext, word: str, runs: Sequence[tuple[int, list[int]]]
) -> None:
    if not runs:
        return
    pairs = []
    for place, uids in runs:
        numbers = uids if one.uid else [view.number(uid) or 0 for uid in uids]
        pairs.append(f"{place} {UidSet.of(numbers) if one.order is None else uid_list(numbers)}")
    context.send(esearch(one.tag, one.uid, [(word, f"({' '.join(pairs)})")]))
