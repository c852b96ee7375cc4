"""How a command is registered: what runs it, in which state, and whether sequence numbers may change under it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, TypeAlias

import msgspec

from gatepost.proto.imap.render.status import Status
from gatepost.services.imap.context import Context

# The table's key is the command's type, so each function gets what its own signature says.
Run: TypeAlias = Callable[[Context, Any], Awaitable[Status]]


class State(Enum):
    """When a command may come (RFC 9051 §3)."""

    ANY = "any"
    STRANGER = "not authenticated"
    KNOWN = "authenticated"
    SELECTED = "selected"


class Handler(msgspec.Struct, frozen=True):
    """`by_number` marks commands that may not tell of expunges unless they came in their UID form (RFC 9051 §7.5.1)."""

    run: Run
    state: State
    by_number: bool = False

    def may_expunge(self, command: object) -> bool:
        """Whether EXPUNGE may be told at the end of this command."""
        return not self.by_number or bool(getattr(command, "uid", False))
