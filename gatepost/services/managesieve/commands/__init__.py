"""Commands: a file a subject, a line a command.

A handler returns the reply to send, or None where it sent everything itself or the conversation is over. Domain errors
that it raises are said by `render`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from gatepost.proto.managesieve.commands import (
    Authenticate,
    Capability,
    CheckScript,
    DeleteScript,
    GetScript,
    HaveSpace,
    ListScripts,
    Logout,
    Noop,
    PutScript,
    RenameScript,
    SetActive,
    StartTls,
    Unauthenticate,
)
from gatepost.proto.managesieve.reply import Reply
from gatepost.services.managesieve.commands.scripts import (
    check_script,
    delete_script,
    get_script,
    have_space,
    list_scripts,
    put_script,
    rename_script,
    set_active,
)
from gatepost.services.managesieve.commands.sign_in import authenticate, unauthenticate
from gatepost.services.managesieve.commands.small import capability, logout, noop
from gatepost.services.managesieve.commands.tls import starttls

if TYPE_CHECKING:
    from gatepost.services.managesieve.session import Session

Handler: TypeAlias = "Callable[[Session, Any], Awaitable[Reply | None]]"

HANDLERS: Mapping[type, Handler] = {
    Authenticate: authenticate,
    StartTls: starttls,
    Logout: logout,
    Capability: capability,
    HaveSpace: have_space,
    PutScript: put_script,
    ListScripts: list_scripts,
    SetActive: set_active,
    GetScript: get_script,
    DeleteScript: delete_script,
    RenameScript: rename_script,
    CheckScript: check_script,
    Noop: noop,
    Unauthenticate: unauthenticate,
}

BEFORE_SIGN_IN_ONLY = frozenset({Authenticate, StartTls})
"""Valid in the non-authenticated state only (RFC 5804 §4 command-nonauth)."""

ANY_STATE = frozenset({Capability, Logout, Noop})
"""Valid in every state (command-any); all others once signed in only."""
