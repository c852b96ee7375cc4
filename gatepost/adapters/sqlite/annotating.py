"""Annotations of mailboxes and of the server (RFC 5464), within budgets of their own.

The server's have mailbox 0. Shared ones have the empty owner; the private ones of every user who may see a mailbox lie
beside it, in the database of whose mailbox it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from gatepost.adapters.sqlite import mailboxes
from gatepost.adapters.sqlite.rows import fetch_one
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.account import AccountId
from gatepost.model.annotation import MAX_COUNT, MAX_OCTETS, MAX_VALUE, Annotation, owner_of
from gatepost.model.errors import AnnotationTooLarge, TooManyAnnotations
from gatepost.model.mail import Annotated, MailboxId, MailboxUpdate

SCHEMA = """
CREATE TABLE annotation (
    mailbox INTEGER NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (mailbox, owner, name)
) WITHOUT ROWID;
CREATE INDEX annotation_owner ON annotation (owner);
"""
SERVER = 0


def kept(db: apsw.Connection, mailbox: MailboxId | None, user: AccountId) -> tuple[Annotation, ...]:
    """The shared ones and the user's own, by name. Raises NoSuchMailbox."""
    if mailbox is not None:
        mailboxes.require(db, mailbox)
    rows = db.execute(
        "SELECT name, value FROM annotation WHERE mailbox = ? AND owner IN ('', ?) ORDER BY name",
        (mailbox or SERVER, user),
    )
    return tuple(Annotation(name, bytes(value)) for name, value in rows)


def annotate(
    change: Change,
    mailbox: MailboxId | None,
    user: AccountId,
    values: Mapping[str, bytes | None],
    update: MailboxUpdate | None,
) -> None:
    """Sets, or with None removes. Raises NoSuchMailbox, AnnotationTooLarge, TooManyAnnotations, and what `update` of a
    mailbox raises."""
    if mailbox is not None:
        mailboxes.require(change.db, mailbox)
        if update is not None:
            mailboxes.update(change, mailbox, update)
    place = mailbox or SERVER
    grown = set()
    before = len(change.annotated)
    for name, value in values.items():
        owner = owner_of(name, user)
        if value is None:
            change.db.execute(
                "DELETE FROM annotation WHERE mailbox = ? AND owner = ? AND name = ?", (place, owner, name)
            )
            if not change.db.changes():
                continue
        else:
            if len(value) > MAX_VALUE:
                raise AnnotationTooLarge(name)
            change.db.execute(
                "INSERT INTO annotation (mailbox, owner, name, value) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET value = excluded.value",
                (place, owner, name, value),
            )
            grown.add(owner)
        change.annotated.append(Annotated(mailbox, owner, name))
    if mailbox is not None and len(change.annotated) > before:
        # RFC 7162 §3.2. Not by a tally: to those who watch its messages nothing has happened
        change.db.execute("UPDATE mailbox SET modseq = ? WHERE id = ?", (change.next_modseq(), mailbox))
    for owner in sorted(grown):
        _check_room(change.db, place, owner)


def _check_room(db: apsw.Connection, place: int, owner: str) -> None:
    (count,) = fetch_one(db, "SELECT count(*) FROM annotation WHERE mailbox = ? AND owner = ?", (place, owner))
    (octets,) = fetch_one(db, "SELECT total(length(name) + length(value)) FROM annotation WHERE owner = ?", (owner,))
    if count > MAX_COUNT or octets > MAX_OCTETS:
        raise TooManyAnnotations(f"at most {MAX_COUNT} of a mailbox, and {MAX_OCTETS} octets together")
