"""The one way a signed-in account sends (RFC 6409), for SMTP and JMAP alike.

The sender must be the account's own address, in the envelope and in From. Mail for local domains is delivered; mail for
elsewhere is refused with a clear error: this server does not send to other hosts yet.
"""

from __future__ import annotations

import email.utils
import os

from gatepost.mail.intake import Intake, indexed
from gatepost.mail.strangers import Strangers
from gatepost.model.account import Account
from gatepost.model.connection import Connection
from gatepost.model.envelope import Envelope, Receipt
from gatepost.model.errors import NotYourAddress
from gatepost.model.mailaddr import BadMailAddress, canonical_address
from gatepost.ports.clock import Clock
from gatepost.proto.mime import header_fields, parse_addresses


class SubmissionDoor:
    """Checks what an account sends, completes its header, and hands it to the intake."""

    def __init__(self, *, intake: Intake, clock: Clock, hostname: str, strangers: Strangers | None = None) -> None:
        self._intake, self._clock, self._hostname = intake, clock, hostname
        self._strangers = strangers
        self.max_message = intake.max_message

    def check_sender(self, account: Account, address: str) -> None:
        """Raises NotYourAddress, BadMailAddress. The null sender is nobody's own."""
        if not address or canonical_address(address) not in (account.email, *account.addresses):
            raise NotYourAddress(address or "<>")

    def check_recipient(self, connection: Connection, account: Account, address: str) -> None:
        """Raises NotLocal (mail for elsewhere is not sent yet), NoSuchAccount, BadMailAddress."""
        self._intake.check_recipient(connection, address)

    async def send(self, connection: Connection, account: Account, envelope: Envelope, content: bytes) -> Receipt:
        """Adds Date and Message-ID where they are missing (RFC 6409 §8), and Sender never: From must be one's own.
        Raises what the checks and `Intake.take` raise, HeldBack (strangers.py)."""
        self.check_sender(account, envelope.sender)
        index = await indexed(content)
        fields = [(name.lower(), value) for name, value in header_fields(content, index.root)]
        senders = [found for name, value in fields if name == "from" for found in parse_addresses(value) if found.email]
        if not senders:
            raise NotYourAddress("no From")
        for sender in senders:
            try:
                self.check_sender(account, sender.email)
            except BadMailAddress as error:
                raise NotYourAddress(sender.email) from error
        present = {name for name, _ in fields}
        added = b""
        if "date" not in present:
            added += f"Date: {email.utils.formatdate(self._clock.now(), usegmt=False)}\r\n".encode()
        if "message-id" not in present:
            added += f"Message-ID: <{os.urandom(12).hex()}@{self._hostname}>\r\n".encode()
        room = self._strangers.send(account, connection.client, len(envelope.recipients)) if self._strangers else None
        try:
            return await self._intake.take(connection, envelope, added + without_bcc(content, fields))
        except BaseException:
            if room is not None:
                room()
            raise


def without_bcc(content: bytes, fields: list[tuple[str, bytes]]) -> bytes:
    """The message without its Bcc fields (RFC 5322 §3.6.3: recipients must not see them)."""
    if all(name != "bcc" for name, _ in fields):
        return content
    end = content.find(b"\r\n\r\n")
    head, rest = (content[: end + 2], content[end + 2 :]) if end >= 0 else (content, b"")
    kept: list[bytes] = []
    dropping = False
    for line in head.split(b"\r\n")[:-1]:
        if not line.startswith((b" ", b"\t")):
            dropping = line[:4].lower() == b"bcc:" or line[:4].lower() == b"bcc "
        if not dropping:
            kept.append(line)
    return b"".join(line + b"\r\n" for line in kept) + rest
