"""The one way a signed-in account sends. Stub while the house is being built: the signatures are the seam."""

from __future__ import annotations

from gatepost.model.account import Account
from gatepost.model.connection import Connection
from gatepost.model.envelope import Envelope, Receipt


class SubmissionDoor:
    """Submission (RFC 6409) for SMTP and JMAP alike."""

    max_message: int

    def check_sender(self, account: Account, address: str) -> None:
        """Raises NotYourAddress, BadMailAddress. The null sender is allowed to nobody."""
        raise NotImplementedError

    def check_recipient(self, connection: Connection, account: Account, address: str) -> None:
        """Raises NotLocal (mail for elsewhere is not sent yet), NoSuchAccount, BadMailAddress."""
        raise NotImplementedError

    async def send(self, connection: Connection, account: Account, envelope: Envelope, content: bytes) -> Receipt:
        """Checks the From header too, adds Date and Message-ID where missing (RFC 6409 §8), hides nothing, delivers.
        Raises what the checks and Intake.take raise."""
        raise NotImplementedError
