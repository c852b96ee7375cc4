"""A mailbox's attributes in LIST (RFC 9051 §7.3.1, RFC 6154 §2): its children, its special use."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.model.mail import SEPARATOR, Mailbox

SPECIAL_USES = {
    "\\" + role.lower(): role for role in ("all", "archive", "drafts", "flagged", "important", "junk", "sent", "trash")
}
"""Special-use attributes in lower case, and the model's word for each."""


def special_use(mailbox: Mailbox) -> str | None:
    """`\\Sent` and kin; INBOX has none."""
    return f"\\{mailbox.role.capitalize()}" if mailbox.role and mailbox.role != "inbox" else None


def attributes(
    mailbox: Mailbox, everything: Sequence[Mailbox], parents: frozenset[str] | None = None
) -> tuple[str, ...]:
    """\\HasChildren or \\HasNoChildren, then the special use. `parents` are the paths that have children, where the caller
    has gathered them already."""
    paths = parents_of(everything) if parents is None else parents
    children = "\\HasChildren" if mailbox.path in paths else "\\HasNoChildren"
    use = special_use(mailbox)
    return (children,) if use is None else (children, use)


def parents_of(everything: Sequence[Mailbox]) -> frozenset[str]:
    """The paths that have a mailbox under them."""
    return frozenset(mailbox.path.rpartition(SEPARATOR)[0] for mailbox in everything)
