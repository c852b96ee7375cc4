"""The IMAP service: IMAP4rev2 and IMAP4rev1 (RFC 9051, RFC 3501) over the doors `auth` and `mailbox`."""

from __future__ import annotations

from gatepost.services.imap.options import ImapOptions
from gatepost.services.imap.service import ImapService

__all__ = ["ImapOptions", "ImapService"]
