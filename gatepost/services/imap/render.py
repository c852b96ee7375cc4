"""Domain errors in IMAP's words (RFC 5530, RFC 9051 §7.1). Fixed sentences: an error's text stays in the house."""

from __future__ import annotations

from gatepost.model import errors
from gatepost.model.flags import BadFlag, TooManyFlags
from gatepost.proto.imap.render.status import Status, bad, no
from gatepost.services.imap.context import Refused
from gatepost.services.imap.selected import NoSuchNumber

_ANSWERS: dict[type[Exception], Status] = {
    errors.NoSuchMailbox: no("There is no such mailbox", "NONEXISTENT"),
    errors.MailboxExists: no("There is a mailbox of that name", "ALREADYEXISTS"),
    errors.RoleTaken: no("Another mailbox has that special use", "USEATTR"),  # RFC 6154 §3
    errors.TooManyMailboxes: no("There are too many mailboxes already", "LIMIT"),
    errors.BadMailboxName: no("That cannot be a mailbox's name", "CANNOT"),
    errors.MailboxHasChildren: no("It has mailboxes under it", "HASCHILDREN"),
    errors.MailboxHasMail: no("It still has messages", "CANNOT"),
    errors.MailboxProtected: no("INBOX stays where it is", "CANNOT"),
    errors.NotPermitted: no("You may not do that here", "NOPERM"),  # RFC 5530 §3
    errors.NoSuchAccount: no("There is nobody of that name here", "CANNOT"),
    errors.TooManyGrants: no("It is shared with too many already", "LIMIT"),
    errors.OverQuota: no("There is no room left", "OVERQUOTA"),
    errors.MessageTooLarge: no("The message is too large", "TOOBIG"),
    errors.NoSuchEmail: no("Some of the messages are gone", "EXPUNGEISSUED"),
    errors.NoSuchBlob: no("Some of the messages are gone", "EXPUNGEISSUED"),
    errors.StorageDamaged: no("The storage is damaged, tell your administrator", "CORRUPTION"),
    errors.StorageUnavailable: no("The storage is not available, try again later", "UNAVAILABLE"),
    errors.Temporary: no("Not possible now, try again later", "UNAVAILABLE"),
    BadFlag: no("Not a flag that can be kept", "CANNOT"),
    TooManyFlags: no("Too many keywords on one message", "LIMIT"),
    NoSuchNumber: bad("There is no message of that number", "CLIENTBUG"),
}
EXPECTED: tuple[type[Exception], ...] = (Refused, *_ANSWERS)
"""What a command may raise and still be answered."""


def answer(error: Exception) -> Status:
    """The status for one of EXPECTED."""
    if isinstance(error, Refused):
        return error.status
    for kind in type(error).__mro__:
        if kind in _ANSWERS:
            return _ANSWERS[kind]
    raise error
