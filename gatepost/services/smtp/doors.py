"""What differs between an MX and a submission server, and between a stranger and somebody signed in: which door is asked."""

from __future__ import annotations

from typing import Literal, TypeAlias

from gatepost.mail.intake import Intake
from gatepost.mail.submission import SubmissionDoor
from gatepost.model.account import Account
from gatepost.model.connection import Connection
from gatepost.model.envelope import Envelope, Receipt

Role: TypeAlias = Literal["mx", "submission"]


class Doors:
    """Strangers bring mail in through `intake`; whoever signed in sends through `submission`, at either door."""

    def __init__(self, role: Role, intake: Intake, submission: SubmissionDoor) -> None:
        self._intake, self._submission = intake, submission
        self.requires_sign_in = role == "submission"
        self.max_message = (submission if role == "submission" else intake).max_message

    def check_sender(self, account: Account | None, address: str) -> None:
        """Raises NotYourAddress, BadMailAddress. A stranger may name any sender."""
        if account is not None:
            self._submission.check_sender(account, address)

    def check_recipient(self, connection: Connection, account: Account | None, address: str) -> None:
        """Raises NotLocal, NoSuchAccount, BadMailAddress, OverQuota."""
        if account is not None:
            self._submission.check_recipient(connection, account, address)
        else:
            self._intake.check_recipient(connection, address)

    async def take(
        self, connection: Connection, account: Account | None, envelope: Envelope, content: bytes
    ) -> Receipt:
        """Returns when the message is durable for everybody. Raises what the doors raise."""
        if account is not None:
            return await self._submission.send(connection, account, envelope, content)
        return await self._intake.take(connection, envelope, content)
