"""Sieve scripts as their owner keeps them: checked by the compiler that runs them. Stub: the signatures are the seam."""

from __future__ import annotations

from gatepost.model.account import Account


class ScriptDoor:
    """For ManageSieve (and later JMAP Sieve). What it does not offer is `AccountMail`'s own (list, activate, delete...)."""

    extensions: tuple[str, ...]
    """Sieve extensions the compiler knows, for the SIEVE capability."""

    def check(self, content: bytes) -> tuple[str, ...]:
        """Warnings. Raises BadScript."""
        raise NotImplementedError

    async def has_space(self, account: Account, name: str, size: int) -> None:
        """Raises TooManyScripts."""
        raise NotImplementedError

    async def put(self, account: Account, name: str, content: bytes) -> tuple[str, ...]:
        """Checks, then keeps; returns warnings. Raises BadScript, TooManyScripts."""
        raise NotImplementedError
