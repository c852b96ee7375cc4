"""What EHLO offers (RFC 5321 §4.1.1.1): one line a keyword, computed from what can be had now.

Each entry gives the keyword's parameters ("" for none), or None where it is not offered on this connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepost.services.smtp.session import Session


def _always(session: Session) -> str | None:
    return ""


def _size(session: Session) -> str | None:
    return str(session.doors.max_message)


def _starttls(session: Session) -> str | None:
    return "" if session.wire.offers_tls and session.account is None else None


def _auth(session: Session) -> str | None:
    # RFC 4954 §4: no second AUTH; nothing is offered where a password could be overheard
    return " ".join(session.mechanisms) or None if session.account is None else None


EXTENSIONS: tuple[tuple[str, Callable[[Session], str | None]], ...] = (
    ("PIPELINING", _always),  # RFC 2920
    ("SIZE", _size),  # RFC 1870
    ("8BITMIME", _always),  # RFC 6152
    ("SMTPUTF8", _always),  # RFC 6531
    ("ENHANCEDSTATUSCODES", _always),  # RFC 2034
    ("CHUNKING", _always),  # RFC 3030 §2; BINARYMIME is left out
    ("STARTTLS", _starttls),  # RFC 3207
    ("AUTH", _auth),  # RFC 4954
)


def offered(session: Session) -> list[str]:
    """EHLO's lines after the first."""
    lines = []
    for keyword, parameters_of in EXTENSIONS:
        parameters = parameters_of(session)
        if parameters is not None:
            lines.append(f"{keyword} {parameters}" if parameters else keyword)
    return lines
