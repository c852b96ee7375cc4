"""The one way a message enters. Stub while the house is being built: the signatures are the seam."""

from __future__ import annotations

from gatepost.model.account import Account
from gatepost.model.connection import Connection
from gatepost.model.envelope import Envelope, Receipt


class Intake:
    """Takes messages for local accounts; success means on disk for every recipient."""

    max_message: int
    """Octets; the SIZE that SMTP announces (RFC 1870)."""

    def check_recipient(self, connection: Connection, address: str) -> tuple[Account, ...]:
        """Who gets mail for `address`. Raises NotLocal, NoSuchAccount, BadMailAddress."""
        raise NotImplementedError

    async def take(self, connection: Connection, envelope: Envelope, content: bytes) -> Receipt:
        """Adds Return-Path and Received, runs each recipient's Sieve script, stores. Raises MessageTooLarge,
        MessageRefused (every recipient's script refuses it), OverQuota, StorageUnavailable, Overloaded."""
        raise NotImplementedError
