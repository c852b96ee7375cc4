"""The tree of mailboxes as a client sees it: its own, then what others share, and the levels above these that are no mailboxes.

Law: others are asked only where a pattern may reach them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gatepost.mail.shared import OTHERS
from gatepost.model.mail import SEPARATOR, Mailbox
from gatepost.services.imap.context import Context, Place

_PREFIX = OTHERS + SEPARATOR


async def places(context: Context, patterns: Iterable[str]) -> list[Place]:
    """All that may be looked up, as far as patterns may reach; each owner's by path."""
    own = [Place(context.mail, mailbox) for mailbox in await context.mail.mailboxes()]
    if not any(_reaches_others(pattern) for pattern in patterns):
        return own
    assert context.account is not None
    theirs: list[Place] = []
    hidden: list[str] = []
    for mail in await context.house.mailboxes.shared(context.account):
        theirs += [Place(mail, mailbox) for mailbox in await mail.mailboxes()]
        hidden.append(mail.prefix)
    # what one's own tree has in another's place cannot be reached: the name is the other's (`MailboxDoor.at`)
    return [place for place in own if not place.mailbox.path.startswith(tuple(hidden))] + theirs


def _reaches_others(pattern: str) -> bool:
    """Whether a pattern can match a path under `Other Users`, or that level itself."""
    start = pattern.split("*")[0].split("%")[0]
    return start.startswith(_PREFIX) or _PREFIX.startswith(start)


def bare_levels(everything: Sequence[Mailbox]) -> list[str]:
    """The levels above mailboxes that are no mailboxes to this client, sorted."""
    there = {mailbox.path for mailbox in everything}
    found: set[str] = set()
    for path in there:
        while SEPARATOR in path:
            path = path.rpartition(SEPARATOR)[0]
            if path in there or path in found:
                break
            found.add(path)
    return sorted(found)
