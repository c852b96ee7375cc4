"""SMTP, MX and submission."""

from gatepost.services.smtp.options import SmtpOptions
from gatepost.services.smtp.service import SmtpService

__all__ = ["SmtpOptions", "SmtpService"]
