"""Puts right what `checking` and `contents` found. Law: no message is removed, and none becomes less than it was.

A message without a mailbox, and octets without a message, go to the mailbox Recovered. Octets that are lost or damaged are
marked as known: the message stays as it is, with its envelope, and is whole again once the same octets come in again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from gatepost.adapters.sqlite import appending, checking, contents, mailboxes, searchindex
from gatepost.adapters.sqlite.blobs import BlobFiles, read
from gatepost.adapters.sqlite.contents import Doubt
from gatepost.adapters.sqlite.rows import fetch_all, fetch_first, fetch_one
from gatepost.adapters.sqlite.unit import Change
from gatepost.model.errors import NoSuchBlob
from gatepost.model.flags import NO_FLAGS
from gatepost.model.mail import BlobId, Draft, EmailId, MailboxId
from gatepost.model.upkeep import Fault

RECOVERED = "Recovered"


def mend_rows(change: Change, files: BlobFiles) -> list[Fault]:
    """Runs the table's statements, in order; what was found, mended."""
    found: list[Fault] = []
    for check in checking.CHECKS:
        while subjects := checking.subjects(change.db, check):
            found += [Fault(check.kind, subject, check.text.format(subject), mended=True) for subject in subjects]
            if check.mend:
                change.db.execute(check.mend)
            else:
                _MORE[check.kind](change, files, subjects)
            for path in subjects if check.mailboxes else ():
                change.mailbox_changed(mailboxes.by_path(change.db, path).id)
            if len(subjects) < checking.REPORTED or check.mend:
                break
    if found:
        _settle(change)
    return found


def _settle(change: Change) -> None:
    """The account's own sums: of the rows as they are now, and later than every row."""
    (change.used,) = fetch_one(change.db, "SELECT coalesce(sum(m.size), 0) FROM entry n JOIN email m ON m.id = n.email")
    (highest,) = fetch_one(
        change.db,
        "SELECT max((SELECT coalesce(max(modseq), 0) FROM entry), (SELECT coalesce(max(modseq), 0) FROM email),"
        " (SELECT max(modseq, changed) FROM mailbox ORDER BY 1 DESC), (SELECT coalesce(max(modseq), 0) FROM gone_entry))",
    )
    change.modseq = max(change.modseq, highest) + 1


def _recovered(change: Change) -> MailboxId:
    row = fetch_first(change.db, "SELECT id FROM mailbox WHERE path = ?", (RECOVERED,))
    return MailboxId(row[0]) if row else mailboxes.create(change, RECOVERED, None, subscribed=True)


def _place(change: Change, files: BlobFiles, subjects: Sequence[str]) -> None:
    """Messages without a mailbox."""
    target = _recovered(change)
    for email in subjects:
        (size,) = fetch_one(change.db, "SELECT size FROM email WHERE id = ?", (email,))
        modseq = change.next_modseq()
        change.place(target, EmailId(int(email)), size, NO_FLAGS, modseq)
        change.touch_email(EmailId(int(email)), modseq)


def _adopt(change: Change, files: BlobFiles, subjects: Sequence[str]) -> None:
    """Octets without a message become one; where they are lost too, there is nothing left to keep."""
    for blob in subjects:
        try:
            content = read(change.db, files, BlobId(blob), 0, None)
        except NoSuchBlob:
            change.db.execute("DELETE FROM blob WHERE id = ?", (blob,))
            continue
        appending.append(change, files, appending.prepare(Draft(content, (_recovered(change),))))


def _usage(change: Change, files: BlobFiles, subjects: Sequence[str]) -> None:
    """`_settle` does it, after everything else."""


def _search(change: Change, files: BlobFiles, subjects: Sequence[str]) -> None:
    """The index of text holds nothing that is not elsewhere: it is made anew. What is not parsed yet waits for that first."""
    searchindex.queue_all(change.db)
    change.db.execute("DELETE FROM unindexed WHERE email IN (SELECT email FROM unparsed)")


_MORE: dict[str, Callable[[Change, BlobFiles, Sequence[str]], None]] = {
    "unplaced": _place,
    "orphan": _adopt,
    "usage": _usage,
    "search": _search,
}


def mend_contents(change: Change, files: BlobFiles, doubts: Sequence[Doubt]) -> None:
    """Reads anew what does not fit, marks what is lost; what was marked and is well again is marked no more."""
    read_anew: list[EmailId] = []
    for doubt in doubts:
        if doubt.kind != "index":
            change.db.execute("INSERT OR IGNORE INTO lost (blob, found) VALUES (?, ?)", (doubt.blob, change.now))
            continue
        try:
            content = read(change.db, files, doubt.blob, 0, None)
        except NoSuchBlob:  # it went meanwhile
            continue
        contents.reindex(change, content, doubt.email)
        read_anew.append(doubt.email)
    searchindex.forget(change.db, read_anew)
    searchindex.queue(change.db, read_anew)


def unmark(change: Change, lost: Collection[BlobId]) -> None:
    """Only `lost` octets are lost."""
    for (blob,) in fetch_all(change.db, "SELECT blob FROM lost"):
        if blob not in lost:
            change.db.execute("DELETE FROM lost WHERE blob = ?", (blob,))
