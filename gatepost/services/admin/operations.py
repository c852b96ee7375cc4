"""What can be asked of a server by its administrator: a table of named operations with typed arguments.

The same table serves the socket of a running server and the command line on a data folder where no server runs. Results
are plain values for JSON. Errors that an administrator can act on are `Refused`, with one clear sentence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from gatepost.gate import Gate
from gatepost.journal import Journal
from gatepost.mail.app_passwords import AppPasswords
from gatepost.mail.remembered import Remembered
from gatepost.model.errors import GatepostError, NoSuchAccount
from gatepost.model.events import Administered
from gatepost.model.mailaddr import BadMailAddress
from gatepost.net.live import LiveConnections
from gatepost.ports.clock import Clock
from gatepost.ports.directory import Directory
from gatepost.ports.mailstore import Mailstore
from gatepost.ports.passwords import Passwords
from gatepost.services.admin.protocol import Refused

__all__ = ["OPERATIONS", "Administration", "NoArguments", "Refused", "operation"]

Operation = Callable[["Administration", Any], Awaitable[Any]]
Function = TypeVar("Function", bound=Operation)

OPERATIONS: dict[str, tuple[type[msgspec.Struct], Operation]] = {}
"""Name -> (type of its arguments, function). Filled by `operation` as the files in `table` are imported."""


class NoArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For operations that need none."""


def operation(name: str, arguments: type[msgspec.Struct] = NoArguments) -> Callable[[Function], Function]:
    """Puts a function into the table."""

    def register(function: Function) -> Function:
        OPERATIONS[name] = (arguments, function)
        return function

    return register


class Administration:
    """What operations work on. `by` in the journal is the local user who holds the socket's key: its permissions."""

    def __init__(
        self,
        *,
        gate: Gate,
        directory: Directory,
        store: Mailstore,
        passwords: Passwords,
        remembered: Remembered,
        app_passwords: AppPasswords,
        live: LiveConnections,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self.gate, self.directory, self.store, self.passwords = gate, directory, store, passwords
        self.remembered, self.app_passwords, self.live = remembered, app_passwords, live
        self.journal, self.clock = journal, clock
        self.uploads: dict[str, bytearray] = {}
        """Pieces of a large message that is being brought in, by account's email."""
        self.listening: list[dict[str, Any]] = []
        """What a running server listens on: door, host, port, proxy_protocol, passwords_need_tls."""

    async def call(self, name: str, arguments: object) -> Any:
        """Runs one operation. Raises Refused."""
        if name not in OPERATIONS:
            raise Refused(f"there is no operation {name!r}")
        kind, function = OPERATIONS[name]
        try:
            typed = msgspec.convert(arguments, kind)
        except msgspec.ValidationError as error:
            raise Refused(f"{name}: {error}") from error
        try:
            return msgspec.to_builtins(await function(self, typed))
        except NoSuchAccount as error:
            raise Refused(f"there is no account {error}") from error
        except (GatepostError, BadMailAddress) as error:
            raise Refused(str(error) or type(error).__name__) from error

    def note(self, what: str, subject: str) -> None:
        """Into the journal: who changed what is always known."""
        self.journal.note(Administered(at=self.clock.now(), operation=what, subject=subject, by="command line"))
