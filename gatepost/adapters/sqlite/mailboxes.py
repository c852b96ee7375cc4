"""The mailbox tree. A path is kept beside parent and name, so that look-ups by path are one index probe.

Not here: what lies in a mailbox (`entries`, `emails`).
"""

from __future__ import annotations

import apsw
from msgspec import UNSET

from gatepost.adapters.sqlite import subscribing
from gatepost.adapters.sqlite.access import inherit
from gatepost.adapters.sqlite.emails import destroy_unplaced
from gatepost.adapters.sqlite.entries import move_all, untold
from gatepost.adapters.sqlite.mailboxnames import INBOX, check_level, join_path, shown_order, split_path
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.errors import (
    BadMailboxName,
    MailboxExists,
    MailboxHasChildren,
    MailboxHasMail,
    MailboxProtected,
    NoSuchMailbox,
    RoleTaken,
    TooManyMailboxes,
)
from gatepost.model.flags import Flags
from gatepost.model.mail import ROLES, SEPARATOR, EmailId, Mailbox, MailboxEvent, MailboxId, MailboxUpdate
from gatepost.model.uidset import UidSet

_COLUMNS = (
    "id, path, name, parent, role, subscribed, sort_order, uidvalidity, uidnext, messages, unseen, deleted, size, modseq,"
    " changed"
)
MAX_MAILBOXES = 5000
"""Mailboxes in one account; a client gone wild is told that the name is bad before it fills the disk with empty folders."""


def _mailbox(row: tuple[object, ...]) -> Mailbox:
    values = list(row)
    values[5] = bool(values[5])
    return Mailbox(*values)  # type: ignore[arg-type]


def all_mailboxes(db: apsw.Connection) -> tuple[Mailbox, ...]:
    """By path, INBOX first."""
    found = [_mailbox(row) for row in db.execute(f"SELECT {_COLUMNS} FROM mailbox")]  # noqa: S608 - a constant
    return tuple(sorted(found, key=lambda mailbox: shown_order(mailbox.path)))


def by_path(db: apsw.Connection, path: str) -> Mailbox:
    """Raises NoSuchMailbox."""
    return opened(db, path)[0]


def opened(db: apsw.Connection, path: str) -> tuple[Mailbox, UidSet]:
    """With the UIDs given out that nobody was told of. Raises NoSuchMailbox."""
    try:
        wanted = join_path(split_path(path))
    except BadMailboxName as error:
        raise NoSuchMailbox(path) from error
    row = fetch_first(db, f"SELECT {_COLUMNS}, recent FROM mailbox WHERE path = ?", (wanted,))  # noqa: S608
    if row is None:
        raise NoSuchMailbox(path)
    mailbox = _mailbox(row[:-1])
    return mailbox, untold(row[-1], mailbox.uidnext)


def by_id(db: apsw.Connection, mailbox: MailboxId) -> Mailbox:
    """Raises NoSuchMailbox."""
    row = fetch_first(db, f"SELECT {_COLUMNS} FROM mailbox WHERE id = ?", (mailbox,))  # noqa: S608
    if row is None:
        raise NoSuchMailbox(str(mailbox))
    return _mailbox(row)


def require(db: apsw.Connection, mailbox: MailboxId) -> None:
    """Raises NoSuchMailbox."""
    if fetch_first(db, "SELECT 1 FROM mailbox WHERE id = ?", (mailbox,)) is None:
        raise NoSuchMailbox(str(mailbox))


def create(change: Change, path: str, role: str | None, subscribed: bool) -> MailboxId:
    """Makes the mailbox and its missing parents; each has the access list of what it lies under. Raises MailboxExists,
    BadMailboxName."""
    levels = split_path(path)
    parent: MailboxId | None = None
    for depth in range(1, len(levels)):
        parent = _find(change.db, join_path(levels[:depth])) or _insert(change, levels[:depth], parent, None, False)
    if _find(change.db, join_path(levels)) is not None:
        raise MailboxExists(path)
    _check_role(change.db, role)
    return _insert(change, levels, parent, role, subscribed)


def _find(db: apsw.Connection, path: str) -> MailboxId | None:
    row = fetch_first(db, "SELECT id FROM mailbox WHERE path = ?", (path,))
    return None if row is None else MailboxId(row[0])


def _insert(
    change: Change, levels: tuple[str, ...], parent: MailboxId | None, role: str | None, subscribed: bool
) -> MailboxId:
    if fetch_first(change.db, "SELECT count(*) FROM mailbox")[0] >= MAX_MAILBOXES:  # type: ignore[index]
        raise TooManyMailboxes(f"the account has {MAX_MAILBOXES} mailboxes already")
    subscribed = subscribing.take_up(change, join_path(levels)) or subscribed
    modseq = change.next_modseq()
    change.mailbox_made(modseq)
    change.db.execute(
        "INSERT INTO mailbox (parent, name, path, role, subscribed, sort_order, uidvalidity, modseq, changed, properties,"
        " created) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
        (parent, levels[-1], join_path(levels), role, subscribed, change.next_uidvalidity(), *[modseq] * 4),
    )
    made = MailboxId(change.db.last_insert_rowid())
    if parent is not None:
        inherit(change, parent, made)
    change.events.append(MailboxEvent("created", made, join_path(levels)))
    return made


def _check_role(db: apsw.Connection, role: str | None, mailbox: MailboxId | None = None) -> None:
    """A role is one mailbox's only (RFC 8621 §2). Raises RoleTaken, BadMailboxName."""
    if role is None:
        return
    if role not in ROLES:
        raise BadMailboxName("no mailbox can have this role")
    row = fetch_first(db, "SELECT id FROM mailbox WHERE role = ?", (role,))
    if row is not None and row[0] != mailbox:
        raise RoleTaken("another mailbox has this role")


def update(change: Change, mailbox: MailboxId, wanted: MailboxUpdate) -> None:
    """Raises NoSuchMailbox, MailboxExists, BadMailboxName, MailboxProtected."""
    old = by_id(change.db, mailbox)
    name = old.name if wanted.name is UNSET else check_level(wanted.name)
    parent = old.parent if wanted.parent is UNSET else wanted.parent
    role = old.role if wanted.role is UNSET else wanted.role
    subscribed = old.subscribed if wanted.subscribed is UNSET else wanted.subscribed
    order = old.sort_order if wanted.sort_order is UNSET else wanted.sort_order
    if old.path == INBOX and (name, parent, role) != (old.name, old.parent, old.role):
        raise MailboxProtected("INBOX keeps its name, its place and its role")
    _check_role(change.db, role, mailbox)
    if (name, parent) != (old.name, old.parent):
        subscribed = _move(change, old, name, parent) or subscribed
    elif (role, subscribed, order) == (old.role, old.subscribed, old.sort_order):
        return
    change.db.execute(
        "UPDATE mailbox SET role = ?, subscribed = ?, sort_order = ? WHERE id = ?", (role, subscribed, order, mailbox)
    )
    if subscribed is not old.subscribed:
        change.events.append(MailboxEvent("subscription", mailbox, by_id(change.db, mailbox).path))
    change.mailbox_changed(mailbox)


def _move(change: Change, old: Mailbox, name: str, parent: MailboxId | None) -> bool:
    """Gives a mailbox its new place; the paths of all under it follow. Whether the new name is still subscribed to."""
    above = by_id(change.db, parent).path + SEPARATOR if parent is not None else ""
    if (above + SEPARATOR).startswith(old.path + SEPARATOR):
        raise BadMailboxName("a mailbox cannot lie under itself")
    path = join_path(split_path(above + name))
    if _find(change.db, path) not in (None, old.id):
        raise MailboxExists(path)
    below = [
        (number, path + text[len(old.path) :])
        for number, text in change.db.execute(
            "SELECT id, path FROM mailbox WHERE path > ? AND path < ?", (old.path + "/", old.path + "0")
        )
    ]
    for _, text in below:
        split_path(text)  # not too deep
    change.db.execute(
        "UPDATE mailbox SET name = ?, parent = ?, path = ? WHERE id = ?",
        (path.rpartition("/")[2], parent, path, old.id),
    )
    for number, text in below:
        change.db.execute("UPDATE mailbox SET path = ? WHERE id = ?", (text, number))
        subscribing.take_up(change, text)
    change.events.append(MailboxEvent("renamed", old.id, path, old.path))
    return subscribing.take_up(change, path)


def rename_inbox(change: Change, path: str) -> MailboxId:
    """RFC 9051 §6.3.6: the messages go, INBOX stays, and both have its annotations (RFC 5464 §4.1). Raises MailboxExists,
    BadMailboxName."""
    inbox = _find(change.db, INBOX)
    assert inbox is not None
    target = create(change, path, None, subscribed=False)
    move_all(change, inbox, target)
    change.db.execute(
        "INSERT INTO annotation (mailbox, owner, name, value) SELECT ?, owner, name, value FROM annotation WHERE mailbox = ?",
        (target, inbox),
    )
    change.events[-1] = MailboxEvent("renamed", target, by_id(change.db, target).path, INBOX)
    return target


def delete(change: Change, mailbox: MailboxId, with_mail: bool) -> None:
    """Raises NoSuchMailbox, MailboxHasChildren, MailboxProtected, MailboxHasMail."""
    old = by_id(change.db, mailbox)
    if old.path == INBOX:
        raise MailboxProtected("INBOX cannot be deleted")
    if fetch_first(change.db, "SELECT 1 FROM mailbox WHERE parent = ?", (mailbox,)):
        raise MailboxHasChildren(old.path)
    if old.messages and not with_mail:
        raise MailboxHasMail(old.path)
    rows = fetch_all(
        change.db,
        "SELECT n.email, n.uid, m.size, n.flags FROM entry n JOIN email m ON m.id = n.email WHERE n.mailbox = ?",
        (mailbox,),
    )
    for email, uid, size, flags in rows:
        modseq = change.next_modseq()
        change.displace(mailbox, uid, size, Flags(flags), modseq)
        change.touch_email(EmailId(email), modseq)
    destroy_unplaced(change, [EmailId(row[0]) for row in rows])
    change.db.execute("DELETE FROM gone_entry WHERE mailbox = ?", (mailbox,))
    change.db.execute("DELETE FROM keyword WHERE mailbox = ?", (mailbox,))
    change.db.execute("DELETE FROM block WHERE mailbox = ?", (mailbox,))
    if old.subscribed:
        subscribing.leave(change, old.path)
    change.db.execute("DELETE FROM access WHERE mailbox = ?", (mailbox,))
    change.db.execute("DELETE FROM annotation WHERE mailbox = ?", (mailbox,))
    (created,) = fetch_first(change.db, "DELETE FROM mailbox WHERE id = ? RETURNING created", (mailbox,))  # type: ignore[misc]
    change.mailbox_gone(mailbox, created)
    change.events.append(MailboxEvent("deleted", mailbox, old.path))
