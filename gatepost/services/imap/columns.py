"""FETCH items that need no octets of the message, a block of messages at a time.

Law: what only entries know (UID, FLAGS, MODSEQ, SAVEDATE, EMAILID) is made without reading emails, a column for each item,
so that ten thousand flags cost milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from gatepost.model.account import AccountId
from gatepost.model.ids import email_object_id, thread_object_id
from gatepost.model.mail import Email, EmailId, Entry, Outline
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands.fetch import Attribute
from gatepost.proto.imap.dates import render_date_time
from gatepost.proto.imap.render.fetched import date_item, preview_item

Column = list[str]


def _uid(entries: Sequence[Entry], fresh: UidSet) -> Column:
    return [f"UID {entry.uid}" for entry in entries]


def _flags(entries: Sequence[Entry], fresh: UidSet) -> Column:
    column = [f"FLAGS ({entry.flags})" for entry in entries]
    if entries and fresh and max(entries[0].uid, entries[-1].uid) >= fresh.ranges[0][0]:
        for index, entry in enumerate(entries):
            if entry.uid in fresh:  # RFC 3501 §2.3.2
                column[index] = f"FLAGS ({entry.flags} \\Recent)" if entry.flags else "FLAGS (\\Recent)"
    return column


def _modseq(entries: Sequence[Entry], fresh: UidSet) -> Column:
    return [f"MODSEQ ({entry.modseq})" for entry in entries]


def _saved(entries: Sequence[Entry], fresh: UidSet) -> Column:
    return [f"SAVEDATE {render_date_time(entry.saved)}" for entry in entries]


def _email_id(entries: Sequence[Entry], fresh: UidSet) -> Column:
    return [f"EMAILID ({email_object_id(entry.email)})" for entry in entries]


FROM_ENTRIES: dict[str, Callable[[Sequence[Entry], UidSet], Column]] = {
    "UID": _uid,
    "FLAGS": _flags,
    "MODSEQ": _modseq,
    "SAVEDATE": _saved,
    "EMAILID": _email_id,
}
"""Entries ascending by UID, and the \\Recent UIDs, to a column."""

FROM_OUTLINE: dict[str, Callable[[Outline], bytes]] = {
    "INTERNALDATE": lambda email: date_item("INTERNALDATE", email.received),
    "RFC822.SIZE": lambda email: b"RFC822.SIZE %d" % email.size,
    "THREADID": lambda email: f"THREADID ({thread_object_id(email.thread)})".encode("ascii"),
}
"""What is known of an email without its index."""

FROM_EMAIL: dict[str, Callable[[Email], bytes]] = {
    "ENVELOPE": lambda email: b"ENVELOPE " + email.index.envelope,
    "BODY": lambda email: b"BODY " + email.index.body,
    "BODYSTRUCTURE": lambda email: b"BODYSTRUCTURE " + email.index.bodystructure,
    "PREVIEW": lambda email: preview_item(email.index.preview),  # always at hand, LAZY or not
}
"""What its index knows. Together with FROM_ENTRIES and FROM_OUTLINE: all of ATTRIBUTES."""


def lines(
    numbers: Sequence[int],
    entries: Sequence[Entry],
    items: Sequence[Attribute],
    fresh: UidSet,
    emails: Mapping[EmailId, Outline],
    owner: AccountId | None = None,
) -> bytes:
    """FETCH responses of a block of messages, those left out whose email went meanwhile. `owner` as in `model.ids`."""
    if owner is None and all(item.name in FROM_ENTRIES for item in items):
        text = [FROM_ENTRIES[item.name](entries, fresh) for item in items]
        rows = map(" ".join, zip(*text, strict=True))
        found = [f"* {number} FETCH ({row})\r\n" for number, row in zip(numbers, rows, strict=True)]
        return "".join(found).encode("ascii")
    light = all(item.name in FROM_ENTRIES for item in items)
    kept = [(number, entry) for number, entry in zip(numbers, entries, strict=True) if light or entry.email in emails]
    present = [entry for _, entry in kept]
    columns = [column(item.name, present, fresh, emails, owner) for item in items]
    joined = map(b" ".join, zip(*columns, strict=True))
    return b"".join([b"* %d FETCH (%b)\r\n" % (number, row) for (number, _), row in zip(kept, joined, strict=True)])


def column(
    name: str,
    entries: Sequence[Entry],
    fresh: UidSet,
    emails: Mapping[EmailId, Outline],
    owner: AccountId | None = None,
) -> list[bytes]:
    """One item of each message. `emails` are Emails where the item needs the index."""
    if owner is not None and name == "EMAILID":
        return [f"EMAILID ({email_object_id(entry.email, owner)})".encode("ascii") for entry in entries]
    if owner is not None and name == "THREADID":
        threads = [emails[entry.email].thread for entry in entries]
        return [f"THREADID ({thread_object_id(thread, owner)})".encode("ascii") for thread in threads]
    if name in FROM_ENTRIES:
        return [text.encode("ascii") for text in FROM_ENTRIES[name](entries, fresh)]
    if name in FROM_OUTLINE:
        outlined = FROM_OUTLINE[name]
        return [outlined(emails[entry.email]) for entry in entries]
    make = FROM_EMAIL[name]
    return [make(cast(Email, emails[entry.email])) for entry in entries]
