"""FETCH items that need no octets of the message, a block of messages at a time.

Law: what only entries know (UID, FLAGS, MODSEQ, SAVEDATE, EMAILID) is made without reading emails. Each item is a column of
values, and a block of lines is one text that is filled with all of them at once, so that ten thousand flags cost milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple, TypeAlias, cast

from gatepost.model.account import AccountId
from gatepost.model.ids import email_object_id, thread_object_id
from gatepost.model.mail import Email, Entry, EntryFlags, Outline
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands.fetch import Attribute
from gatepost.proto.imap.dates import render_date_time
from gatepost.proto.imap.render.fetched import preview_item

Column: TypeAlias = Sequence[int] | Sequence[str]


class Block(NamedTuple):
    """Messages whose lines are made together: entries, the \\Recent UIDs, an email each (Emails where an item needs the index;
    none where entries know everything), and whose mail it is where that is another's (`model.ids`)."""

    entries: Sequence[Entry]
    fresh: UidSet
    outlines: Sequence[Outline]
    owner: AccountId | None = None


class Text(NamedTuple):
    """An item of ASCII: how it is written, and what stands in it for each message."""

    form: str
    values: Callable[[Block], Column]


def _shown(uids: Sequence[int], flags: Sequence[str], fresh: UidSet) -> Sequence[str]:
    """With \\Recent, of messages ascending or descending by UID."""
    if not uids or not fresh or max(uids[0], uids[-1]) < fresh.ranges[0][0]:
        return flags
    return [
        (f"{each} \\Recent" if each else "\\Recent") if uid in fresh else each  # RFC 3501 §2.3.2
        for uid, each in zip(uids, flags, strict=True)
    ]


def _flags(block: Block) -> Sequence[str]:
    return _shown([entry.uid for entry in block.entries], [entry.flags for entry in block.entries], block.fresh)


_FORMS = {"UID": "UID %d", "FLAGS": "FLAGS (%s)", "MODSEQ": "MODSEQ (%d)"}
FROM_ENTRIES: dict[str, Text] = {
    "UID": Text(_FORMS["UID"], lambda block: [entry.uid for entry in block.entries]),
    "FLAGS": Text(_FORMS["FLAGS"], _flags),
    "MODSEQ": Text(_FORMS["MODSEQ"], lambda block: [entry.modseq for entry in block.entries]),
    "SAVEDATE": Text("SAVEDATE %s", lambda block: [render_date_time(entry.saved) for entry in block.entries]),
    "EMAILID": Text(
        "EMAILID (%s)", lambda block: [email_object_id(entry.email, block.owner) for entry in block.entries]
    ),
}
"""What entries know."""

FROM_OUTLINE: dict[str, Text] = {
    "INTERNALDATE": Text(
        "INTERNALDATE %s", lambda block: [render_date_time(email.received) for email in block.outlines]
    ),
    "RFC822.SIZE": Text("RFC822.SIZE %d", lambda block: [email.size for email in block.outlines]),
    "THREADID": Text(
        "THREADID (%s)", lambda block: [thread_object_id(email.thread, block.owner) for email in block.outlines]
    ),
}
"""What is known of an email without its index."""

FROM_EMAIL: dict[str, Callable[[Email], bytes]] = {
    "ENVELOPE": lambda email: b"ENVELOPE " + email.index.envelope,
    "BODY": lambda email: b"BODY " + email.index.body,
    "BODYSTRUCTURE": lambda email: b"BODYSTRUCTURE " + email.index.bodystructure,
    "PREVIEW": lambda email: preview_item(email.index.preview),  # always at hand, LAZY or not
}
"""What its index knows. Together with FROM_ENTRIES and FROM_OUTLINE: all of ATTRIBUTES."""

_TEXTS = FROM_ENTRIES | FROM_OUTLINE


def lines(numbers: Sequence[int], block: Block, items: Sequence[Attribute]) -> bytes:
    """FETCH responses of a block of messages."""
    if all(item.name in _TEXTS for item in items):
        texts = [_TEXTS[item.name] for item in items]
        return _filled(numbers, [text.form for text in texts], [text.values(block) for text in texts])
    joined = map(b" ".join, zip(*(column(item.name, block) for item in items), strict=True))
    return b"".join([b"* %d FETCH (%b)\r\n" % (number, row) for number, row in zip(numbers, joined, strict=True)])


def flag_lines(numbers: Sequence[int], now: EntryFlags, names: Sequence[str], fresh: UidSet) -> bytes:
    """FETCH responses of UID, FLAGS or MODSEQ."""
    columns: dict[str, Column] = {"UID": now.uids, "FLAGS": _shown(now.uids, now.flags, fresh), "MODSEQ": now.modseqs}
    return _filled(numbers, [_FORMS[name] for name in names], [columns[name] for name in names])


def _filled(numbers: Sequence[int], forms: Sequence[str], columns: Sequence[Column]) -> bytes:
    form = f"* %d FETCH ({' '.join(forms)})\r\n"
    values = zip(numbers, *columns, strict=True)
    return (form * len(numbers) % tuple(chain.from_iterable(values))).encode("ascii")


def column(name: str, block: Block) -> list[bytes]:
    """One item of each message."""
    text = _TEXTS.get(name)
    if text is not None:
        form = text.form
        return [(form % value).encode("ascii") for value in text.values(block)]
    make = FROM_EMAIL[name]
    return [make(cast(Email, email)) for email in block.outlines]
