"""NOTIFY (RFC 5465 §3.1, §8): which events in which mailboxes a client wants to hear of at any time."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gatepost.proto.imap.commands.fetch import Item, parse_items
from gatepost.proto.imap.cursor import Cursor, SyntaxFault

MESSAGE_NEW, MESSAGE_EXPUNGE, FLAG_CHANGE = "MessageNew", "MessageExpunge", "FlagChange"
MAILBOX_NAME, SUBSCRIPTION_CHANGE = "MailboxName", "SubscriptionChange"
MAILBOX_METADATA, SERVER_METADATA = "MailboxMetadataChange", "ServerMetadataChange"
MESSAGE_EVENTS = frozenset({MESSAGE_NEW, MESSAGE_EXPUNGE, FLAG_CHANGE})
EVENTS = (
    MESSAGE_NEW, MESSAGE_EXPUNGE, FLAG_CHANGE, MAILBOX_NAME, SUBSCRIPTION_CHANGE, MAILBOX_METADATA, SERVER_METADATA,
)  # fmt: skip
"""Messages have no annotations here, so AnnotationChange is not among them (§3.1: unsupported events are refused)."""
SELECTED, SELECTED_DELAYED = "SELECTED", "SELECTED-DELAYED"
_WITH_NAMES = ("SUBTREE", "MAILBOXES")
_SPECIFIERS = frozenset({SELECTED, SELECTED_DELAYED, "INBOXES", "PERSONAL", "SUBSCRIBED", *_WITH_NAMES})
_BY_NAME = {name.upper(): name for name in EVENTS}
_MAX_GROUPS = 100
_MAX_NAMES = 1000


class EventGroup(msgspec.Struct, frozen=True):
    """`mailboxes` are names where the specifier takes some; no events for NONE. `items` are to be told of new messages."""

    specifier: str
    mailboxes: tuple[bytes, ...] = ()
    events: frozenset[str] = frozenset()
    items: tuple[Item, ...] = ()


class Notify(msgspec.Struct, frozen=True):
    """NOTIFY SET, or without groups NOTIFY NONE. `status` asks for STATUS responses at once."""

    groups: tuple[EventGroup, ...] = ()
    status: bool = False


def _notify(cursor: Cursor) -> Notify:
    cursor.space()
    word = cursor.keyword()
    if word == "NONE":
        return Notify()
    if word != "SET":
        raise SyntaxFault("Expected SET or NONE")
    cursor.space()
    status = False
    if not cursor.peek(b"("):
        status = cursor.keyword() == "STATUS"
        if not status:
            raise SyntaxFault("Expected STATUS or a group of events")
        cursor.space()
    groups = [_group(cursor)]
    while cursor.take(b" "):
        groups.append(_group(cursor))
    if len(groups) > _MAX_GROUPS or sum(len(group.mailboxes) for group in groups) > _MAX_NAMES:
        raise SyntaxFault("That is too much to watch", "NOTIFICATIONOVERFLOW", no=True)
    if sum(group.specifier in (SELECTED, SELECTED_DELAYED) for group in groups) > 1:  # §6.1
        raise SyntaxFault("Only one group for the selected mailbox")
    return Notify(tuple(groups), status)


def _group(cursor: Cursor) -> EventGroup:
    cursor.expect(b"(")
    specifier = cursor.keyword()
    if specifier not in _SPECIFIERS:
        raise SyntaxFault("Unknown mailbox specifier")
    cursor.space()
    mailboxes: tuple[bytes, ...] = ()
    if specifier in _WITH_NAMES:
        mailboxes = cursor.listing(cursor.astring) if cursor.peek(b"(") else (cursor.astring(),)
        cursor.space()
    events, items = _events(cursor)
    cursor.expect(b")")
    _check(specifier, events, items)
    return EventGroup(specifier, mailboxes, events, items)


def _events(cursor: Cursor) -> tuple[frozenset[str], tuple[Item, ...]]:
    """A list in parentheses, or, as in the RFC's own examples, without them."""
    events: list[str] = []
    items: list[Item] = []

    def event() -> None:
        name = _BY_NAME.get(cursor.keyword())
        if name is None:
            raise SyntaxFault("Unsupported event", f"BADEVENT ({' '.join(EVENTS)})", no=True)
        events.append(name)
        if name == MESSAGE_NEW and cursor.take(b" ("):
            cursor.at -= 1
            items.extend(parse_items(cursor))

    if cursor.text[cursor.at : cursor.at + 5].upper() == b"NONE)":
        cursor.at += 4
        return frozenset(), ()
    if cursor.peek(b"("):
        cursor.listing(event)
    else:
        event()
        while cursor.take(b" "):
            event()
    return frozenset(events), tuple(items)


def _check(specifier: str, events: frozenset[str], items: tuple[Item, ...]) -> None:
    """§5, §5.1, §6.1, §8: what goes together. Raises SyntaxFault."""
    message = events & MESSAGE_EVENTS
    if message and not {MESSAGE_NEW, MESSAGE_EXPUNGE} <= message:
        raise SyntaxFault("MessageNew and MessageExpunge go together, and with FlagChange")
    selected = specifier in (SELECTED, SELECTED_DELAYED)
    if selected and events - MESSAGE_EVENTS:
        raise SyntaxFault("Not an event of the selected mailbox")
    if items and not selected:
        raise SyntaxFault("FETCH items are told of the selected mailbox only")


PARSERS: dict[str, Callable[[Cursor], object]] = {"NOTIFY": _notify}
