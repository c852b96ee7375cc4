"""What the server says of itself (RFC 5804 §1.7): one line a capability, computed from what can be had now.

Each entry gives the capability's value ("" for one without), or None where it is not listed on this connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepost.services.managesieve.session import Session


def _sasl(session: Session) -> str | None:
    return " ".join(session.auth.mechanisms(session.wire.connection))


def _starttls(session: Session) -> str | None:
    return "" if session.wire.offers_tls and session.account is None else None


def _owner(session: Session) -> str | None:
    return session.account.email if session.account is not None else None


VALUELESS = frozenset({"STARTTLS", "UNAUTHENTICATE"})
"""All others have a value, though it may be empty."""

CAPABILITIES: tuple[tuple[str, Callable[[Session], str | None]], ...] = (
    ("IMPLEMENTATION", lambda session: "Gatepost"),
    ("VERSION", lambda session: "1.0"),
    ("SASL", _sasl),
    ("SIEVE", lambda session: " ".join(session.scripts.extensions)),
    ("STARTTLS", _starttls),
    ("UNAUTHENTICATE", lambda session: ""),
    ("OWNER", _owner),
)


def offered(session: Session) -> list[tuple[str, ...]]:
    """The lines: name, and value where it has one."""
    lines: list[tuple[str, ...]] = []
    for name, value_of in CAPABILITIES:
        value = value_of(session)
        if value is not None:
            lines.append((name,) if name in VALUELESS else (name, value))
    return lines
