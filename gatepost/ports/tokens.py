"""Access tokens of an OAuth provider, told right from wrong without asking it."""

from __future__ import annotations

from typing import Protocol

from gatepost.model.secret import Secret


class AccessTokens(Protocol):
    """`scope` and `configuration` (a URL) tell a client whose token was not taken what to ask for and where
    (RFC 7628 §3.2.2); "" for nothing to tell."""

    scope: str
    configuration: str

    def subject(self, token: Secret) -> str | None:
        """Whose login the provider says the bearer has, or None where the token is made up, expired, or not for us.
        Microseconds; never raises."""
        ...
