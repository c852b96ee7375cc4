"""Sieve scripts as their owner keeps them: checked by the compiler that runs them, within the account's space."""

from __future__ import annotations

import asyncio

from gatepost.mail.mailbox import MailboxDoor
from gatepost.model.account import Account
from gatepost.model.errors import TooManyScripts
from gatepost.model.mail import Script
from gatepost.proto.sieve import EXTENSIONS, Limits, compile_script

INLINE = 8 * 1024
"""Octets of a script that is compiled on the event loop when it is kept; larger ones may take a tenth of a second."""


class ScriptDoor:
    """For ManageSieve (and later JMAP Sieve). What it does not offer is `AccountMail`'s own (list, activate, delete...).
    `max_script_size` in octets."""

    extensions: tuple[str, ...] = EXTENSIONS
    """Sieve extensions the compiler knows, for the SIEVE capability."""

    def __init__(self, store: MailboxDoor, max_script_size: int, max_scripts: int) -> None:
        self._store = store
        self._max_size, self._max_scripts = max_script_size, max_scripts
        self._limits = Limits(script=max_script_size)

    def check(self, content: bytes) -> tuple[str, ...]:
        """Warnings. Raises BadScript."""
        program = compile_script(content, self._limits)
        if "redirect" in program.words:
            return ("redirect works for addresses of this server only; mail for others is kept in INBOX",)
        return ()

    async def has_space(self, account: Account, name: str, size: int) -> None:
        """Raises TooManyScripts."""
        self._require_space(await self._store.open(account).scripts(), name, size)

    async def put(self, account: Account, name: str, content: bytes) -> tuple[str, ...]:
        """Checks, then keeps; returns warnings. Raises BadScript, TooManyScripts."""
        mail = self._store.open(account)
        self._require_space(await mail.scripts(), name, len(content))
        warnings = self.check(content) if len(content) <= INLINE else await asyncio.to_thread(self.check, content)
        await mail.put_script(name, content)
        return warnings

    def _require_space(self, scripts: tuple[Script, ...], name: str, size: int) -> None:
        if size > self._max_size:
            raise TooManyScripts(f"a script has at most {self._max_size} octets")
        if len([script for script in scripts if script.name != name]) >= self._max_scripts:
            raise TooManyScripts(f"there is room for {self._max_scripts} scripts")
