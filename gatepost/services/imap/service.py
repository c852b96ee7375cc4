"""What the acceptor hands IMAP connections to."""

from __future__ import annotations

from gatepost.journal import Journal
from gatepost.mail.access import AccessLists
from gatepost.mail.auth import AuthDoor
from gatepost.mail.mailbox import MailboxDoor
from gatepost.net.conversation import Budget
from gatepost.net.wire import Wire
from gatepost.ports.clock import Clock
from gatepost.proto.imap.render.status import bye
from gatepost.services.imap.context import House
from gatepost.services.imap.options import ImapOptions
from gatepost.services.imap.session import ImapSession

_FAREWELLS = {
    "timeout": bye("You were silent for too long"),
    "stopping": bye("The server is stopping", "UNAVAILABLE"),
    "busy": bye("The server is busy, try again later", "UNAVAILABLE"),
    "error": bye("Something went wrong on our side", "SERVERBUG"),
}


class ImapService:
    """`max_message` in octets bounds APPEND; `hostname` is what the greeting calls us."""

    def __init__(
        self,
        *,
        auth: AuthDoor,
        mailboxes: MailboxDoor,
        journal: Journal,
        clock: Clock,
        budget: Budget,
        hostname: str,
        options: ImapOptions,
        max_message: int,
    ) -> None:
        self._house = House(
            auth, mailboxes, AccessLists(mailboxes), journal, clock, budget, hostname, options, max_message
        )

    async def serve(self, wire: Wire) -> None:
        """The whole conversation; after STARTTLS it begins anew, knowing nothing (RFC 9051 §6.2.1)."""
        greeted = False
        while await ImapSession(self._house, wire).converse(greeted):
            greeted = True

    def farewell(self, why: str) -> bytes:
        """BYE for `timeout`, `stopping`, `busy` or `error`."""
        return _FAREWELLS.get(why, _FAREWELLS["error"]).render()
