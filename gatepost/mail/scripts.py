"""Sieve scripts as their owner keeps them: checked by the compiler that runs them, within the account's space."""

from __future__ import annotations

import asyncio

from gatepost.mail.mailbox import MailboxDoor
from gatepost.mail.strangers import Strangers
from gatepost.model.account import Account
from gatepost.model.address import Address
from gatepost.model.errors import BadScript, TooManyScripts
from gatepost.model.mail import Script
from gatepost.proto.sieve import EXTENSIONS, Limits, compile_script

INLINE = 8 * 1024
"""Octets of a script that is compiled on the event loop when it is kept; larger ones may take a tenth of a second."""


class ScriptDoor:
    """For ManageSieve (and later JMAP Sieve). What it does not offer is `AccountMail`'s own (list, rename, delete...).
    `max_script_size` in octets."""

    extensions: tuple[str, ...] = EXTENSIONS
    """Sieve extensions the compiler knows, for the SIEVE capability."""

    def __init__(
        self, store: MailboxDoor, max_script_size: int, max_scripts: int, strangers: Strangers | None = None
    ) -> None:
        self._store, self._strangers = store, strangers
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

    async def put(self, account: Account, name: str, content: bytes, client: Address | None = None) -> tuple[str, ...]:
        """Checks, then keeps; returns warnings. `client` is who puts it. Raises BadScript, TooManyScripts, HeldBack."""
        mail = self._store.open(account)
        scripts = await mail.scripts()
        self._require_space(scripts, name, len(content))
        warnings = self.check(content) if len(content) <= INLINE else await asyncio.to_thread(self.check, content)
        if all(script.content != content for script in scripts):
            await self._require_no_redirect(account, content, client)
        await mail.put_script(name, content)
        return warnings

    async def activate(self, account: Account, name: str, client: Address | None = None) -> None:
        """Makes it the one that runs; the empty name: none. Raises NoSuchScript, HeldBack."""
        mail = self._store.open(account)
        for script in await mail.scripts():
            if script.name == name and not script.active:
                await self._require_no_redirect(account, script.content, client)
        await mail.activate_script(name)

    async def _require_no_redirect(self, account: Account, content: bytes, client: Address | None) -> None:
        """Whoever has just come from a strange network must not lead the account's mail elsewhere (strangers.py)."""
        if self._strangers is None or client is None or not self._strangers.hold(account, client):
            return
        try:
            program = await asyncio.to_thread(compile_script, content, self._limits)
        except BadScript:
            return  # it was kept under other limits, and will not run
        if "redirect" in program.words:
            self._strangers.check_redirect(account, client)

    def _require_space(self, scripts: tuple[Script, ...], name: str, size: int) -> None:
        if size > self._max_size:
            raise TooManyScripts(f"a script has at most {self._max_size} octets")
        if len([script for script in scripts if script.name != name]) >= self._max_scripts:
            raise TooManyScripts(f"there is room for {self._max_scripts} scripts")
