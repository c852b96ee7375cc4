"""A mailbox's attributes in LIST (RFC 9051 §7.3.1, RFC 6154 §2): its children, its special use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gatepost.model.mail import SEPARATOR, Mailbox
from gatepost.proto.imap.render.status import no
from gatepost.services.imap.context import Refused

SPECIAL_USES = {
    "\\" + role.lower(): role for role in ("all", "archive", "drafts", "flagged", "important", "junk", "sent", "trash")
}
"""Special-use attributes in lower case, and the model's word for each."""


def role_of(uses: Iterable[str]) -> str | None:
    """The role that these attributes give: one special use a mailbox, of those we know. Raises Refused (RFC 6154 §3)."""
    roles = {SPECIAL_USES.get(use.lower()) for use in uses}
    if None in roles or len(roles) > 1:
        raise Refused(no("That special use cannot be given", "USEATTR"))
    return roles.pop() if roles else None


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
