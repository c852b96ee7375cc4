"""Domain errors in JMAP's words: the one place where they get their SetError types (RFC 8620 §5.3, RFC 8621)."""

from __future__ import annotations

from gatepost.model.errors import (
    BadMailboxName,
    GatepostError,
    HeldBack,
    MailboxExists,
    MailboxHasChildren,
    MailboxHasMail,
    MailboxProtected,
    MessageRefused,
    MessageTooLarge,
    NoSuchBlob,
    NoSuchEmail,
    NoSuchMailbox,
    NotYourAddress,
    OverQuota,
    Temporary,
)
from gatepost.proto.jmap.errors import MethodError, Object, SetError, invalid

_WORDS: dict[type[GatepostError], SetError] = {
    NoSuchEmail: SetError("notFound"),
    NoSuchMailbox: invalid(["mailboxIds"], "There is no such mailbox."),
    NoSuchBlob: SetError("blobNotFound", notFound=[]),
    OverQuota: SetError("overQuota", "There is no room for it."),
    MailboxExists: invalid(["name"], "A mailbox of this name is there already."),
    BadMailboxName: invalid(["name"], "This cannot be a mailbox's name."),
    MailboxHasChildren: SetError("mailboxHasChild"),
    MailboxHasMail: SetError("mailboxHasEmail"),
    MailboxProtected: SetError("forbidden", "The inbox can be neither renamed nor removed."),
    MessageRefused: SetError("forbiddenToSend", "A recipient refuses this message."),
    NotYourAddress: SetError("forbiddenFrom"),
    HeldBack: SetError("rateLimit", "Too much for a first day on a network new to this account. Try again later."),
}


def set_error(error: SetError | GatepostError, max_message: int) -> Object:
    """The SetError object. Raises the error itself where it has no words here."""
    if isinstance(error, SetError):
        return error.object()
    if isinstance(error, MessageTooLarge):
        return SetError("tooLarge", maxSize=max_message).object()
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words.object()
    if isinstance(error, Temporary):
        return SetError("rateLimit", "Temporarily unavailable. Try again later.").object()
    raise error


def method_error(error: GatepostError) -> MethodError:
    """For what befalls a method as a whole."""
    if isinstance(error, Temporary):
        return MethodError("serverUnavailable")
    return MethodError("serverFail", "Something went wrong here. The server's log knows more.")
