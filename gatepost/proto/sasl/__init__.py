"""SASL mechanisms as the server sees them (RFC 4422): messages read and written, no passwords checked here."""

from __future__ import annotations

from gatepost.proto.sasl.bearer import BearerError, BearerGiven, read_oauthbearer, read_xoauth2
from gatepost.proto.sasl.messages import PasswordGiven, read_login_pair, read_plain
from gatepost.proto.sasl.scram import ScramConversation, ScramFailed

__all__ = [
    "BearerError",
    "BearerGiven",
    "PasswordGiven",
    "ScramConversation",
    "ScramFailed",
    "read_login_pair",
    "read_oauthbearer",
    "read_plain",
    "read_xoauth2",
]
