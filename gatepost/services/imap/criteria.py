"""From a search as a client writes it to one that the store understands: numbering, `$`, names and clock put in."""

from __future__ import annotations

import math

from gatepost.model import search as model
from gatepost.proto.imap.commands.keys import (
    AllOf,
    Either,
    Filter,
    InMailOf,
    Inverse,
    Key,
    Numbers,
    Recent,
    Term,
    Within,
)
from gatepost.proto.imap.filters import Expansion, UndefinedFilter, names_in
from gatepost.proto.imap.render.status import no
from gatepost.services.imap.annotations import shared_entries
from gatepost.services.imap.context import Context, Refused

PRIVATE_FILTERS, SHARED_FILTERS = "/private/filters/values/", "/shared/filters/values/"


async def expanded(context: Context, key: Key) -> tuple[Key, bool]:
    """The search with kept ones in the place of their names, and whether these ask for modseqs. Raises Refused."""
    if not names_in(key):
        return key, False
    own = {one.name: one.value for one in await context.mail.annotations(None, context.user)}
    shared = shared_entries(context)

    def value_of(name: str) -> bytes | None:
        value = own.get(PRIVATE_FILTERS + name)  # RFC 5466 §3.1: the private one first
        return shared.get(SHARED_FILTERS + name) if value is None else value

    expansion = Expansion(value_of)
    try:
        return expansion.expand(key), expansion.uses_modseq
    except UndefinedFilter as error:
        raise Refused(no("There is no such search", f"UNDEFINED-FILTER {error.name}")) from None


def fixed(context: Context, key: Key) -> Key:
    """With sequence numbers, `$` and \\Recent as they are now; only the clock is left open."""
    match key:
        case AllOf(keys):
            return AllOf(tuple(fixed(context, one) for one in keys))
        case Either(one, other):
            return Either(fixed(context, one), fixed(context, other))
        case Inverse(one):
            return Inverse(fixed(context, one))
        case Within():
            return key
        case _:
            return Term(criterion(context, key))


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
        case InMailOf(owner, found):
            return found if owner == context.owner_of(context.selected.mail) else model.Or(())
        case Recent():
            return model.Uids(context.selected.fresh)
        case Within(seconds, older):
            # RFC 5032 §2: to the second, and what is exactly that old is both
            then = math.floor(context.house.clock.now()) - seconds
            return model.Received(before=then + 1) if older else model.Received(after=then)
        case Filter(name):
            raise AssertionError(f"{name} was not expanded")
