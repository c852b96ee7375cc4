"""What CAPA lists (RFC 2449 §6): one line a tag, computed from what can be had now.

Each entry gives the tag's parameters ("" for none), or None where it is not offered on this connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepost.services.pop3.session import Session


def _always(session: Session) -> str | None:
    return ""


def _user(session: Session) -> str | None:
    return "" if session.auth.allows_passwords(session.wire.connection) else None


def _sasl(session: Session) -> str | None:
    return " ".join(session.auth.mechanisms(session.wire.connection)) or None


def _stls(session: Session) -> str | None:
    return "" if session.wire.offers_tls and session.maildrop is None else None  # RFC 2595 §4


CAPABILITIES: tuple[tuple[str, Callable[[Session], str | None]], ...] = (
    ("TOP", _always),
    ("UIDL", _always),
    ("USER", _user),
    ("SASL", _sasl),  # RFC 5034
    ("STLS", _stls),
    ("RESP-CODES", _always),
    ("AUTH-RESP-CODE", _always),  # RFC 3206
    ("PIPELINING", _always),
    ("UTF8", lambda session: "USER"),  # RFC 6856 §2
    ("LANG", _always),  # RFC 6856 §3
    ("EXPIRE", lambda session: "NEVER"),
    ("IMPLEMENTATION", lambda session: "Gatepost"),
)


def offered(session: Session) -> list[bytes]:
    """The lines."""
    lines = []
    for tag, parameters_of in CAPABILITIES:
        parameters = parameters_of(session)
        if parameters is not None:
            lines.append(f"{tag} {parameters}".rstrip(" ").encode("ascii"))
    return lines
