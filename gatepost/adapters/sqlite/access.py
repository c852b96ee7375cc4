"""Access lists of an account's mailboxes, and the account's subscriptions to mailboxes of others.

Law: these rows are the truth about who may see what. `sharing` only knows where to look.
"""

from __future__ import annotations

import apsw

from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.account import AccountId
from gatepost.model.errors import NoSuchMailbox, TooManyGrants
from gatepost.model.mail import MailboxId
from gatepost.model.rights import NO_RIGHTS, Grant, Grantee, MailboxAccess, Rights, combine_rights

SCHEMA = """
CREATE TABLE access (
    mailbox INTEGER NOT NULL,
    grantee TEXT NOT NULL,
    negative INTEGER NOT NULL,
    rights TEXT NOT NULL,
    PRIMARY KEY (mailbox, grantee, negative)
) WITHOUT ROWID;
CREATE TABLE subscription (
    owner TEXT NOT NULL,
    mailbox INTEGER NOT NULL,
    PRIMARY KEY (owner, mailbox)
) WITHOUT ROWID;
"""
MAX_GRANTS = 500
"""Lines of one mailbox's access list."""
MAX_SUBSCRIPTIONS = 10_000

_GRANT = "SELECT mailbox, grantee, rights, negative FROM access"


def access(db: apsw.Connection, mailbox: MailboxId) -> tuple[Grant, ...]:
    """By grantee. Raises NoSuchMailbox."""
    _require(db, mailbox)
    rows = db.execute(f"{_GRANT} WHERE mailbox = ? ORDER BY grantee, negative", (mailbox,))
    return tuple(Grant(grantee, rights, bool(negative)) for _, grantee, rights, negative in rows)


def all_access(db: apsw.Connection) -> tuple[MailboxAccess, ...]:
    """Of every mailbox that has a list."""
    found: dict[MailboxId, list[Grant]] = {}
    for mailbox, grantee, rights, negative in db.execute(f"{_GRANT} ORDER BY mailbox, grantee, negative"):
        found.setdefault(mailbox, []).append(Grant(grantee, rights, bool(negative)))
    return tuple(MailboxAccess(mailbox, tuple(grants)) for mailbox, grants in found.items())


def set_access(change: Change, mailbox: MailboxId, grantee: Grantee, mode: str, rights: Rights, negative: bool) -> None:
    """A line without rights goes. Raises NoSuchMailbox, TooManyGrants."""
    db = change.db
    _require(db, mailbox)
    key = (mailbox, grantee, negative)
    row = fetch_first(db, "SELECT rights FROM access WHERE mailbox = ? AND grantee = ? AND negative = ?", key)
    old = NO_RIGHTS if row is None else Rights(row[0])
    new = combine_rights(old, mode, rights)
    if new == old:
        return
    if row is None and fetch_all(db, "SELECT count(*) FROM access WHERE mailbox = ?", (mailbox,))[0][0] >= MAX_GRANTS:
        raise TooManyGrants(str(mailbox))
    if new:
        db.execute(
            "INSERT OR REPLACE INTO access (mailbox, grantee, negative, rights) VALUES (?, ?, ?, ?)", (*key, new)
        )
    else:
        db.execute("DELETE FROM access WHERE mailbox = ? AND grantee = ? AND negative = ?", key)
    change.access_changed(mailbox)


def inherit(change: Change, parent: MailboxId, child: MailboxId) -> None:
    """A new mailbox begins with the access list of what it lies under (RFC 4314 §4, CREATE)."""
    change.db.execute(
        "INSERT INTO access (mailbox, grantee, negative, rights)"
        " SELECT ?, grantee, negative, rights FROM access WHERE mailbox = ?",
        (child, parent),
    )


def revoke(change: Change, grantee: Grantee) -> None:
    """Every line that is for `grantee` goes, and what annotations are theirs."""
    for (mailbox,) in fetch_all(change.db, "SELECT DISTINCT mailbox FROM access WHERE grantee = ?", (grantee,)):
        change.access_changed(MailboxId(mailbox))
    change.db.execute("DELETE FROM access WHERE grantee = ?", (grantee,))
    change.db.execute("DELETE FROM annotation WHERE owner = ?", (grantee,))


def grantees(db: apsw.Connection) -> frozenset[Grantee]:
    """For whom anything is granted."""
    return frozenset(row[0] for row in db.execute("SELECT DISTINCT grantee FROM access WHERE NOT negative"))


def subscriptions(db: apsw.Connection) -> frozenset[tuple[AccountId, MailboxId]]:
    """To mailboxes of others."""
    return frozenset(db.execute("SELECT owner, mailbox FROM subscription").fetchall())  # type: ignore[arg-type]


def subscribe(change: Change, owner: AccountId, mailbox: MailboxId, subscribed: bool) -> None:
    """Twice does no harm. Raises TooManyGrants."""
    if not subscribed:
        change.db.execute("DELETE FROM subscription WHERE owner = ? AND mailbox = ?", (owner, mailbox))
        return
    if fetch_all(change.db, "SELECT count(*) FROM subscription")[0][0] >= MAX_SUBSCRIPTIONS:
        raise TooManyGrants("subscriptions")
    change.db.execute("INSERT OR IGNORE INTO subscription (owner, mailbox) VALUES (?, ?)", (owner, mailbox))


def _require(db: apsw.Connection, mailbox: MailboxId) -> None:
    if fetch_first(db, "SELECT 1 FROM mailbox WHERE id = ?", (mailbox,)) is None:
        raise NoSuchMailbox(str(mailbox))
