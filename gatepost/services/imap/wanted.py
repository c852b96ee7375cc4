"""What a FETCH asks for, worked out once for all messages, however often the same items come."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from gatepost.model.mail import Outline
from gatepost.proto.imap.commands.fetch import Attribute, Binary, BinarySize, Body, Item
from gatepost.services.imap.columns import FROM_EMAIL, FROM_ENTRIES

Octets: TypeAlias = Callable[[Outline], int]
_KEPT = 256
"""Lists of items that are remembered."""


class Wanted(NamedTuple):
    """`attributes` are the items that need no octets, `content`: there are others. `plain`: these are all BODY[...], `indexed`:
    an item can only be had with the message's index, `light`: entries alone know everything, `marks`: \\Seen is set (RFC 9051
    §6.4.5). `needed` is how many of a message's first octets are needed, as far as that is known without its index."""

    items: tuple[Item, ...]
    attributes: tuple[Attribute, ...]
    content: bool
    plain: bool
    indexed: bool
    light: bool
    flags: bool
    marks: bool
    needed: Octets


@lru_cache(_KEPT)
def wanted(items: tuple[Item, ...]) -> Wanted:
    """See `Wanted`."""
    attributes = tuple(item for item in items if isinstance(item, Attribute))
    others = tuple(item for item in items if not isinstance(item, Attribute))
    names = {item.name for item in attributes}
    return Wanted(
        items,
        attributes,
        content=bool(others),
        plain=all(isinstance(item, Body) for item in others),
        indexed=not names.isdisjoint(FROM_EMAIL) or any(not _at_front(item) for item in others),
        light=not others and names <= FROM_ENTRIES.keys(),
        flags="FLAGS" in names,
        marks=any(not isinstance(item, BinarySize) and not item.peek for item in others),
        needed=_needed(others),
    )


def _at_front(item: Body | Binary | BinarySize) -> bool:
    """Where the octets lie is known without the index."""
    return isinstance(item, Body) and not item.section.path


def _needed(items: tuple[Body | Binary | BinarySize, ...]) -> Octets:
    each = [_needed_of(item) for item in items]
    if len(each) == 1:
        return each[0]
    return lambda email: max((needed(email) for needed in each), default=0)


def _needed_of(item: Body | Binary | BinarySize) -> Octets:
    if isinstance(item, Body) and not item.section.path:
        if item.section.kind.startswith("HEADER"):
            return attrgetter("header")
        if not item.section.kind and item.partial is not None:
            end = sum(item.partial)
            return lambda email: min(email.size, end)
    return attrgetter("size")
