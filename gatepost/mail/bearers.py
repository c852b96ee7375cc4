"""Whose secret it is: app passwords, and access tokens where a provider is set up. The secret alone names its owner.

Not here: whether it may be looked at, and what that counts (`auth`).
"""

from __future__ import annotations

import msgspec

from gatepost.mail.app_passwords import AppPasswords
from gatepost.model.account import Account, Login
from gatepost.model.secret import Secret
from gatepost.ports.directory import Directory
from gatepost.ports.tokens import AccessTokens


class Found(msgspec.Struct, frozen=True):
    """An account, and by what: `app:NAME` or `token`."""

    account: Account
    credential: str


class Bearers:
    """`tokens` is None where no provider is set up."""

    def __init__(self, directory: Directory, app_passwords: AppPasswords, tokens: AccessTokens | None) -> None:
        self._directory, self._app_passwords, self.tokens = directory, app_passwords, tokens

    def is_app_password(self, secret: Secret) -> bool:
        """By its looks."""
        return self._app_passwords.matches_form(secret)

    def owner(self, login: Login, secret: Secret, at: float) -> Found | str:
        """The owner, or why there is none, for the log. `login` with an empty key: the client named nobody."""
        if self.is_app_password(secret):
            found = self._by_app_password(secret)
        else:
            found = self._by_token(secret)
        if found is None or (login.key and login.account != found.account.id):
            return "app-password" if login.key else "token"
        if found.account.disabled:
            return "disabled"
        if found.credential.startswith("app:"):
            self._directory.note_app_password_used(found.account.id, found.credential.removeprefix("app:"), at)
        return found

    def _by_app_password(self, secret: Secret) -> Found | None:
        digest = self._app_passwords.digest(secret)
        row = self._directory.app_password(digest) if digest is not None else None
        account = self._directory.account(row[0]) if row is not None else None
        return None if row is None or account is None else Found(account, f"app:{row[1]}")

    def _by_token(self, secret: Secret) -> Found | None:
        subject = self.tokens.subject(secret) if self.tokens is not None else None
        number = self._directory.login(subject).account if subject is not None else None
        account = self._directory.account(number) if number is not None else None
        return None if account is None else Found(account, "token")
