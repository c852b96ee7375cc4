"""How many messages one command works on (RFC 9738): the highest UIDs first, and the client is told where that ended."""

from __future__ import annotations

from gatepost.model import search as model
from gatepost.model.uidset import MAX_UID, UidSet
from gatepost.proto.imap.commands.keys import AllOf, Key, Numbers, Term
from gatepost.proto.imap.render.status import Status, no, ok
from gatepost.services.imap.context import Context, Refused
from gatepost.services.imap.selected import Selected, overlap


def bounded(context: Context, view: Selected, uids: UidSet) -> tuple[UidSet, int]:
    """The highest of `uids` that one command may work on, and the lowest of them; 0 where that is all of them."""
    limit = context.house.options.message_limit
    if not limit or view.count(uids) <= limit:
        return uids, 0
    lowest = view.within(uids)[-limit]
    return overlap(uids, UidSet([(lowest, MAX_UID)])), lowest


def bounded_search(context: Context, view: Selected, key: Key) -> tuple[Key, int]:
    """The search among the highest of the messages that it is about; whether they match does not count (§3.1)."""
    limit = context.house.options.message_limit
    if not limit or len(view.uids) <= limit:
        return key, 0
    _, lowest = bounded(context, view, _about(view, key))
    return (AllOf((Term(model.Uids(UidSet([(lowest, MAX_UID)]))), key)), lowest) if lowest else (key, 0)


def _about(view: Selected, key: Key) -> UidSet:
    match key:
        case Numbers(messages, uid):
            return view.resolve_key(messages, uid)
        case Term(model.Uids(uids)):
            return uids
        case AllOf(keys):
            found = UidSet([(1, MAX_UID)])
            for one in keys:
                found = overlap(found, _about(view, one))
            return found
        case _:
            return UidSet([(1, MAX_UID)])


def told_bound(context: Context, status: Status, lowest: int) -> Status:
    """`status` with MESSAGELIMIT; where it has another code already, that is told before it, untagged (§3.1)."""
    if not lowest or status.word != "OK":
        return status
    text, code = "Only the last of the messages", f"MESSAGELIMIT {context.house.options.message_limit} {lowest}"
    if not status.code:
        return ok(text, code)
    context.send(no(text, code).render())
    return status


def must_fit(context: Context, view: Selected, uids: UidSet) -> None:
    """What is done as a whole or not at all: COPY, which SAVELIMIT bounds too. Raises Refused."""
    options = context.house.options
    limit = options.message_limit or options.save_limit
    if limit and view.count(uids) > limit:
        raise Refused(no("Too many messages at once", f"MESSAGELIMIT {limit} {view.within(uids)[-limit]}"))


def must_be_few(context: Context, count: int, saving: bool = False) -> None:
    """What cannot be said by UIDs: a page of PARTIAL, SORT and THREAD (§3.3), MULTIAPPEND. Raises Refused."""
    options = context.house.options
    limit = options.message_limit or (options.save_limit if saving else 0)
    if limit and count > limit:
        raise Refused(no("Too many messages at once", f"MESSAGELIMIT {limit}"))
