"""POP3."""

from gatepost.services.pop3.options import Pop3Options
from gatepost.services.pop3.service import Pop3Service

__all__ = ["Pop3Options", "Pop3Service"]
