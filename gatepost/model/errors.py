"""Domain errors. They carry no wire codes: each service's `render` says them in its protocol's words.

The text of an error may hold names that the user knows already (a mailbox, an address); it is never sent to a peer
before login, and never an exception's text from elsewhere.
"""

from __future__ import annotations


class GatepostError(Exception):
    """Everything that Gatepost itself raises on purpose."""


class Temporary(GatepostError):
    """It may work later: nothing was changed."""


class StorageUnavailable(Temporary):
    """The disk is full, read-only or failing; nothing was changed."""


class StorageDamaged(StorageUnavailable):
    """What is stored cannot be read any more; waiting will not help, an administrator may."""


class Overloaded(Temporary):
    """A budget (octets in flight, queue of password checks) is used up."""


class CannotStart(GatepostError):
    """The server can't start; the text is one sentence for an administrator."""


class HeldBack(Temporary):
    """Too much for somebody who signed in from a network that is new to the account; it works later, or from elsewhere."""


class NoSuchAccount(GatepostError):
    """No account has this address."""


class AccountExists(GatepostError):
    """The address is taken by an account or an alias."""


class NoSuchDomain(GatepostError):
    """This server does not hold that domain."""


class DomainInUse(GatepostError):
    """The domain still has accounts or aliases."""


class WeakPassword(GatepostError):
    """The password is among the commonest or contains the login; the text says which."""


class NoSuchMailbox(GatepostError):
    """No mailbox has this name or id."""


class MailboxExists(GatepostError):
    """A mailbox has this name already."""


class RoleTaken(MailboxExists):
    """Another mailbox has this role already."""


class BadMailboxName(GatepostError):
    """The name cannot be a mailbox's: empty, too long, control characters, an empty level."""


class TooManyMailboxes(BadMailboxName):
    """The account has as many mailboxes as it may have."""


class MailboxHasChildren(GatepostError):
    """It still has mailboxes under it, and the caller asked for it alone to go."""


class MailboxHasMail(GatepostError):
    """It still has messages, and the caller asked for it to go only if empty."""


class MailboxProtected(GatepostError):
    """INBOX can be neither deleted nor moved."""


class NotPermitted(GatepostError):
    """The mailbox is another's, who has not granted the right that this needs (RFC 4314)."""


class TooManyGrants(GatepostError):
    """A mailbox is shared with as many as it can be; also: an account subscribes to as many of others' as it can."""


class AnnotationTooLarge(GatepostError):
    """An annotation's value is larger than this server keeps."""


class TooManyAnnotations(GatepostError):
    """The mailbox, the server or the user has no room for another annotation."""


class NoSuchEmail(GatepostError):
    """No email has this id."""


class NoSuchBlob(GatepostError):
    """No stored octets have this id."""


class OverQuota(GatepostError):
    """The account has no room for this message."""


class MessageTooLarge(GatepostError):
    """The message is larger than this server takes."""


class CannotCalculateChanges(GatepostError):
    """The state is older than what is remembered (RFC 8620 §5.2)."""


class NoSuchScript(GatepostError):
    """No Sieve script has this name."""


class ScriptExists(GatepostError):
    """A Sieve script has this name already."""


class ScriptActive(GatepostError):
    """The active script cannot be deleted (RFC 5804 §2.10)."""


class TooManyScripts(GatepostError):
    """The account's scripts use up their quota (count or octets)."""


class BadScript(GatepostError):
    """A Sieve script does not compile. `line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
        self.reason, self.line = reason, line


class NotLocal(GatepostError):
    """The recipient's domain is not held here, and the sender may not relay through us."""


class NotYourAddress(GatepostError):
    """The sender address is not one of the signed-in account's own."""


class MessageRefused(GatepostError):
    """The recipient's Sieve script refuses the message; the text is the script's reason (RFC 5429 §2)."""
